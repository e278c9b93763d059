"""K01, K05 and K06: what should be heard of and is not, by the clock of arrival.

A silence is one of arrivals: what is stored on a phone and comes later was not there when a
controller looked. Where no one is on duty, or no position can be had, silence means nothing.
"""

from __future__ import annotations

import polars as pl

from vigia.simulator.draws import Ints
from vigia.simulator.effects import Effect, Intervals
from vigia.simulator.label.case import HOUR_US, MINUTE_US, Case
from vigia.simulator.label.found import found, severity
from vigia.simulator.plan.crowd import Crowd
from vigia.simulator.world.carriers import carried_trackers

WINDOW_US = HOUR_US
DEAD_US = 35 * MINUTE_US
"""A silence of the other family this long leaves it too little to tell the two apart: five
events an hour are asked for."""
FROZEN = 3.0


def silent_sites(case: Case) -> pl.DataFrame:
    """K01: a guard is on duty for an hour in which nothing arrives of the site."""
    gaps = case.gap("site", WINDOW_US).rename({"number": "site"})
    on = case.manned.filter(pl.col("on_from_us") >= 0)
    both = on.join(gaps, on="site").with_columns(
        since_us=pl.max_horizontal("from_us", "on_from_us"),
        until_us=pl.min_horizontal("to_us", "on_to_us"),
    )
    both = both.filter(pl.col("until_us") - pl.col("since_us") >= WINDOW_US)
    both = both.sort("site", "from_us", "since_us", "duty")
    silent = both.group_by("site", "from_us", "to_us", maintain_order=True).agg(
        detectable_us=pl.col("since_us").min() + WINDOW_US,
        onset_us=pl.col("since_us").min(),
        guards=pl.col("worker").n_unique(),
        person=pl.col("worker").first(),
        duty=pl.col("duty").first(),
    )
    alone = pl.col("guards") == 1
    return found(
        silent.with_columns(subtype=_why(case, silent)),
        "K01",
        scope_kind="site",
        scope=_site_code(case),
        end_us=pl.col("to_us"),
        person=pl.when(alone).then("person"),
        severity="CRITICAL",
    )


def _why(case: Case, silent: pl.DataFrame) -> pl.Series:
    """What is behind each silence, as far as it was made or happened."""
    site = silent["site"].to_numpy()
    middle = (silent["from_us"] + silent["detectable_us"]).to_numpy() // 2
    network = case.effects.intervals(Effect.NETWORK_DOWN).covers(site, middle)
    nobody = case.effects.intervals(Effect.SILENCE).covers(site, middle)
    names = pl.Series(["other", "network", "nobody_acts"])
    return names.gather(pl.Series(network * 1 + (nobody & ~network) * 2))


def _site_code(case: Case) -> pl.Expr:
    return pl.col("site").replace_strict(
        case.world.sites["site"], case.world.sites["code"], return_dtype=pl.String
    )


def gps_failures(case: Case) -> pl.DataFrame:
    """K05: an hour of phone events without one usable position, where one is expected."""
    frozen = case.effect(Effect.GPS_LOST).filter(pl.col("value") == FROZEN)
    frozen = frozen.select(number="scope", from_us="from_us", to_us="to_us")
    gaps = pl.concat([case.gap("device_G", WINDOW_US), frozen])
    silent = _on_duty(case, gaps, "device_P")
    # Where a tracker goes along, positions come whatever the phone does.
    carries = pl.Series(carried_trackers(case.world, case.duties) >= 0).gather(silent["duty"])
    silent = silent.filter(~(carries | _covered(case, Effect.SECOND_TRACKER, silent)))
    work = case.fact("work")
    scans = Crowd.of(work.filter(pl.col("w_count") > 0), "duty", "slot_us", "slot_us").between(
        silent["duty"].to_numpy(),
        silent["detectable_us"].to_numpy() - WINDOW_US,
        silent["detectable_us"].to_numpy(),
    )
    level = 3 - pl.lit(pl.Series(scans > 0)).cast(pl.Int64) + pl.col("lone").cast(pl.Int64)
    return _device_episodes(
        case, silent, "K05", severity(pl.when("indoor").then(1).otherwise(level))
    )


