"""Wall clocks of sites, against Python's own time zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from vigia.simulator.config import WorldConfig
from vigia.simulator.world.build import build_world
from vigia.simulator.world.clock import LocalClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)


def clock_face(*parts):
    """What a clock shows, as an instant of UTC: the arithmetic of walls needs no zone."""
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture(scope="module")
def world():
    """A world whose span holds the clock changes of Chicago (8 March) and Madrid (29 March)."""
    return build_world(WorldConfig(sites=20, learn_days=28, test_days=14))


@pytest.fixture(scope="module")
def clock(world):
    return LocalClock(world)


def moments(world):
    """Every 47 minutes of the span, and every minute around the changes."""
    start = datetime.fromtimestamp(world.config.start_us / 1e6, UTC)
    coarse = [start + 47 * k * MINUTE for k in range(world.config.days * 30)]
    changes = [datetime(2026, 3, 8, 6, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)]
    return coarse + [change + k * MINUTE for change in changes for k in range(240)]


def test_four_zones_exist_one_of_them_half_an_hour_off(world):
    assert {"Asia/Kolkata", "Europe/Madrid", "Asia/Dubai", "America/Chicago"} == set(
        world.sites["tz"]
    )


def test_instants_become_the_time_on_the_wall_and_back(world, clock):
    for site, tz in world.sites.group_by("tz").agg("site").select(site="site", tz="tz").rows():
        at = moments(world)
        us = np.array([(t - EPOCH) // MICROSECOND for t in at])
        sites = np.full(len(us), site[0])
        local = clock.to_local_us(sites, us)
        walls = [t.astimezone(ZoneInfo(tz)) for t in at]
        expected = [(w.replace(tzinfo=UTC) - EPOCH) // MICROSECOND for w in walls]
        assert local.tolist() == expected
        back = clock.to_utc_us(sites, local)
        first_pass = np.array([w.fold == 0 for w in walls])
        assert np.array_equal(back[first_pass], us[first_pass])


@pytest.mark.parametrize(
    ("tz", "wall", "utc"),
    [
        # The hour from two to three does not exist on 29 March in Madrid.
        ("Europe/Madrid", clock_face(2026, 3, 29, 1, 59), clock_face(2026, 3, 29, 0, 59)),
        ("Europe/Madrid", clock_face(2026, 3, 29, 2, 30), clock_face(2026, 3, 29, 1, 30)),
        ("Europe/Madrid", clock_face(2026, 3, 29, 3, 0), clock_face(2026, 3, 29, 1, 0)),
        ("America/Chicago", clock_face(2026, 3, 8, 2, 15), clock_face(2026, 3, 8, 8, 15)),
        ("Asia/Kolkata", clock_face(2026, 3, 8, 2, 15), clock_face(2026, 3, 7, 20, 45)),
    ],
)
def test_wall_clocks_in_the_spring_gap(world, clock, tz, wall, utc):
    site = world.sites["tz"].to_list().index(tz)
    found = clock.to_utc_us(np.array([site]), np.array([(wall - EPOCH) // MICROSECOND]))
    assert EPOCH + timedelta(microseconds=int(found[0])) == utc


def test_an_hour_that_occurs_twice_means_its_first_pass():
    config = WorldConfig(sites=3, learn_days=0, test_days=3, start_on=date(2026, 10, 24))
    world = build_world(config)
    site = np.array([world.sites["tz"].to_list().index("Europe/Madrid")])
    wall = np.array([(clock_face(2026, 10, 25, 2, 30) - EPOCH) // MICROSECOND])
    clock = LocalClock(world)
    first = clock.to_utc_us(site, wall)
    assert EPOCH + timedelta(microseconds=int(first[0])) == clock_face(2026, 10, 25, 0, 30)
    assert clock.to_local_us(site, first + 3_600_000_000).tolist() == wall.tolist()


def test_the_week_starts_on_monday_at_midnight(world, clock):
    site = np.array([world.sites["tz"].to_list().index("Asia/Kolkata")])
    monday = np.array([(clock_face(2026, 3, 1, 18, 30) - EPOCH) // MICROSECOND])
    assert clock.minute_of_week(site, monday).tolist() == [0]
    assert clock.minute_of_week(site, monday - 60_000_000).tolist() == [7 * 1440 - 1]
