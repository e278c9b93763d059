"""Episodes of a site or of several: K01, K03, K08, K10, K11 and K12.

Belongs here: which sites can have them, when, and by which effects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from vigia.simulator.draws import Floats, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.plan.kinds import Claim, Doing, Kind
from vigia.simulator.plan.scene import (
    HOUR_US,
    MINUTE_US,
    Scene,
    candidates,
    chosen,
    no_choice,
    rows,
    stretched,
)

REPORTS_BY_ITSELF = ("data_centre", "factory", "hospital")
"""Kinds of sites whose equipment sends readings, with or without people."""
BESIDE_DARK = 0.08
TASK_MIN = 10
"""What a task takes, about; a shortage needs more work than the people who are there can do."""


def anywhere(
    scene: Scene, name: str, trial: int, each: int, minutes: tuple[float, float]
) -> pl.DataFrame:
    """Intervals in the test span, `each` a site, with the number of people there in the middle."""
    config, sites = scene.world.config, scene.world.sites
    number = np.repeat(sites["site"].to_numpy(), each)
    key = np.tile(np.arange(each), sites.height) + trial * each
    stream = scene.stream(name)
    length = stream.uniform(number, key, 0, low=minutes[0], high=minutes[1]) * MINUTE_US
    free = config.end_us - config.test_us - length - 2 * HOUR_US
    start = config.test_us + HOUR_US + (stream.uniform(number, key, 1) * free).astype(np.int64)
    frame = pl.DataFrame({"site": number, "from_us": start, "key": key})
    frame = frame.with_columns(to_us=pl.col("from_us") + pl.Series(length.astype(np.int64)))
    here = scene.presence.at(number, (start + length / 2).astype(np.int64))
    frame = frame.filter(pl.Series(free > 0))
    here = here[free > 0]
    return frame.with_columns(present=pl.Series(here)).join(
        sites, on="site", how="left", maintain_order="left"
    )


def manned(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """Only those in which somebody is there at start, middle and end."""
    site = frame["site"].to_numpy()
    here = [scene.presence.at(site, frame[n].to_numpy()) > 0 for n in ("from_us", "to_us")]
    return frame.filter(pl.Series(here[0] & here[1]) & (pl.col("present") > 0))


def silent_site(scene: Scene, trial: int) -> pl.DataFrame:
    """K01: a manned site of which nothing at all arrives for an hour and more."""
    stream = scene.stream("K01")
    frame = stretched(scene.planned, stream, trial, (110.0, 0.35, 82.0, 240.0))
    frame = chosen(frame, stream, trial, {"network": 0.35, "nobody_acts": 0.35, "dark": 0.3})
    middle = (frame["from_us"] + frame["to_us"]).to_numpy() // 2
    alone = pl.Series(scene.presence.at(frame["site"].to_numpy(), middle) == 1)
    # Where doors or equipment report by themselves, dead phones do not make a site silent; such
    # sites with one guard are few, so fewer of the others are offered beside them.
    instruments = pl.col("has_access_control") | pl.col("archetype").is_in(REPORTS_BY_ITSELF)
    possible = alone & ~instruments
    kept = pl.Series(stream.chance(BESIDE_DARK, frame["duty"].to_numpy(), trial, 3))
    dark = pl.col("subtype") == "dark"
    return candidates(frame.filter(pl.when(dark).then(possible).otherwise(kept)))


def _silence(picks: pl.DataFrame, scene: Scene) -> Sequence[pl.DataFrame]:
    network, dark, nobody = (
        picks.filter(pl.col("subtype") == name) for name in ("network", "dark", "nobody_acts")
    )
    present = scene.planned.select("site", "arrives_us", "leaves_us", dead="device")
    present = dark.join(present, on="site").filter(
        (pl.col("arrives_us") < pl.col("to_us")) & (pl.col("leaves_us") > pl.col("from_us"))
    )
    fixed = scene.world.devices.filter(pl.col("kind") != "phone").select("site", dead="device")
    return (
        rows(network, Effect.NETWORK_DOWN, "site"),
        rows(nobody, Effect.SILENCE, "site"),
        rows(present.filter(pl.col("dead") >= 0), Effect.DARK, "dead"),
        rows(dark.join(fixed, on="site"), Effect.DARK, "dead"),
    )


def sla_storm(scene: Scene, trial: int) -> pl.DataFrame:
    """K03: tasks overdue, tours not walked, alerts without end, all at once."""
    frame = manned(anywhere(scene, "K03", trial, 24, (170.0, 260.0)), scene)
    return candidates(frame.filter(busy(frame, scene, 90)), value=9.0 + pl.col("key") % 5)


def busy(frame: pl.DataFrame, scene: Scene, until_min: int) -> pl.Series:
    """In which of them enough tours are due together, some minutes after the start at the latest."""
    site, start = frame["site"].to_numpy(), frame["from_us"].to_numpy()
    # A late tour counts for about so long, and three must be late at once.
    together = 75 * MINUTE_US
    due = [
        scene.tours_due.between(site, start + after, start + after + together)
        for after in range(0, until_min * MINUTE_US, 15 * MINUTE_US)
    ]
    return pl.Series(np.max(due, axis=0) >= 4)


def _storm(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    return (
        rows(picks, Effect.TASK_BACKLOG, "site", value=pl.col("value")),
        rows(picks, Effect.TOURS_DELAYED, "site"),
        rows(picks, Effect.ALERT_SURGE, "site", value=2.5 * pl.col("value")),
    )


def resource_shortage(scene: Scene, trial: int) -> pl.DataFrame:
    """K08: more work is due than the people who are there can do, and it is left lying."""
    frame = manned(anywhere(scene, "K08", trial, 12, (100.0, 190.0)), scene)
    frame = frame.filter(pl.col("present").is_between(1, 4))
    need = pl.col("present") * (120 * 2.0 / TASK_MIN / 2)
    return candidates(frame, value=need)


def _shortage(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    return (
        rows(picks, Effect.TASK_BACKLOG, "site", value=pl.col("value")),
        rows(picks, Effect.TICKET_SURGE, "site", value=3.0),
    )


def chain_break(scene: Scene, trial: int) -> pl.DataFrame:
    """K10: a grave alert that nobody answers, and a chain that does not move on."""
    frame = anywhere(scene, "K10", trial, 8, (25.0, 45.0))
    how = scene.stream("K10").choice(
        [4, 2, 2, 2], frame["site"].to_numpy(), frame["key"].to_numpy(), 2
    )
    names = np.array(["nobody_acts", "no_next_step", "not_delivered", "nobody_on_call"])
    return candidates(frame, subtype=pl.Series(names[how]), value=pl.Series(how.astype(float)))


def network_outages(scene: Scene, wanted: int) -> Iterator[pl.DataFrame]:
    """K11: groups of sites that go dark together; more groups than wanted, best first.

    A group is what shares a region and an operator, or a power feeder; at least three of its
    sites are manned when it happens.
    """
    config, stream = scene.world.config, scene.stream("K11")
    groups = sharing(scene.world.sites)
    for trial in range(40 * wanted if groups else 0):
        group = groups[int(stream.integers(len(groups), trial, 0))]
        length = int(stream.uniform(trial, 1, low=40.0, high=180.0) * MINUTE_US)
        room = config.end_us - config.test_us - length - 2 * HOUR_US
        if room <= 0:
            return
        start = config.test_us + HOUR_US + int(stream.uniform(trial, 2) * room)
        sites = group["site"].to_numpy()[:14]
        if (scene.presence.at(sites, np.full(len(sites), start + length // 2)) > 0).sum() >= 3:
            yield _group(stream.uniform(sites, trial, 3), sites, start, start + length)


def _group(jitter: Floats, sites: Ints, start: int, end: int) -> pl.DataFrame:
    """Sites that fail within two minutes and come back within five."""
    frame = pl.DataFrame({"site": sites})
    spread = pl.Series(jitter)
    return candidates(
        frame,
        from_us=pl.lit(start) + (spread * 2 * MINUTE_US).cast(pl.Int64),
        to_us=pl.lit(end) + (spread * 5 * MINUTE_US).cast(pl.Int64),
    )


def sharing(sites: pl.DataFrame) -> list[pl.DataFrame]:
    """Groups of three sites and more that share an operator in a region, or a power feeder."""
    keys = (["tenant", "region", "network_operator"], ["tenant", "power_feeder"])
    return [
        group
        for key in keys
        for group in sites.sort("site").partition_by(key, maintain_order=True)
        if group.height >= 3
    ]


def off_hours(scene: Scene, trial: int) -> pl.DataFrame:
    """K12: doors or movement at a site that is closed, with nobody rostered."""
    frame = anywhere(scene, "K12", trial, 24, (12.0, 50.0)).filter(~pl.col("round_the_clock"))
    site, margin = frame["site"].to_numpy(), 50 * MINUTE_US
    start, end = frame["from_us"].to_numpy() - margin, frame["to_us"].to_numpy() + margin
    empty = ~scene.rostered.touches(site, start, end)
    closed = scene.closed(site, start, end)
    return candidates(frame.filter(pl.Series(empty & closed) & pl.col("has_access_control")))


def _one(effect: Effect, *, valued: bool = False) -> Doing:
    """One effect on the site."""
    amount = pl.col("value") if valued else 0.0
    return lambda picks, _: [rows(picks, effect, "site", value=amount)]


OUTAGE = Kind("K11", 3, Claim.ALONE, no_choice, _one(Effect.NETWORK_DOWN), "region")
"""Planned by group, with `network_outages`."""

KINDS: tuple[Kind, ...] = (
    Kind("K12", 10, Claim.ALONE, off_hours, _one(Effect.INTRUSION), "site"),
    Kind("K03", 12, Claim.SITE, sla_storm, _storm, "site"),
    Kind("K01", 25, Claim.ALONE, silent_site, _silence, "site"),
    Kind("K08", 25, Claim.SITE, resource_shortage, _shortage, "site"),
    Kind("K10", 25, Claim.SITE, chain_break, _one(Effect.ESCALATION_FAULT, valued=True), "site"),
)
"""The rarer the place for it, the earlier it is given one."""
