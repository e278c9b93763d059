"""Where the company works: tenants, clients, sites, their calendars, holidays and zones.

Sites are drawn in layers, so that small worlds are as mixed as large ones: kinds and sizes are
spread evenly over their distributions and then dealt out at random.
"""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import polars as pl

from vigia.simulator.config import ARCHETYPES, DAY_US, WorldConfig
from vigia.simulator.draws import Floats, Ints, Stream
from vigia.simulator.world import model
from vigia.simulator.world.archetypes import ARCHETYPE, Archetype, open_weekdays
from vigia.simulator.world.clock import weekday
from vigia.simulator.world.holidays import public_holidays
from vigia.simulator.world.regions import Region, regions_for

SITES_PER_CLIENT = 16
FEWEST_CLIENTS = 3
SITES_PER_DISTRICT = 3
BUFFER_M = 50.0
METRES_PER_DEGREE = 111_195.0
_EPOCH = date(1970, 1, 1)

_COMPANIES = (
    ("sentinel", "Sentinel Guarding", "IN", "Asia/Kolkata"),
    ("aegis", "Aegis Protection", "ES", "Europe/Madrid"),
    ("bastion", "Bastion Security", "US", "America/Chicago"),
    ("harbour", "Harbour Watch", "AE", "Asia/Dubai"),
)
_CLIENTS = (
    "Northgate", "Alder & Finch", "Solara", "Meridian", "Kestrel", "Bluestone", "Castellan",
    "Orchard Row", "Tideway", "Hollins", "Quayside", "Greenmark",
)  # fmt: skip
_DISTRICTS = ("Harbour", "Old Town", "Riverside", "Airport Road", "Hillside", "Lakefront", "Mills")
_NOUNS = {
    "office": "Offices",
    "warehouse": "Depot",
    "hospital": "Hospital",
    "mall": "Mall",
    "construction": "Works",
    "residential": "Residences",
    "bank_atm": "Bank",
    "data_centre": "Data Centre",
    "factory": "Plant",
    "campus": "Campus",
    "event": "Arena",
}
_TIERS = ("basic", "standard", "premium", "vip")
_GROUNDS = ("open", "urban", "canyon")
_NO_PUBLIC_HOLIDAYS = ("event",)


def tenants(config: WorldConfig) -> pl.DataFrame:
    """The guarding companies."""
    rows = [
        (number, *(_COMPANIES[number] if number < len(_COMPANIES) else _company(number)))
        for number in range(config.tenants)
    ]
    return pl.DataFrame(rows, schema=model.TENANTS, orient="row")


def _company(number: int) -> tuple[str, str, str, str]:
    _, _, country, tz = _COMPANIES[number % len(_COMPANIES)]
    return f"guards-{number + 1}", f"Guards {number + 1}", country, tz


def clients(config: WorldConfig) -> pl.DataFrame:
    """The companies' clients, at least three a company that has as many sites."""
    rows = []
    for tenant in range(config.tenants):
        sites = len(range(tenant, config.sites, config.tenants))
        wanted = max(min(FEWEST_CLIENTS, sites), round(sites / SITES_PER_CLIENT))
        rows += [(tenant, sites)] * wanted
    number = np.arange(len(rows))
    tier = Stream(config.seed, "client.tier").choice((0.2, 0.45, 0.25, 0.1), number)
    return pl.DataFrame(
        {
            "client": number,
            "code": [f"C{n + 1:03d}" for n in number],
            "tenant": [tenant for tenant, _ in rows],
            "name": [_client_name(int(n)) for n in number],
            "tier": [_TIERS[t] for t in tier],
        },
        schema=model.CLIENTS,
    )


def _client_name(number: int) -> str:
    again, place = divmod(number, len(_CLIENTS))
    return _CLIENTS[place] + (f" {again + 1}" if again else "")


