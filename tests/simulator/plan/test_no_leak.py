"""Nothing that a controller can read tells what was planned."""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.domain.dictionary import TABLES
from vigia.simulator.world.reference import reference_events

STEP = 5


def test_reference_events_carry_only_columns_of_their_tables(standard):
    for table, frames in standard.plan.reference.items():
        known = {column.name for column in TABLES[table].all_columns}
        for frame in frames:
            told = {n for n in frame.columns if not n.startswith(("_", "ce_", "received_at"))}
            assert told <= known


def test_a_window_in_which_nothing_happens_looks_like_any_other(standard):
    windows = standard.plan.reference["maintenance_window"][0]
    mutes = standard.plan.mutes.filter(pl.col("kind") == "maintenance")
    key = pl.col("starts_at").dt.epoch("us").alias("from_us")
    both = windows.with_columns(key, site="_site").join(mutes, on=["site", "from_us"])
    real, idle = (both.filter((pl.col("trap") >= 0) == real) for real in (True, False))
    assert min(real.height, idle.height) > 30
    for frame in (real, idle):
        minutes = (frame["ends_at"] - frame["starts_at"]).dt.total_minutes()
        assert (minutes % STEP == 0).all()
        assert (frame["starts_at"].dt.minute() % STEP == 0).all()
        assert frame["reason"].n_unique() == 5
    lengths = [(f["ends_at"] - f["starts_at"]).dt.total_minutes().mean() for f in (real, idle)]
    assert abs(lengths[0] - lengths[1]) < 25


def test_windows_are_numbered_by_time_and_not_by_what_they_hide(standard):
    windows = standard.plan.reference["maintenance_window"][0].sort("mw_id")
    assert windows["starts_at"].is_sorted()
    assert windows["mw_id"].is_unique().all()


def test_a_planned_closure_is_told_like_a_natural_one(standard):
    ours = standard.plan.reference["holiday"][0]
    natural = reference_events(standard.world)["holiday"][0]
    closed = natural.filter(pl.col("kind") == "closed")
    for name in ("ce_source", "ce_time", "name", "ce_type"):
        assert set(ours[name]) <= set(closed[name])
    shape = r"^K\d{4}-\d{6}$"
    assert ours["holiday_id"].str.contains(shape).all()
    assert closed["holiday_id"].str.contains(shape).all()
    assert not set(ours["holiday_id"]) & set(natural["holiday_id"])


def test_numbers_of_episodes_and_traps_are_mixed_and_in_no_order_of_time_or_kind(standard):
    intents = standard.plan.intents.unique("episode")
    traps = standard.plan.traps.unique("trap")
    assert not set(intents["episode"]) & set(traps["trap"])
    total = intents.height + traps.height
    assert abs(intents["episode"].mean() - traps["trap"].mean()) < 0.1 * total
    order = np.corrcoef(intents["episode"].to_numpy(), intents["from_us"].to_numpy())[0, 1]
    assert abs(order) < 0.12


def test_planned_instants_are_not_rounder_than_natural_ones(standard):
    made = standard.plan.intents.filter(~pl.col("class").is_in(["K09", "DEVICE_FAILURE"]))
    assert (made["from_us"] % 1_000_000 != 0).mean() > 0.95
