"""Equipment: what stands where, what it reads, how it fails, and the work that follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from vigia.domain.telemetry.frames import INSTANT
from vigia.simulator.config import DAY_US
from vigia.simulator.desk.model import Log
from vigia.simulator.draws import Stream
from vigia.simulator.effects import Effect, Effects
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.model import World

SOURCE = "maintenance"
READING_EVERY_US = 30 * 60_000_000
FAILURES_PER_ASSET_DAY = 0.006
INSTRUMENTED = ("data_centre", "factory", "hospital")
CATEGORIES = (
    ("hvac", "Aermec", "temperature_c", 21.0, 2.5),
    ("generator", "Perkins", "fuel_pct", 78.0, 6.0),
    ("camera", "Axis", "uptime_h", 400.0, 90.0),
    ("gate", "Faac", "cycles", 120.0, 40.0),
    ("lift", "Kone", "trips", 160.0, 60.0),
    ("fire_panel", "Esser", "loop_v", 24.0, 0.4),
    ("ups", "Eaton", "load_pct", 42.0, 7.0),
    ("pump", "Grundfos", "pressure_bar", 4.0, 0.3),
)
"""Category, maker, what it reads, the usual value and its spread; makers' names are examples."""

ASSETS = pl.Schema(
    {
        "asset": pl.Int64(),
        "code": pl.String(),
        "site": pl.Int64(),
        "category": pl.Int64(),
        "criticality": pl.Int64(),
    }
)


def assets(world: World) -> pl.DataFrame:
    """The equipment of every site (`ASSETS`): two to seven pieces."""
    draw = Stream(world.config.seed, "desk.assets")
    number = np.arange(world.sites.height)
    count = 2 + draw.integers(6, number)
    site = np.repeat(number, count)
    place = np.arange(len(site)) - np.repeat(np.cumsum(count) - count, count)
    codes = world.sites["code"].gather(site).to_list()
    return pl.DataFrame(
        {
            "asset": np.arange(len(site)),
            "code": [f"{code}-E{p + 1}" for code, p in zip(codes, place.tolist(), strict=True)],
            "site": site,
            "category": (place + draw.integers(len(CATEGORIES), site, 7)) % len(CATEGORIES),
            "criticality": 1 + draw.integers(5, site, place),
        },
        schema=ASSETS,
    )


def run_facility(world: World, effects: Effects, log: Log) -> pl.DataFrame:
    """Let equipment fail and be kept up; events go to the log.

    Returns:
        The readings, as an event frame of `asset_reading`.
    """
    equipment = assets(world)
    staff = world.people.filter(pl.col("role") == "technician")
    technicians = {
        int(tenant): codes
        for tenant, codes in staff.group_by("tenant", maintain_order=True).agg("code").iter_rows()
    }
    for asset, start, minutes in _failures(world, equipment):
        _repair(world, equipment.row(asset, named=True), start, minutes, technicians, log)
    _prevent(world, equipment, technicians, log)
    return _readings(world, equipment, effects)


def _failures(world: World, equipment: pl.DataFrame) -> list[tuple[int, int, int]]:
    """Asset, start and minutes of every failure."""
    count, days = equipment.height, world.config.days
    asset, day = np.repeat(np.arange(count), days), np.tile(np.arange(days), count)
    draw = Stream(world.config.seed, "desk.failures")
    failed = draw.chance(FAILURES_PER_ASSET_DAY, asset, day)
    asset, day = asset[failed], day[failed]
    at = (
        world.config.start_us
        + day * DAY_US
        + (draw.uniform(asset, day, 1) * DAY_US).astype(np.int64)
    )
    minutes = draw.lognormal(200.0, 1.0, asset, day, 2).astype(np.int64) + 5
    return list(zip(asset.tolist(), at.tolist(), minutes.tolist(), strict=True))


def _repair(
    world: World,
    asset: dict[str, Any],
    start: int,
    minutes: int,
    technicians: dict[int, list[str]],
    log: Log,
) -> None:
    """Downtime, and the work order that ends it."""
    site, end = asset["site"], start + minutes * 60_000_000
    draw = Stream(world.config.seed, "desk.repair")
    who = technicians.get(int(world.sites["tenant"][site])) or [None]  # type: ignore[list-item]
    day = start // DAY_US
    code = f"WO{asset['asset']:05}{day % 10_000:04}"
    cause = ("wear", "power", "misuse", "software", "unknown")[
        int(draw.integers(5, asset["asset"], day))
    ]
    down = {"downtime_id": f"DT{code[2:]}", "asset_id": asset["code"], "_site": site}
    _note(world, log, "asset_downtime", "started", start, down | {"from_at": start, "cause": cause})
    _note(world, log, "asset_downtime", "ended", end, down | {"to_at": end})
    priority = "P1" if asset["criticality"] == 5 else "P2" if asset["criticality"] >= 4 else "P3"
    asked = start + int(draw.integers(20, asset["asset"], day, 1) + 2) * 60_000_000
    order = {
        "wo_id": code,
        "asset_id": asset["code"],
        "type": "corrective",
        "priority": priority,
        "title": f"Repair {CATEGORIES[asset['category']][0].replace('_', ' ')}",
        "requested_at": asked,
        "due_at": asked + {"P1": 4, "P2": 8, "P3": 48}[priority] * HOUR_US,
        "est_min": 60,
        "status": "open",
        "_site": site,
    }
    assigned = {"assignee_id": who[int(draw.integers(len(who), asset["asset"], day, 2))]}
    _work(world, log, order, assigned, asked, max(end, asked + 10 * 60_000_000))


