"""Events that arrive twice are the same event."""

import polars as pl
import pytest

from tests.simulator.devices.small import shard_of, world_of
from tests.simulator.observe.travel import telemetry
from vigia.simulator.observe.observe import observe


def test_one_event_in_two_hundred_comes_again_later_and_unchanged():
    shard = shard_of(world_of(60))
    true = telemetry(shard)
    seen, _ = observe(shard, true)
    twice = total = 0
    for table, (frame,) in true.items():
        arrived = seen[table][0]
        total += frame.height
        twice += arrived.height - frame.height
        again = arrived.slice(frame.height)
        first = arrived.head(frame.height).join(
            again.select("ce_source", "ce_id", again="received_at"), on=["ce_source", "ce_id"]
        )
        assert first.height == again.height
        assert (first["again"] > first["received_at"]).all()
        content = [n for n in frame.columns if not n.startswith("received")]
        keys = ["ce_source", "ce_id"]
        assert again.sort(keys).select(content).equals(first.sort(keys).select(content))
    assert twice / total == pytest.approx(0.005, abs=0.0006)


def test_ids_of_different_events_never_meet():
    seen, _ = observe(shard := shard_of(world_of(20)), telemetry(shard))
    for table, (frame,) in telemetry(shard).items():
        assert frame.select(pl.struct("ce_source", "ce_id").n_unique()).item() == frame.height
        assert table in seen
