"""What a phone says of where it is: the true position, blurred, and how good it believes to be.

The deviation of the error is that of the surroundings (open sky, city, canyon of houses, under a
roof), the error forgets itself within two minutes (`sampling.correlated`), a few positions jump
by some hundred metres, and the accuracy that a phone reports is only roughly the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from vigia.domain.geo import EARTH_RADIUS_M
from vigia.simulator.devices.befallen import Befallen
from vigia.simulator.devices.crew import Crew, Spans
from vigia.simulator.devices.lanes import Lanes
from vigia.simulator.devices.sampling import COARSE, FROZEN, INVALID, Sampled
from vigia.simulator.draws import Bools, Floats, Ints, Stream, normal_quantile, quantised
from vigia.simulator.effects import Effect

SIGMA_M = {"open": 4.0, "urban": 12.0, "canyon": 30.0}
"""Deviation of the error along each axis, metres, by surroundings."""
SIGMA_INDOORS_M = 25.0, 80.0
JUMP_SHARE = 0.003
JUMP_M = 100.0, 500.0
OPTIMISM_SHARE = 0.1
"""Share of positions whose accuracy is reported as a third of what it is."""
OUTDATED_SHARE = 0.01
"""Share of positions under a roof that repeat the one before, and say so."""
MOCK_SHARE = 0.65
SWAYS_M = 4.0
METRES_PER_DEGREE = EARTH_RADIUS_M * np.pi / 180.0
PROVIDERS = ("gps", "fused", "network")
_GPS, _FUSED, _NETWORK = range(3)
# What a phone calls accuracy holds 68 of 100 positions: about 1.5 deviations of one axis.
_ACCURACY = quantised(1.3 * np.exp(0.35 * normal_quantile((np.arange(2**16) + 0.5) / 2**16)))
_JUMP, _OPTIMISM, _SKY, _SPEED = range(4)


@dataclass(frozen=True, slots=True)
class Positions:
    """What is reported, one row per measurement."""

    lat: Floats
    lon: Floats
    accuracy_m: Floats
    speed_mps: Floats
    satellites: Ints
    provider: Ints
    mock: Bools
    valid: Bools
    outdated: Bools

    def repeat(self, rows: Ints, source: Ints) -> None:
        """Let some rows say what other rows say."""
        for column in fields(self):
            values = getattr(self, column.name)
            values[rows] = values[source]


def measured(taken: Sampled, befallen: Befallen) -> Positions:
    """What the phones report for the measurements that they took."""
    moments, crew = taken.moments, taken.moments.crew
    lanes = Lanes(
        Stream(crew.world.config.seed, "devices.position"),
        crew.device[moments.pos],
        taken.number,
    )
    sigma = _sigma_m(crew, moments.pos, taken.indoor)
    found = Positions(
        *_degrees(taken, sigma, lanes),
        _tenths(_accuracy_m(taken, sigma, lanes)),
        _tenths(_speed_mps(taken, lanes)),
        _satellites(taken.indoor, lanes),
        np.where(taken.indoor, np.where(lanes.chance(_SKY, 0.7), _FUSED, _NETWORK), _GPS),
        *(np.full(len(moments), value) for value in (False, True, False)),
    )
    _repeat_outdated(taken, lanes, found)
    _spoil(taken, befallen, found)
    _make_up(taken, befallen.spans(Effect.SPOOFED), found)
    return found


def _sigma_m(crew: Crew, pos: Ints, indoor: Bools) -> Floats:
    """Deviation of the error along one axis."""
    stream = Stream(crew.world.config.seed, "devices.building")
    noise = crew.world.config.knobs.noise
    outside = crew.world.sites["environment"].replace_strict(SIGMA_M).to_numpy()[crew.site]
    low, high = SIGMA_INDOORS_M
    inside = stream.uniform(crew.post, 1, low=low, high=high)
    return np.where(indoor, (inside * noise)[pos], (outside * noise)[pos])


def _degrees(taken: Sampled, sigma: Floats, lanes: Lanes) -> tuple[Floats, Floats]:
    """Latitude and longitude with their errors, six decimals."""
    crew, pos = taken.moments.crew, taken.moments.pos
    x, y = taken.x_m + sigma * taken.east, taken.y_m + sigma * taken.north
    jumps = np.flatnonzero(lanes.chance(_JUMP, JUMP_SHARE))
    stream = Stream(crew.world.config.seed, "devices.jump")
    key = crew.device[pos[jumps]], taken.number[jumps]
    angle = stream.uniform(*key, 0, low=0.0, high=2 * np.pi)
    far = stream.uniform(*key, 1, low=JUMP_M[0], high=JUMP_M[1])
    x[jumps] += quantised(far * np.cos(angle))
    y[jumps] += quantised(far * np.sin(angle))
    return to_degrees(crew, pos, x, y)


def to_degrees(crew: Crew, pos: Ints, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude of places near the site of a duty, six decimals."""
    lat, lon = (crew.world.sites[name].to_numpy()[crew.site] for name in ("lat", "lon"))
    east = METRES_PER_DEGREE * quantised(np.cos(np.radians(lat)))
    north_deg = lat[pos] + y_m * (1.0 / METRES_PER_DEGREE)
    east_deg = lon[pos] + x_m * (1.0 / east)[pos]
    return np.rint(north_deg * 1e6) / 1e6, np.rint(east_deg * 1e6) / 1e6


