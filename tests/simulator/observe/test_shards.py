"""An event travels the same, whatever it travels with."""

import polars as pl

from tests.simulator.devices.small import HOUR_US, duties_of, shard_of, world_of
from tests.simulator.observe.travel import scans, telemetry
from vigia.simulator.effects import Effect
from vigia.simulator.observe.observe import observe

WORLD = world_of(8, days=4, test_days=3)
START = duties_of(WORLD, 3)["starts_us"][0]
EFFECTS = [
    (Effect.NETWORK_DOWN, 2, START, START + 2 * HOUR_US, 0.0, 5),
    (Effect.UPLOADS_LATE, 21, START, START + 9 * HOUR_US, 0.0, 6),
    (Effect.FAILING, 13, START, START + 9 * HOUR_US, 0.0, 7),
]
KEY = ["ce_source", "ce_id", "received_at"]


def made(sites, more=scans):
    shard = shard_of(WORLD, day=3, effects=EFFECTS, sites=sites)
    return observe(shard, telemetry(shard) | more(shard))


def test_portions_of_sites_give_the_same_rows_and_the_same_list():
    whole, poison = made(None)
    parts = [made(sites) for sites in ([0, 1, 2], [3], [4, 5, 6, 7])]
    for table, (frame,) in whole.items():
        rows = pl.concat([p[table][0] for p, _ in parts if table in p], how="diagonal")
        assert rows.sort(KEY).equals(frame.select(rows.columns).sort(KEY)), table
    keys = ["source", "source_event_id", "reason_code", "kind"]
    together = pl.concat([listed for _, listed in parts])
    assert together.sort(keys).equals(poison.sort(keys))


def test_other_tables_beside_it_change_nothing():
    alone, _ = made(None, more=lambda _shard: {})
    beside, _ = made(None)
    for table, (frame,) in alone.items():
        if table != "_raw":
            assert frame.equals(beside[table][0]), table
