"""The same duty sends the same, whatever it is made together with."""

import polars as pl
import pytest

from tests.simulator.devices.small import (
    HOUR_US,
    Circling,
    duties_of,
    indoor_duties,
    shard_of,
    world_of,
)
from vigia.simulator.devices.simulate import simulate_devices
from vigia.simulator.effects import Effect

WORLD = world_of(9, trackers=True)
START = duties_of(WORLD)["starts_us"][0]
EFFECTS = [
    (Effect.DARK, 3, START + 14 * HOUR_US, START + 15 * HOUR_US, 0.0, 1),
    (Effect.FAILING, 8, START, START + 9 * HOUR_US, 0.0, 2),
    (Effect.SECOND_TRACKER, 12, START, START + 12 * HOUR_US, 0.0, 3),
    (Effect.GPS_LOST, 16, START, START + 4 * HOUR_US, 3.0, 4),
    (Effect.NETWORK_DOWN, 5, START, START + 2 * HOUR_US, 0.0, 5),
    (Effect.METRIC_SHIFT, 6, START, START + 9 * HOUR_US, 2.0, 6),
    (Effect.ON_CHARGER, 28, START + HOUR_US, START + 3 * HOUR_US, 0.0, 7),
]
MOVEMENT = Circling(indoor_duties(WORLD))


def made(sites):
    return simulate_devices(shard_of(WORLD, effects=EFFECTS, sites=sites), MOVEMENT)


@pytest.mark.parametrize("portion", [1, 2, 4])
def test_portions_of_sites_give_the_same_rows(portion):
    whole = made(None)
    parts = [made(range(first, min(first + portion, 9))) for first in range(0, 9, portion)]
    assert len(whole["gps_fix"]) == 2
    for table, frames in whole.items():
        for kind, frame in enumerate(frames):
            together = pl.concat([part[table][kind] for part in parts])
            assert together.equals(frame), table


def test_another_seed_gives_another_world_and_the_same_seed_the_same():
    once, again = made(None), made(None)
    other = simulate_devices(
        shard_of(world_of(9, seed=8, trackers=True), effects=EFFECTS), MOVEMENT
    )
    for table, frames in once.items():
        for kind, frame in enumerate(frames):
            assert frame.equals(again[table][kind])
            assert not frame.equals(other[table][kind])