def _accuracy_m(taken: Sampled, sigma: Floats, lanes: Lanes) -> Floats:
    """The deviation by a log-normal factor; sometimes far too good."""
    accuracy = sigma * _ACCURACY[taken.quality]
    accuracy[lanes.chance(_OPTIMISM, OPTIMISM_SHARE)] *= 1.0 / 3.0
    return np.maximum(accuracy, 1.5)


def _speed_mps(taken: Sampled, lanes: Lanes) -> Floats:
    noise = lanes.normal(_SPEED)
    noise *= np.where(taken.mode != 0, 0.1 * taken.speed_mps, 0.12)
    moving: Floats = np.abs(taken.speed_mps * (taken.mode != 0) + noise)
    return moving


def _satellites(indoor: Bools, lanes: Lanes) -> Ints:
    """Satellites used: about nine to twenty under the sky, few under a roof."""
    drawn = lanes.lane(_SKY).astype(np.int64)
    return np.where(indoor, drawn % 6, 9 + drawn % 12)


def _tenths(values: Floats) -> Floats:
    rounded: Floats = np.rint(values * 10.0) / 10.0
    return rounded


def _repeat_outdated(taken: Sampled, lanes: Lanes, found: Positions) -> None:
    """Now and then a phone without satellites gives the last position again, and says so."""
    again = lanes.chance(_OPTIMISM, OPTIMISM_SHARE + OUTDATED_SHARE) & taken.indoor
    again &= ~lanes.chance(_OPTIMISM, OPTIMISM_SHARE)
    rows = np.flatnonzero(again[1:] & (taken.moments.pos[1:] == taken.moments.pos[:-1])) + 1
    found.repeat(rows, rows - 1)
    found.outdated[rows] = True


def _spoil(taken: Sampled, befallen: Befallen, found: Positions) -> None:
    """Positions of receivers that are lost, and of phones that fail."""
    lost, moments = befallen.spans(Effect.GPS_LOST), taken.moments
    rows, which = lost.inside(moments)
    factor = 1.0 + taken.quality[rows] / 65_536.0
    value = lost.value[which]
    for kind, radius_m in ((INVALID, 1_000.0), (COARSE, 110.0)):
        chosen = value == kind
        found.accuracy_m[rows[chosen]] = _tenths(radius_m * factor[chosen] ** 3)
        found.provider[rows[chosen]] = _NETWORK
        found.satellites[rows[chosen]] = 0
    found.valid[rows[value == INVALID]] = False
    frozen = value == FROZEN
    first = np.searchsorted(moments.key, moments.crew.packed(lost.pos, lost.from_us))
    found.repeat(rows[frozen], first[which[frozen]])
    failing = befallen.spans(Effect.FAILING)
    rows, which = failing.inside(moments)
    worn = failing.progress(moments.at_us[rows], which) * failing.depth[which]
    found.accuracy_m[rows] = _tenths(found.accuracy_m[rows] * (1.0 + 4.0 * worn**2))


def _make_up(taken: Sampled, spoofed: Spans, found: Positions) -> None:
    """A position near the post that an app makes up: one place, one accuracy, no satellites.

    A better app lets the place sway, and leaves the rest as the phone would say it.
    """
    rows, which = spoofed.inside(taken.moments)
    if not len(rows):
        return
    crew, pos = taken.moments.crew, spoofed.pos
    key = crew.device[pos], spoofed.from_us
    # The ground draws the same for the punch of the same spoofing.
    careful = Stream(crew.world.config.seed, "spoof.careful").chance(
        crew.world.config.knobs.adversarial_fraud, *key
    )
    mock = Stream(crew.world.config.seed, "spoof.mock").chance(MOCK_SHARE, *key) & ~careful
    stream = Stream(crew.world.config.seed, "devices.spoof")
    x, y = (crew.world.posts[name].to_numpy()[crew.post[pos]] for name in ("x_m", "y_m"))
    x, y = x + 8.0 * stream.normal(*key, 0), y + 8.0 * stream.normal(*key, 1)
    lat, lon = to_degrees(crew, pos, x, y)
    accuracy = np.array([3.0, 5.0, 10.0])[stream.integers(3, *key, 2)]
    found.lat[rows], found.lon[rows] = lat[which], lon[which]
    found.mock[rows], found.speed_mps[rows] = mock[which], 0.0
    found.outdated[rows] = False
    sways = careful[which]
    _sway(taken, found, rows[sways], stream)
    rows, which = rows[~sways], which[~sways]
    found.accuracy_m[rows], found.satellites[rows] = accuracy[which], 0
    found.provider[rows], found.valid[rows] = _GPS, True


def _sway(taken: Sampled, found: Positions, rows: Ints, stream: Stream) -> None:
    """Let made-up places sway by some metres from one position to the next."""
    moments = taken.moments
    key = moments.crew.device[moments.pos[rows]], moments.at_us[rows]
    for values, part in ((found.lat, 4), (found.lon, 5)):
        off = SWAYS_M / METRES_PER_DEGREE * stream.normal(*key, part)
        values[rows] = np.rint((values[rows] + off) * 1e6) / 1e6


def provider_names(provider: Ints) -> pl.Series:
    """Names of providers by their number."""
    return pl.Series(PROVIDERS).gather(provider)
