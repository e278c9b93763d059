"""A simulated company comes in: every event is accounted for, and pacing it changes nothing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from vigia.domain.errors import VigiaError
from vigia.services.world import Pace, feed_world, load_world
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.emit.files import read_manifest
from vigia.simulator.generate import generate
from vigia.store.connection import Database, Role

CONFIG = WorldConfig.at_level(Level.STANDARD, seed=5, sites=2, tenants=2, learn_days=0, test_days=2)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
COMPARED = (
    "SELECT 'gps_fix', count(*), sum(('x' || substr(md5(fix_id::text || received_at), 1, 8))::bit(32)::bigint) FROM ops.gps_fix",
    "SELECT 'tour_run', count(*), sum(('x' || substr(md5(run_id::text || status || coalesce(ended_at::text, '')), 1, 8))::bit(32)::bigint) FROM ops.tour_run",
    "SELECT 'ticket', count(*), sum(('x' || substr(md5(number || status), 1, 8))::bit(32)::bigint) FROM ops.ticket",
    "SELECT 'ingest_key', count(*), 0 FROM ops.ingest_key",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world") / "w"
    generate(CONFIG, root)
    return root


def _rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.transaction(Role.WORKER) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def _content(database: Database) -> list[tuple[Any, ...]]:
    return [row for query in COMPARED for row in _rows(database, query)]


def test_every_event_is_accounted_for_once_as_truth_says_and_at_its_own_time(world, database):
    whole = load_world(database, world, now=NOW).whole
    assert whole.rows == read_manifest(world)["events"]["total"]
    assert whole.rows == whole.accepted + whole.duplicate + whole.quarantined

    listed = pl.read_parquet(world / "truth" / "gt_poison.parquet")
    wanted = Counter(listed.select("source", "source_event_id", "reason_code").iter_rows())
    put_aside = "SELECT source, source_event_id, reason_code FROM ops.ingest_quarantine"
    assert Counter(_rows(database, put_aside)) == wanted
    assert whole.quarantined == listed.height > 3

    late, fixes = _rows(
        database,
        "SELECT count(*) FILTER (WHERE received_at > fix_time + interval '1 minute'), count(*)"
        " FROM ops.gps_fix",
    )[0]
    assert 0.01 < late / fixes < 0.2

    before = _content(database)
    again = load_world(database, world, now=NOW).whole
    assert again.accepted == 0
    assert _content(database) == before


class Clock:
    """A wall clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_a_paced_world_is_the_same_world_in_the_time_it_takes(world, database):
    clock = Clock()
    history = datetime(2026, 2, 24, 0, tzinfo=UTC)
    pace = Pace(7200.0, history, clock, clock.sleep)
    fed = feed_world(database, world, pace).whole
    assert fed.rows == read_manifest(world)["events"]["total"]
    lived = clock.now - NOW
    rest = _rows(
        database, "SELECT max(received_at) - timestamptz '2026-02-24 00:00Z' FROM ops.gps_fix"
    )[0][0]
    assert lived >= rest / 7200
    assert _rows(database, "SELECT count(*) FROM ops.ingest_batch")[0][0] > 10
    paced = _content(database)
    again = load_world(database, world, now=NOW).whole
    assert again.accepted == 0
    assert _content(database) == paced


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(world, database, speed):
    clock = Clock()
    with pytest.raises(VigiaError, match="must be more than 0"):
        feed_world(database, world, Pace(speed, None, clock, clock.sleep))


def test_a_folder_without_a_world_is_refused(tmp_path, database):
    with pytest.raises(VigiaError, match="holds no world"):
        load_world(database, tmp_path, now=NOW)
