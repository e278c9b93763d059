"""How wrong positions are, and how honest about it."""

import numpy as np
import polars as pl
import pytest

from tests.simulator.devices.small import Circling, indoor_duties, shard_of, with_knobs, world_of
from vigia.simulator.devices.positions import METRES_PER_DEGREE
from vigia.simulator.devices.sampling import correlated
from vigia.simulator.devices.simulate import simulate_devices
from vigia.simulator.draws import Stream

WORLD = world_of(24)


def errors(world, movement, day=0):
    """Positions with their errors in metres, the few that jump left out."""
    (fixes,) = simulate_devices(shard_of(world, day=day), movement)["gps_fix"]
    place = movement.at(fixes["_duty"].to_numpy(), fixes["ce_time"].to_physical().to_numpy())
    site = world.sites[fixes["_site"].to_list()]
    lat, lon = site["lat"].to_numpy(), site["lon"].to_numpy()
    east_m = METRES_PER_DEGREE * np.cos(np.radians(lat))
    return fixes.with_columns(
        north=(fixes["lat"].to_numpy() - lat) * METRES_PER_DEGREE - place.y_m,
        east=(fixes["lon"].to_numpy() - lon) * east_m - place.x_m,
        environment=site["environment"],
        indoor=pl.Series(place.indoor),
    )


def _far(frame):
    return np.hypot(frame["north"].to_numpy(), frame["east"].to_numpy())


@pytest.fixture(scope="module")
def found():
    return errors(WORLD, Circling())


@pytest.mark.parametrize(("environment", "sigma"), [("open", 4), ("urban", 12), ("canyon", 30)])
def test_the_error_is_that_of_the_surroundings(found, environment, sigma):
    mine = found.filter((pl.col("environment") == environment) & (pl.col("north").abs() < 95))
    far = _far(mine)
    assert np.median(far) == pytest.approx(1.177 * sigma, rel=0.06)
    assert abs(mine["east"].mean()) < 0.15 * sigma


def test_under_a_roof_the_error_is_that_of_the_building():
    roofed = errors(WORLD, Circling(indoor_duties(WORLD))).filter("indoor")
    by_duty = roofed.group_by("_duty").agg(pl.col("north", "east").std())
    assert 25 <= by_duty["north"].median() <= 80
    assert by_duty["north"].quantile(0.05) > 15
    assert (roofed["provider"] != "gps").all()


def test_noise_scales_with_the_level():
    loud = errors(with_knobs(WORLD, noise=2.5), Circling())
    usual = errors(WORLD, Circling())
    spread = [np.median(_far(f)) for f in (usual, loud)]
    assert spread[1] / spread[0] == pytest.approx(2.5, rel=0.05)


def test_the_error_forgets_itself_within_two_minutes():
    white = Stream(3, "white").normal(np.arange(200_000))
    error = correlated(white)[50:]
    assert error.std() == pytest.approx(1.0, abs=0.02)
    for lag in (1, 2, 4):
        alike = np.corrcoef(error[:-lag], error[lag:])[0, 1]
        assert alike == pytest.approx(np.exp(-60 * lag / 120), abs=0.03), lag


def test_neighbouring_positions_of_a_phone_err_alike(found):
    open_air = found.filter((pl.col("environment") == "open") & (pl.col("north").abs() < 30))
    pairs = open_air.with_columns(
        wait=pl.col("ce_time").diff().over("_duty").dt.total_seconds(),
        before=pl.col("north").shift(1).over("_duty"),
    )
    near = pairs.filter(pl.col("wait") < 70)
    far = pairs.filter(pl.col("wait") > 280)
    assert near.select(pl.corr("north", "before")).item() == pytest.approx(0.61, abs=0.04)
    assert abs(far.select(pl.corr("north", "before")).item()) < 0.15


def test_a_few_positions_jump_by_some_hundred_metres(found):
    open_air = found.filter(pl.col("environment") == "open")
    far = _far(open_air)
    jumps = far[far > 80]
    assert len(jumps) / len(far) == pytest.approx(0.003, abs=0.0015)
    assert jumps.max() < 520


def test_the_reported_accuracy_is_roughly_true_and_sometimes_far_too_good(found):
    mine = found.filter(pl.col("environment") == "urban")
    far = _far(mine)
    inside = (far <= mine["accuracy_m"].to_numpy()).mean()
    assert 0.5 < inside < 0.75
    small = (mine["accuracy_m"] < 12 * 1.3 / 2.5).mean()
    assert 0.07 < small < 0.15
    assert mine["accuracy_m"].min() >= 1.5
    assert (mine["satellites"] >= 9).all()


def test_speed_and_motion_are_those_of_the_person(found):
    walking = found.filter(pl.col("motion") == "walking")
    assert walking["speed_mps"].mean() == pytest.approx(1.2, abs=0.05)
    assert found.filter(pl.col("motion") == "still")["speed_mps"].quantile(0.95) < 0.4
    driving = errors(WORLD, Circling(vehicle=frozenset([3])))
    assert set(driving.filter(pl.col("_duty") == 3)["motion"]) == {"still", "vehicle"}


def test_steps_are_those_that_were_walked_since_the_last_position(found):
    first = pl.col("_duty") != pl.col("_duty").shift(1, fill_value=-1)
    later = found.filter(~first)
    walked_m = later.group_by("_duty").agg(pl.col("steps_delta").sum() * 0.75)["steps_delta"]
    # Twelve times twenty minutes at 1.2 m/s, and some fidgeting.
    assert walked_m.median() == pytest.approx(12 * 1_200 * 1.2, rel=0.06)
    at_rest = later.filter(
        (pl.col("motion") == "still") & (pl.col("motion").shift(1) == "still") & ~first
    )
    assert 0.3 < (at_rest["steps_delta"] == 0).mean() < 0.5
    assert at_rest["steps_delta"].max() <= 12


def test_coordinates_have_six_decimals(found):
    for name in ("lat", "lon"):
        assert found[name].cast(pl.String).str.len_chars().max() <= 9 + (name == "lon")
