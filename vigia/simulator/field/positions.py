"""Positions as a phone measures them when somebody scans, clocks or calls for help.

Belongs here: one position at a time. The tracks that devices send by themselves are in
`devices`. Errors are those of the specification (`domain.md` 6.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigia.domain.geo import EARTH_RADIUS_M
from vigia.simulator.draws import Bools, Floats, Ints, Parts, Stream
from vigia.simulator.field.crew import looked_up
from vigia.simulator.field.dice import quarters
from vigia.simulator.world.model import World

SIGMA_M = {"open": 4.0, "urban": 12.0, "canyon": 30.0}
INDOOR_M = (25.0, 80.0)
MISSING_INDOORS = (0.4, 0.9)
OPTIMISTIC = 0.05
"""Share of positions that claim to be far better than they are."""
METRES_PER_DEGREE = np.pi / 180 * EARTH_RADIUS_M


@dataclass(frozen=True, slots=True)
class Measured:
    """Measured positions; NaN where there is none.

    Attributes:
        lat: Degrees, as a phone rounds them.
        lon: Degrees.
        accuracy_m: Radius of uncertainty that the phone claims.
        off_m: Distance from the site's centre.
    """

    lat: Floats
    lon: Floats
    accuracy_m: Floats
    off_m: Floats

    def columns(self) -> dict[str, npt.NDArray[np.generic]]:
        """The columns of an event."""
        return {"lat": self.lat, "lon": self.lon, "accuracy_m": self.accuracy_m}


def measured(
    world: World,
    stream: Stream,
    key: tuple[Parts, ...],
    site: Ints,
    at: tuple[Floats, Floats, Bools],
) -> Measured:
    """Measure positions.

    Args:
        world: The world of the sites.
        stream: Draws for the purpose.
        key: What names each measurement.
        site: Site of each.
        at: True position: metres east and north of the site's centre, and whether indoors.
    """
    x, y, indoor = at
    gone, roof, claim, _ = quarters(stream, *key, 0)
    sigma = looked_up(world.sites["environment"], SIGMA_M)[site]
    sigma = np.where(indoor, INDOOR_M[0] + (INDOOR_M[1] - INDOOR_M[0]) * roof, sigma)
    sigma = sigma * world.config.knobs.noise
    lost = MISSING_INDOORS[0] + (MISSING_INDOORS[1] - MISSING_INDOORS[0]) * roof
    missing = indoor & (gone < lost)
    east, north = (sigma * stream.normal(*key, axis) for axis in (1, 2))
    claimed = sigma * np.exp(0.3 * stream.normal(*key, 3)) + 1.0
    accuracy = np.where(claim < OPTIMISTIC, 0.3 * claimed, claimed)
    lat, lon = degrees(world, site, x + east, y + north)
    off = np.hypot(x + east, y + north)
    return Measured(*(np.where(missing, np.nan, v) for v in (lat, lon, accuracy.round(1), off)))


def degrees(world: World, site: Ints, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude of places at sites, as a phone rounds them."""
    lat = world.sites["lat"].to_numpy()
    lon = world.sites["lon"].to_numpy()
    shrink = np.cos(np.radians(lat))
    north = lat[site] + y_m / METRES_PER_DEGREE
    east = lon[site] + x_m / (METRES_PER_DEGREE * shrink[site])
    return north.round(6), east.round(6)
