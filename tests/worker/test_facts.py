"""What audits read from Postgres equals what evaluation reads from the stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import polars as pl
import pytest

from tests.worker.conftest import LoadedWorld
from vigia.domain.dictionary import ColumnType, table
from vigia.domain.watch.facts import REFERENCE, WANTED, Facts
from vigia.evaluate import facts as stream
from vigia.store.connection import Role
from vigia.store.facts import RECORD_SPAN, read_facts, span_of

AFTER_ALL = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def sent(loaded_world: LoadedWorld) -> Facts:
    """What the stream says, less what names things that the store has never heard of."""
    with loaded_world.database.transaction(Role.WORKER) as connection:
        refused = connection.execute(
            "SELECT received_at FROM ops.ingest_quarantine WHERE reason_code LIKE 'unknown%'"
            " AND received_at IS NOT NULL"
        ).fetchall()
    assert len(refused) < 5
    instants = [at for (at,) in refused]
    found = stream.read_facts(loaded_world.company)
    kept = pl.col("received_at").is_in(instants).not_()
    return Facts(found.tenant_id, {n: frame.filter(kept) for n, frame in found.frames.items()})


@pytest.fixture(scope="module")
def everything(loaded_world: LoadedWorld) -> Facts:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vigia.store.facts.span_of", lambda _: timedelta(days=36_500))
        return read(loaded_world, AFTER_ALL, AFTER_ALL)


def read(world: LoadedWorld, first: datetime, last: datetime) -> Facts:
    with world.database.transaction(Role.WORKER) as connection:
        return read_facts(connection, world.tenant, first, last)


def comparable(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """JSON without regard to blanks and order, rows without regard to ties."""
    loose = [c for c in frame.columns if _is_json(name, c)]
    plain = frame.with_columns(
        pl.col(column).map_elements(
            lambda text: orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS).decode(),
            return_dtype=pl.String,
        )
        for column in loose
    )
    return plain.sort(plain.columns)


def _is_json(name: str, column: str) -> bool:
    known = {c.name: c.type for c in table(name).all_columns}
    return known.get(column) is ColumnType.JSON


@pytest.mark.parametrize("name", WANTED)
def test_the_store_gives_the_frame_that_the_stream_gives(
    sent: Facts, everything: Facts, name: str
) -> None:
    assert everything[name].schema == sent[name].schema
    assert comparable(name, everything[name]).equals(comparable(name, sent[name]))


def test_the_world_has_something_of_nearly_every_table(sent: Facts) -> None:
    """Equal because empty would prove nothing."""
    empty = [name for name in WANTED if sent[name].is_empty()]
    assert len(empty) <= 4, empty


def test_nothing_that_arrived_after_the_last_instant_is_there(
    loaded_world: LoadedWorld, sent: Facts
) -> None:
    at = loaded_world.first + timedelta(hours=30)
    found = read(loaded_world, at, at)
    for name in WANTED:
        frame = found[name]
        assert frame.filter(pl.col("received_at") > at).is_empty(), name
        wanted = sent[name].filter(pl.col("received_at") <= at)
        if name not in REFERENCE:
            wanted = wanted.filter(pl.col("at") >= at - span_of(name))
        assert frame.height == wanted.height, name


def test_rosters_that_are_long_over_are_left_out_and_places_never(
    loaded_world: LoadedWorld, sent: Facts
) -> None:
    soon = loaded_world.first + timedelta(days=2)
    later = read(loaded_world, soon + timedelta(days=60), soon + timedelta(days=60))
    near = read(loaded_world, soon, soon)
    for name in ("shift", "shift_assignment"):
        assert later[name].is_empty()
        assert near[name].height == sent[name].filter(pl.col("received_at") <= soon).height > 0
    assert later["site"].height == sent["site"].height > 0


def test_frames_come_in_the_order_of_arrival(everything: Facts) -> None:
    assert all(everything[name]["received_at"].is_sorted() for name in WANTED)


def test_late_records_are_read_as_long_as_any_may_arrive() -> None:
    assert span_of("attendance_event") >= RECORD_SPAN >= timedelta(hours=72)
