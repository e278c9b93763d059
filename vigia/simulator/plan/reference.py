"""What the company's own systems say of planned quiet: maintenance windows and holidays.

Belongs here: reference events that the plan adds to those of the world. Windows in which nothing
happens are among them, so that a window alone tells nothing, and none is named for what it hides.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.plan.kinds import Kind
from vigia.simulator.plan.model import MUTES
from vigia.simulator.plan.scene import HOUR_US, MINUTE_US, NONE, Scene
from vigia.simulator.plan.site_traps import CLOSURE, DRILL, SHUTDOWN, STAND_DOWN, WORKS
from vigia.simulator.world.envelope import enveloped, instants
from vigia.simulator.world.model import EventFrames

MUTE_KINDS = {
    WORKS: "maintenance",
    SHUTDOWN: "maintenance",
    DRILL: "maintenance",
    STAND_DOWN: "stand_down",
    CLOSURE: "holiday",
}
SOURCE = "registry"
STEP_US = 5 * MINUTE_US
"""People plan in steps of five minutes."""
IDLE_WINDOWS = 0.03
"""Windows per site and day in which nothing happens after all."""
REASONS = ("Network maintenance", "Power works", "Server move", "Planned shutdown", "Drill")


def mutes_of(kind: Kind, picks: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """The periods (`MUTES`) that explain the picks of a kind; none for most kinds.

    A window is announced from some minutes before the work until some minutes after it.
    """
    if kind.name not in MUTE_KINDS:
        return MUTES.to_frame()
    stream = scene.stream("mute")
    works = MUTE_KINDS[kind.name] == "maintenance"
    before, after = (
        (stream.uniform(picks["episode"].to_numpy(), n, low=8.0, high=30.0) * MINUTE_US)
        for n in (0, 1)
    )
    start, end = picks["from_us"].to_numpy(), picks["to_us"].to_numpy()
    if works:
        start = (start - before.astype(np.int64)) // STEP_US * STEP_US
        end = -((-end - after.astype(np.int64)) // STEP_US) * STEP_US
    return picks.select(
        trap="episode",
        kind=pl.lit(MUTE_KINDS[kind.name]),
        site="site",
        post="post",
        from_us=pl.Series(start),
        to_us=pl.Series(end),
    ).cast(MUTES)


def reference_of(scene: Scene, mutes: pl.DataFrame) -> EventFrames:
    """Reference events that tell of windows and holidays; the roster tells of stand-downs.

    Args:
        scene: The world.
        mutes: Periods (`MUTES`) that must be known.
    """
    frames = {
        "maintenance_window": _windows(scene, mutes.filter(pl.col("kind") == "maintenance")),
        "holiday": _holidays(scene, mutes.filter(pl.col("kind") == "holiday")),
    }
    return {table: [frame] for table, frame in frames.items() if frame.height}


def _windows(scene: Scene, known: pl.DataFrame) -> pl.DataFrame:
    """Maintenance windows, numbered in the order of time."""
    numbered = known.sort("from_us", "site").with_row_index("nth")
    numbered = numbered.with_columns(code=_code("MW", pl.col("nth")))
    site = scene.world.sites["code"].gather(numbered["site"])
    return _upserts(
        scene,
        numbered,
        "maintenance_window",
        mw_id=pl.col("code"),
        matcher=pl.lit('{"schema_version":1,"site_id":["' + site + '"]}'),
        starts_at=instants(pl.col("from_us")),
        ends_at=instants(pl.col("to_us")),
        reason=pl.lit(_reasons(scene, numbered)),
        mode=pl.lit("recover"),
        state=pl.lit("planned"),
        approved_by=pl.lit("Client"),
    )


def idle_windows(scene: Scene) -> pl.DataFrame:
    """Windows (`MUTES`) in which nothing happens after all, over the whole world."""
    config, stream = scene.world.config, scene.stream("idle windows")
    site = np.repeat(scene.world.sites["site"].to_numpy(), config.days)
    day = np.tile(np.arange(config.days), scene.world.sites.height)
    there = stream.chance(IDLE_WINDOWS, site, day, 0)
    site, day = site[there], day[there]
    start = config.start_us + day * DAY_US + stream.integers(260, site, day, 1) * STEP_US
    length = (19 + stream.integers(30, site, day, 2)) * STEP_US
    frame = pl.DataFrame({"site": site, "from_us": start, "to_us": start + length})
    none = pl.lit(NONE, dtype=pl.Int64)
    return frame.select(
        trap=none, kind=pl.lit("maintenance"), site="site", post=none, from_us="from_us", to_us="to_us"
    ).cast(MUTES)  # fmt: skip


def _holidays(scene: Scene, known: pl.DataFrame) -> pl.DataFrame:
    """Closures that the world's own calendars do not have; the day is that of the middle."""
    middle = ((known["from_us"] + known["to_us"]) // 2).to_numpy()
    day = scene.clock.local_day(known["site"].to_numpy(), middle)
    calendar = scene.world.sites["calendar"].gather(known["site"])
    found = known.with_columns(
        holiday_on=pl.Series(day).cast(pl.Int32).cast(pl.Date), calendar=calendar
    ).join(scene.world.holidays, on=["calendar", "holiday_on"], how="anti", maintain_order="left")
    code = scene.world.calendars["code"].gather(found["calendar"])
    return _upserts(
        scene,
        found.with_columns(
            code=pl.format("{}-{}", pl.lit(code), pl.col("holiday_on").dt.strftime("%y%m%d"))
        ),
        "holiday",
        holiday_id=pl.col("code"),
        calendar_id=pl.lit(code),
        holiday_on=pl.col("holiday_on"),
        name=pl.lit("Closed"),
        kind=pl.lit("closed"),
    )


def _reasons(scene: Scene, frame: pl.DataFrame) -> pl.Series:
    """A reason for each window, drawn by site and start."""
    drawn = scene.stream("reason").integers(
        len(REASONS), frame["site"].to_numpy(), frame["from_us"].to_numpy()
    )
    return pl.Series([REASONS[n] for n in drawn], dtype=pl.String)


def _code(prefix: str, number: pl.Expr) -> pl.Expr:
    return pl.format("{}{}", pl.lit(prefix), (number + 1).cast(pl.String).str.zfill(6))


def _upserts(scene: Scene, frame: pl.DataFrame, table: str, **columns: pl.Expr) -> pl.DataFrame:
    """Reference events of one table, told with those of the world."""
    code = pl.lit(scene.world.sites["code"].gather(frame["site"]))
    tenant = pl.lit(scene.world.sites["tenant"].gather(frame["site"]))
    told = frame.select(
        **columns, **{".site_code": code}, _site=pl.col("site"), _tenant=tenant, **{".id": "code"}
    )
    return enveloped(
        told,
        table,
        source=SOURCE,
        ids=pl.format("{}/{}", pl.lit(table), pl.col(".id")),
        verb=pl.lit("upserted"),
        at_us=pl.lit(scene.world.config.start_us - HOUR_US),
    )