def sites(config: WorldConfig, client: pl.DataFrame) -> pl.DataFrame:
    """The guarded sites; `calendar` is the site's own, of the same number."""
    number = np.arange(config.sites)
    tenant = number % config.tenants
    draw = Stream(config.seed, "site")
    regions, region = _regions(config, number)
    district = _districts(region)
    kinds = _archetypes(config)
    kind = [ARCHETYPE[k] for k in kinds]
    east, north = _position(config, region, district)
    spread = np.cos(np.radians([r.lat for r in regions]))
    risk = np.clip(np.rint([k.risk + 0.2 for k in kind] + 0.8 * draw.normal(number, 1)), 1, 5)
    ground = [
        _GROUNDS[int(draw.choice(k.grounds, n, 2))] for n, k in zip(number, kind, strict=True)
    ]
    radius = draw.lognormal([k.radius_m for k in kind], 0.15, number, 3)
    return pl.DataFrame(
        {
            "site": number,
            "code": [f"S{n + 1:04d}" for n in number],
            "tenant": tenant,
            "client": _clients_of(config, tenant, client),
            "calendar": number,
            "name": _names(kinds, regions, district, number),
            "archetype": kinds,
            "lat": np.round([r.lat for r in regions] + north / METRES_PER_DEGREE, 6),
            "lon": np.round([r.lon for r in regions] + east / METRES_PER_DEGREE / spread, 6),
            "tz": [r.tz for r in regions],
            "region": [r.code for r in regions],
            "network_operator": _operators(regions, region),
            "power_feeder": [
                f"{r.code[3:]}-F{d + 1:02d}" for r, d in zip(regions, district, strict=True)
            ],
            "risk_tier": risk.astype(np.int64),
            "criticality": np.clip(risk + draw.integers(3, number, 4) - 1, 1, 5).astype(np.int64),
            "gps_expectation": _expectations(config, kind, ground),
            "environment": ground,
            "fence_radius_m": np.clip(np.rint(radius / 5) * 5, 80.0, 350.0),
            "buffer_m": BUFFER_M,
            "round_the_clock": draw.chance([k.round_the_clock for k in kind], number, 5),
            "has_kiosk": draw.chance([k.kiosk for k in kind], number, 6),
            "has_access_control": draw.chance([k.doors for k in kind], number, 7),
        },
        schema=model.SITES,
    )


