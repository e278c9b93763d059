"""Who works for the company: guards, those who lead them, and the desks behind them.

Guards come first, numbered by site and then as `rotas` deals them out to crews, relief last;
then supervisors, area officers, controllers and the rest. Traits are hidden: they decide how
somebody behaves and never reach an event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US, WorldConfig
from vigia.simulator.draws import Floats, Ints, Stream
from vigia.simulator.world import model
from vigia.simulator.world.rotas import Lines

GUARDS_PER_SUPERVISOR = 15
"""At most (Private Security Agencies Central Model Rules 2020, rule 9)."""
SUPERVISORS_PER_OFFICER = 6
SITES_PER_CONTROLLER_SHIFT = 40
CREWS_ROUND_THE_CLOCK = 5
SITES_PER_TECHNICIAN = 12
LONGEST_TENURE_DAYS = 5_000
_EPOCH = date(1970, 1, 1)
_LETTERS = "ABCDEFGHIJKLMNOPRSTUVWYZ"

PERSONAS = (
    # share, punctuality, diligence, honesty, phone care, experience
    (0.62, 0.72, 0.75, 0.88, 0.70, 0.60),
    (0.17, 0.90, 0.92, 0.96, 0.90, 0.80),
    (0.12, 0.45, 0.50, 0.75, 0.40, 0.40),
    (0.06, 0.60, 0.60, 0.80, 0.55, 0.12),
    (0.03, 0.50, 0.45, 0.15, 0.50, 0.55),
)
"""Steady, exemplary, careless, new, crooked: the middle of each trait."""
_SPREAD = 0.12


@dataclass(frozen=True, slots=True)
class _Staff:
    """People of one role: tenant, region, home site and supervisor, -1 where there is none."""

    role: str
    tenant: Ints
    region: Ints
    home: Ints


def people(
    config: WorldConfig, site: pl.DataFrame, client: pl.DataFrame, line: Lines
) -> pl.DataFrame:
    """Everybody, with who leads whom."""
    names, place = np.unique(site["region"].to_numpy(), return_inverse=True)
    tenant = site["tenant"].to_numpy()
    groups = _groups(tenant, place.astype(np.int64), client, line)
    count = [len(g.tenant) for g in groups]
    role = np.repeat([g.role for g in groups], count)
    number = np.arange(len(role))
    region = np.concatenate([g.region for g in groups])
    traits = _traits(config.seed, number)
    return pl.DataFrame(
        {
            "person": number,
            "code": [f"G{n + 1:05d}" for n in number],
            "tenant": np.concatenate([g.tenant for g in groups]),
            "initials": _initials(config.seed, number),
            "role": role,
            "home_site": np.concatenate([g.home for g in groups]),
            "supervisor": _leaders(groups),
            "region": np.where(region < 0, "", names[region]),
            "hired_on": _hired(config, number, traits[4]),
            "punctuality": traits[0],
            "diligence": traits[1],
            "honesty": traits[2],
            "phone_care": traits[3],
            "experience": traits[4],
        },
        schema=model.PEOPLE,
    )


def _groups(tenant: Ints, place: Ints, client: pl.DataFrame, line: Lines) -> list[_Staff]:
    """Everybody by role, in the order of their numbers."""
    home = np.repeat(np.arange(len(tenant)), line.staff)
    guards = _Staff("guard", tenant[home], place[home], home)
    supervisors = _one_per(guards, "supervisor", GUARDS_PER_SUPERVISOR)
    officers = _one_per(supervisors, "area_officer", SUPERVISORS_PER_OFFICER)
    sites = _Staff("site", tenant, place, np.full(len(tenant), -1))
    technicians = _one_per(sites, "technician", SITES_PER_TECHNICIAN)
    managers = _one_per(sites, "ops_manager", len(tenant))
    companies = np.unique(tenant)
    shifts = -(-np.bincount(tenant) // SITES_PER_CONTROLLER_SHIFT)
    contacts = client["tenant"].to_numpy()
    return [
        guards,
        supervisors,
        officers,
        _central("controller", np.repeat(companies, CREWS_ROUND_THE_CLOCK * shifts)),
        technicians,
        _central("logistics", np.repeat(companies, 1 + shifts)),
        _central("compliance", companies),
        managers,
        _central("senior_manager", np.repeat(companies, 2)),
        _central("client_contact", contacts),
    ]


def _central(role: str, tenant: Ints) -> _Staff:
    """People of the head office, or of a client."""
    nowhere = np.full(len(tenant), -1)
    return _Staff(role, tenant, nowhere, nowhere)


def _one_per(led: _Staff, role: str, most: int) -> _Staff:
    """As few leaders as lead at most so many each, by company and region."""
    _, first, count = np.unique(
        np.stack([led.tenant, led.region]), axis=1, return_index=True, return_counts=True
    )
    group = np.repeat(first, -(-count // most))
    nowhere = np.full(len(group), -1)
    return _Staff(role, led.tenant[group], led.region[group], nowhere)


def _leaders(groups: list[_Staff]) -> Ints:
    """Number of each person's superior."""
    by_role = {g.role: g for g in groups}
    first: dict[str, int] = {}
    for g in groups:
        first[g.role] = sum(len(by_role[r].tenant) for r in first)
    above = {
        "guard": "supervisor",
        "supervisor": "area_officer",
        "area_officer": "ops_manager",
        "technician": "ops_manager",
        "ops_manager": "senior_manager",
        "controller": "senior_manager",
        "logistics": "senior_manager",
        "compliance": "senior_manager",
    }
    found = []
    for g in groups:
        leader = by_role.get(above.get(g.role, ""))
        if leader is None:
            found.append(np.full(len(g.tenant), -1))
        else:
            found.append(first[leader.role] + _shared_out(g, leader))
    return np.concatenate(found)