def phone_failures(case: Case) -> pl.DataFrame:
    """K06: an hour of usable positions without one phone event, heartbeats included."""
    silent = _on_duty(case, case.gap("device_P", WINDOW_US), "device_G")
    silent = silent.filter(~pl.Series(_covered(case, Effect.APP_OUTDATED, silent)))
    return _device_episodes(case, silent, "K06", pl.lit("HIGH"))


def _covered(case: Case, effect: Effect, silent: pl.DataFrame) -> pl.Series:
    """Whether an effect is on each device when its silence could be known."""
    known: Intervals = case.effects.intervals(effect)
    at: Ints = silent["detectable_us"].to_numpy() - WINDOW_US // 2
    return pl.Series(known.covers(silent["device"].to_numpy(), at))


def _on_duty(case: Case, gaps: pl.DataFrame, other: str) -> pl.DataFrame:
    """Silences of phones while their guards are there, and the other family is heard.

    Args:
        case: What happened.
        gaps: Silences: `number`, `from_us`, `to_us`.
        other: Family that must be heard: a kind of `GAP`.

    Returns:
        One row a silence and duty: `device`, `onset_us`, `detectable_us`, `end_us`, and the
        columns of `Case.manned`.
    """
    there = case.manned.filter(
        (pl.col("here_from_us") >= 0)
        & (pl.col("device") >= 0)
        & pl.col("gps_expected")
        & (pl.col("gps_expectation") != "none")
    )
    both = there.join(gaps.rename({"number": "device"}), on="device").with_columns(
        since_us=pl.max_horizontal("from_us", "here_from_us"),
        until_us=pl.min_horizontal("to_us", "here_to_us"),
    )
    both = both.filter(pl.col("until_us") - pl.col("since_us") >= WINDOW_US)
    both = both.sort("device", "since_us", "duty").with_row_index("row")
    return _heard(both, case.gap(other, DEAD_US))


def _heard(silent: pl.DataFrame, dead: pl.DataFrame) -> pl.DataFrame:
    """Each silence from the first instant on from which the other family is heard for an hour."""
    beside = silent.select("row", "device", "since_us", "until_us").join(
        dead.rename({"number": "device", "from_us": "dead_from", "to_us": "dead_to"}), on="device"
    )
    beside = beside.filter(
        (pl.col("dead_from") < pl.col("until_us")) & (pl.col("dead_to") > pl.col("since_us"))
    ).sort("row", "dead_from")
    holes: dict[int, list[tuple[int, int]]] = {}
    for row, start, end in beside.select("row", "dead_from", "dead_to").iter_rows():
        holes.setdefault(row, []).append((start, end))
    pieces = [
        (row, *piece)
        for row, since, until in silent.select("row", "since_us", "until_us").iter_rows()
        if (piece := _first_piece(since, until, holes.get(row, []))) is not None
    ]
    schema = {"row": pl.UInt32, "onset_us": pl.Int64, "end_us": pl.Int64}
    heard = pl.DataFrame(pieces, schema=schema, orient="row")
    heard = heard.with_columns(detectable_us=pl.col("onset_us") + WINDOW_US)
    return heard.join(silent.drop("from_us", "to_us"), on="row", how="left", maintain_order="left")


def _first_piece(since: int, until: int, holes: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The first stretch of an hour and more that has no hole."""
    for start, end in [*holes, (until, until)]:
        if start - since >= WINDOW_US:
            return since, min(start, until)
        since = max(since, end)
    return None


def _device_episodes(
    case: Case, silent: pl.DataFrame, episode_class: str, grave: pl.Expr
) -> pl.DataFrame:
    code = pl.lit(case.world.devices["code"].gather(silent["device"]))
    return found(
        silent,
        episode_class,
        scope_kind="device",
        scope=code,
        person=pl.col("worker"),
        severity=grave,
    )