def _regions(config: WorldConfig, number: Ints) -> tuple[list[Region], Ints]:
    """Each site's region; every company works in the same ones."""
    known = regions_for(-(-config.sites // config.tenants))
    place = number // config.tenants % len(known)
    return [known[p] for p in place], place


def _rank_within(group: Ints) -> Ints:
    """How many earlier rows have the same group."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], group[order])
    rank = np.empty_like(group)
    rank[order] = np.arange(len(group)) - first
    return rank


def _districts(region: Ints) -> Ints:
    """Each site's district: a few neighbours, who share a power feeder."""
    return _rank_within(region) // SITES_PER_DISTRICT


def _position(config: WorldConfig, region: Ints, district: Ints) -> tuple[Floats, Floats]:
    """Metres east and north of the region's centre."""
    draw = Stream(config.seed, "site.position")
    away = 5_000 * np.stack([draw.normal(region, district, axis) for axis in (0, 1)])
    number = np.arange(len(region))
    near = 700 * np.stack([draw.normal(number, -1, axis) for axis in (0, 1)])
    east, north = away + near
    return east, north


def _archetypes(config: WorldConfig) -> list[str]:
    """Each site's kind: as many of each as its share says, dealt out at random."""
    known = [name for name in ARCHETYPES if name in (config.archetypes or ARCHETYPES)]
    edges = np.cumsum([ARCHETYPE[name].share for name in known])
    draw = Stream(config.seed, "site.archetype")
    level = (np.arange(config.sites) + draw.uniform(0)) / config.sites
    dealt = np.argsort(draw.uniform(1, np.arange(config.sites)), kind="stable")
    found = np.searchsorted(edges / edges[-1], level, side="right")[dealt]
    return [known[min(int(f), len(known) - 1)] for f in found]


def _operators(regions: list[Region], region: Ints) -> list[str]:
    """Each site's mobile operator: neighbours mostly have the same."""
    rank = _rank_within(region)
    count = np.bincount(region)[region]
    share = np.array([r.operators[0][1] for r in regions])
    first = rank < np.maximum(np.rint(share * count), 1)
    return [r.operators[0 if f else 1][0] for r, f in zip(regions, first, strict=True)]


def _clients_of(config: WorldConfig, tenant: Ints, client: pl.DataFrame) -> Ints:
    counts = np.bincount(client["tenant"].to_numpy(), minlength=config.tenants)
    first = np.cumsum(counts) - counts
    number = np.arange(config.sites)
    turn = number // config.tenants
    drawn = Stream(config.seed, "site.client").integers(counts[tenant], number)
    # Every client has a site: the first ones are dealt out in turn.
    own: Ints = first[tenant] + np.where(turn < counts[tenant], turn, drawn)
    return own


def _names(kinds: list[str], regions: list[Region], district: Ints, number: Ints) -> list[str]:
    return [
        f"{_DISTRICTS[d % len(_DISTRICTS)]} {_NOUNS[k]} {r.code[3:].title()} {n + 1}"
        for k, r, d, n in zip(kinds, regions, district, number, strict=True)
    ]


def _expectations(config: WorldConfig, kinds: list[Archetype], ground: list[str]) -> list[str]:
    draw = Stream(config.seed, "site.gps").uniform(np.arange(len(kinds)))
    indoor = [k.indoor + config.knobs.indoor for k in kinds]
    return [
        "none" if i > 0.7 and g == "canyon"
        else "degraded" if g == "canyon" or (i > 0.6 and u < 0.5) or (g == "urban" and u < 0.2)
        else "good"
        for i, g, u in zip(indoor, ground, draw, strict=True)
    ]  # fmt: skip


def calendars(site: pl.DataFrame) -> pl.DataFrame:
    """One business calendar a site."""
    return site.select(
        pl.col("site").alias("calendar"),
        ("K" + pl.col("code").str.slice(1)).alias("code"),
        "tenant",
        "tz",
        pl.col("archetype")
        .replace_strict({name: _hours(a) for name, a in ARCHETYPE.items()}, return_dtype=pl.String)
        .alias("hours"),
    ).cast(model.CALENDARS)


def _hours(archetype: Archetype) -> str:
    stretch = [f"{archetype.opens:02d}:00", f"{archetype.closes:02d}:00"]
    return json.dumps({str(day): [stretch] for day in open_weekdays(archetype)})


def holidays(config: WorldConfig, site: pl.DataFrame, regions: list[Region]) -> pl.DataFrame:
    """Public holidays, and days on which a client closes a site; one row a calendar and day."""
    first = _EPOCH + timedelta(days=config.start_us // DAY_US)
    span = first - timedelta(days=60), first + timedelta(days=config.days + 60)
    rows = [
        (number, day, name, "public")
        for number, kind, region in zip(site["site"], site["archetype"], regions, strict=True)
        if kind not in _NO_PUBLIC_HOLIDAYS
        for day, name in public_holidays(region.country, *span)
    ]
    public = pl.DataFrame(rows, schema=model.HOLIDAYS, orient="row")
    closures = pl.DataFrame(_closures(config, site), schema=model.HOLIDAYS, orient="row")
    both = pl.concat([public, closures])
    return both.unique(["calendar", "holiday_on"], keep="first").sort("calendar", "holiday_on")


def _closures(config: WorldConfig, site: pl.DataFrame) -> list[tuple[int, date, str, str]]:
    """Days on which a client closes; more often where the site closes at night anyway."""
    draw = Stream(config.seed, "site.closure")
    number = site["site"].to_numpy()[:, None]
    day = (config.start_us // DAY_US + np.arange(-2, config.days + 14))[None, :]
    often = np.where(site["round_the_clock"].to_numpy(), 0.004, 0.02)[:, None]
    hit = draw.chance(often, number, day, 0) & (weekday(day) < 6)
    what = draw.choice((0.5, 0.3, 0.2), number, day, 1)
    kinds = (("Client day", "client"), ("Closed", "closed"), ("Half day", "half_day"))
    return [
        (int(s), _EPOCH + timedelta(days=int(day[0, d])), *kinds[what[s, d]])
        for s, d in zip(*np.nonzero(hit), strict=True)
    ]


def zones(config: WorldConfig, site: pl.DataFrame) -> pl.DataFrame:
    """The parts of each site: the ground outside, and what is under a roof."""
    draw = Stream(config.seed, "zone")
    rows: list[tuple[int, str, int, str, bool, int]] = []
    for number, code, kind in site.select("site", "code", "archetype").iter_rows():
        parts = [("Grounds", False, 0), ("Main building", True, 0)]
        if draw.chance(ARCHETYPE[kind].indoor, number, 0):
            parts.append(("Upper floors", True, 1 + int(draw.integers(8, number, 1))))
        if draw.chance(0.5 * ARCHETYPE[kind].indoor, number, 2):
            parts.append(("Basement", True, -1))
        rows += [(len(rows) + i, f"{code}-Z{i + 1}", number, *part) for i, part in enumerate(parts)]
    return pl.DataFrame(rows, schema=model.ZONES, orient="row")