def _shared_out(led: _Staff, leader: _Staff) -> Ints:
    """Position of each one's leader: neighbours together, groups of equal size."""
    place = led.region if (leader.region >= 0).all() else np.zeros_like(led.region)
    over = leader.region if (leader.region >= 0).all() else np.zeros_like(leader.region)
    key, other = led.tenant * 1_000 + place, leader.tenant * 1_000 + over
    order = np.argsort(key, kind="stable")
    rank = np.empty_like(key)
    rank[order] = np.arange(len(key)) - np.searchsorted(key[order], key[order])
    size = np.bincount(key)[key]
    leaders = np.bincount(other, minlength=int(key.max()) + 1)[key]
    by_group = np.argsort(other, kind="stable")
    first = np.searchsorted(other[by_group], key)
    position: Ints = by_group[first + rank * leaders // size]
    return position


def _traits(seed: int, number: Ints) -> list[Floats]:
    """Five traits a person, around those of the person's persona."""
    draw = Stream(seed, "person.trait")
    persona = draw.choice([p[0] for p in PERSONAS], number, 0)
    middle = np.array([p[1:] for p in PERSONAS])[persona]
    return [
        np.round((middle[:, t] + _SPREAD * draw.normal(number, 1 + t)).clip(0.02, 0.98), 3)
        for t in range(5)
    ]


def _hired(config: WorldConfig, number: Ints, experience: Floats) -> list[date]:
    """First day of work: guards change often, so half have stayed less than a year or so."""
    days = Stream(config.seed, "person.tenure").lognormal(60 + 700 * experience, 0.6, number)
    first = _EPOCH + timedelta(days=config.start_us // DAY_US)
    return [first - timedelta(days=int(d)) for d in np.clip(days, 15, LONGEST_TENURE_DAYS)]


def _initials(seed: int, number: Ints) -> list[str]:
    draw = Stream(seed, "person.initials").integers(len(_LETTERS), number[:, None], [0, 1])
    return [_LETTERS[a] + _LETTERS[b] for a, b in draw]