def _prevent(
    world: World, equipment: pl.DataFrame, technicians: dict[int, list[str]], log: Log
) -> None:
    """Monthly upkeep of every asset, on its own day of the month."""
    draw = Stream(world.config.seed, "desk.prevent")
    for asset in equipment.iter_rows(named=True):
        number = asset["asset"]
        for day in range(int(draw.integers(28, number)), world.config.days, 28):
            due = world.config.start_us + day * DAY_US + 15 * HOUR_US
            asked = max(due - 3 * DAY_US, world.config.start_us + HOUR_US)
            late = draw.normal(number, day) * 0.6 - 0.4
            done = max(int(due + late * DAY_US), asked + 2 * HOUR_US)
            who = technicians.get(int(world.sites["tenant"][asset["site"]])) or [None]  # type: ignore[list-item]
            order = {
                "wo_id": f"PM{number:05}{day:03}",
                "asset_id": asset["code"],
                "type": "preventive",
                "priority": "P4",
                "title": f"Service {CATEGORIES[asset['category']][0].replace('_', ' ')}",
                "requested_at": asked,
                "due_at": due,
                "est_min": 45,
                "status": "open",
                "_site": asset["site"],
            }
            assigned = {"assignee_id": who[int(draw.integers(len(who), number, day))]}
            _work(world, log, order, assigned, asked, done)


def _work(
    world: World,
    log: Log,
    order: dict[str, Any],
    assigned: dict[str, Any],
    asked: int,
    done: int,
) -> None:
    about = {"wo_id": order["wo_id"], "_site": order["_site"]}
    begun = asked + max((done - asked) // 3, 60_000_000)
    _note(world, log, "work_order", "requested", asked, order)
    started = {"status": "in_progress", "first_reaction_at": begun} | assigned
    _note(world, log, "work_order", "updated", begun, about | started)
    ended = {"status": "completed", "completed_at": done}
    _note(world, log, "work_order", "completed", done, about | ended)


def _note(world: World, log: Log, table: str, verb: str, at: int, values: dict[str, Any]) -> None:
    if world.config.start_us <= at < world.config.end_us:
        key = str(values["wo_id" if table == "work_order" else "downtime_id"])
        log.add(table, verb, SOURCE, key, at, values)


def _readings(world: World, equipment: pl.DataFrame, effects: Effects) -> pl.DataFrame:
    """Half-hourly readings of the instrumented sites' equipment; silent where the site is."""
    kinds = world.sites["archetype"].gather(equipment["site"])
    chosen = equipment.filter(kinds.is_in(INSTRUMENTED) & (equipment["asset"] % 2 == 0))
    slots = world.config.days * DAY_US // READING_EVERY_US
    asset = np.repeat(chosen["asset"].to_numpy(), slots)
    slot = np.tile(np.arange(slots), chosen.height)
    draw = Stream(world.config.seed, "desk.readings")
    jitter = (draw.uniform(asset, 1) * READING_EVERY_US).astype(np.int64)
    at = world.config.start_us + slot * READING_EVERY_US + jitter
    site = np.repeat(chosen["site"].to_numpy(), slots)
    heard = ~effects.intervals(Effect.SILENCE).covers(site, at)
    read = pl.DataFrame({"asset": asset, "slot": slot, "at": at, "_site": site}).filter(heard)
    return _told(world, equipment, read.with_columns(_values(world, equipment, read)))


def _values(world: World, equipment: pl.DataFrame, read: pl.DataFrame) -> list[pl.Series]:
    """What is read and how much, for each reading."""
    asset, slot = read["asset"].to_numpy(), read["slot"].to_numpy()
    category = equipment["category"].to_numpy()[asset]
    usual = np.array([c[3] for c in CATEGORIES])[category]
    spread = np.array([c[4] for c in CATEGORIES])[category]
    noise = Stream(world.config.seed, "desk.reading").normal(asset, slot)
    hour = (read["at"].to_numpy() % DAY_US) / DAY_US * 2 * np.pi
    value = np.round(usual + spread * (0.5 * np.sin(hour - 2.0) + 0.4 * noise), 2)
    metric = pl.Series("metric", [c[2] for c in CATEGORIES]).gather(category)
    return [metric, pl.Series("value", value)]


def _told(world: World, equipment: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """Readings as an event frame."""
    none = pl.lit(-1, pl.Int64())
    named = read.with_columns(
        world.sites["code"].gather(read["_site"]).alias("ce_subject"),
        equipment["code"].gather(read["asset"]).alias("asset_id"),
    )
    return named.select(
        pl.format("asset/{}", "ce_subject").alias("ce_source"),
        pl.format("{}-{}", "asset_id", "slot").alias("ce_id"),
        pl.lit("vigia.asset_reading.recorded.v1").alias("ce_type"),
        "ce_subject",
        pl.col("at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("ce_time"),
        pl.lit(None, INSTANT).alias("received_at"),
        "_site",
        none.alias("_device"),
        none.alias("_duty"),
        "asset_id",
        "metric",
        "value",
    )
