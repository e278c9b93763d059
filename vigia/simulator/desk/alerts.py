"""Raw alerts of the company's existing systems: what raises them, who acknowledges, how they end.

About ten a site and day, most of them of no consequence, as controllers know it. A cause that was
made to happen raises alerts of the same kinds as the noise does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Ints, Stream
from vigia.simulator.effects import Effect, Effects
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.model import World

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
NOISE_PER_SITE_DAY = 8.0
FLAPPING_SITE_DAYS = 0.02
TAMPERED = 0.18
"""Share of grave alerts that are made to come and say tampering; the others, the fence."""
REPEATED = 0.15
"""Share of grave alerts of the noise that come again once or twice within minutes."""

KINDS: tuple[tuple[str, str, float], ...] = (
    ("door_held_open", "LOW", 20),
    ("motion_detected", "LOW", 16),
    ("low_battery", "LOW", 12),
    ("gps_drift", "LOW", 8),
    ("video_loss", "MEDIUM", 9),
    ("device_offline", "MEDIUM", 12),
    ("tour_late", "MEDIUM", 9),
    ("checkin_late", "MEDIUM", 7),
    ("power_dip", "MEDIUM", 3),
    ("perimeter_sensor", "HIGH", 3.2),
    ("access_tamper", "HIGH", 0.7),
    ("fire_detector", "CRITICAL", 0.12),
)
"""Type, severity and weight in the noise."""
_SURGE = (
    "power_dip",
    "device_offline",
    "video_loss",
    "access_tamper",
    "door_held_open",
    "tour_late",
)

RAISED = pl.Schema(
    {
        "site": pl.Int64(),
        "device": pl.Int64(),
        "type": pl.String(),
        "severity": pl.String(),
        "raised_us": pl.Int64(),
        "root": pl.String(),
        "episode": pl.Int64(),
    }
)
"""One row per alert as it is raised. `root`: what is behind it, the same for all of one cause;
`episode`: number of the episode or trap that raised it, -1 none."""


@dataclass(frozen=True, slots=True)
class _Spans:
    """Rows of one effect, one after the other."""

    effect: Effect
    rows: list[tuple[int, int, int, float, int]]


def raised_alerts(world: World, duties: pl.DataFrame, effects: Effects) -> pl.DataFrame:
    """Alerts (`RAISED`) of the whole span, in the order of their raising."""
    parts = [_noise(world), _natural_flapping(world)]
    for effect, maker in _MAKERS.items():
        rows = [row for span in _spans(effects, effect).rows for row in maker(world, duties, span)]
        parts.append(pl.DataFrame(rows, schema=RAISED, orient="row"))
    inside = pl.col("raised_us").is_between(world.config.start_us, world.config.end_us - 1)
    whole = pl.concat(parts).filter(inside)
    return whole.sort("raised_us", "site", "type", maintain_order=True)


def _noise(world: World) -> pl.DataFrame:
    sites, days = world.sites.height, world.config.days
    site, day = np.repeat(np.arange(sites), days), np.tile(np.arange(days), sites)
    draw = Stream(world.config.seed, "desk.noise")
    count = draw.poisson(NOISE_PER_SITE_DAY, site, day)
    each = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
    key = site[each], day[each], place
    kind = draw.choice([weight for _, _, weight in KINDS], *key, 1)
    at = (
        world.config.start_us
        + day[each] * DAY_US
        + (draw.uniform(*key, 2) * DAY_US).astype(np.int64)
    )
    own = draw.chance(0.5, *key, 3)
    device = np.where(own, _some_device(world, site[each], draw.integers(1 << 30, *key, 4)), -1)
    frame = _frame(world, site[each], device, kind, at, [f"noise-{n}" for n in range(len(at))])
    return pl.concat([frame, _repeats(frame, draw, key)])


def _repeats(alerts: pl.DataFrame, draw: Stream, key: tuple[Ints, Ints, Ints]) -> pl.DataFrame:
    """Grave alerts that come again within minutes, because nothing has changed yet."""
    grave = alerts["severity"].is_in(["HIGH", "CRITICAL"]).to_numpy()
    again = np.flatnonzero(grave & draw.chance(REPEATED, *key, 5))
    each = np.repeat(again, 1 + draw.integers(2, *(part[again] for part in key), 6))
    place = np.arange(len(each)) - np.searchsorted(each, each)
    wait = draw.uniform(*(part[each] for part in key), 7 + place, low=1.2, high=4.5)
    later = ((place + 1) * wait * MINUTE_US).astype(np.int64)
    return alerts[each].with_columns(raised_us=pl.col("raised_us") + pl.Series(later))


def _natural_flapping(world: World) -> pl.DataFrame:
    """On some site-days a sensor that cannot decide."""
    sites, days = world.sites.height, world.config.days
    site, day = np.repeat(np.arange(sites), days), np.tile(np.arange(days), sites)
    draw = Stream(world.config.seed, "desk.flapping")
    chosen = draw.chance(FLAPPING_SITE_DAYS, site, day)
    site, day = site[chosen], day[chosen]
    count = 8 + draw.integers(12, site, day, 1)
    each = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
    start = (draw.uniform(site, day, 2) * 20 * HOUR_US).astype(np.int64)
    gap = 3 * MINUTE_US + (draw.uniform(site[each], day[each], place) * 4 * MINUTE_US).astype(
        np.int64
    )
    at = world.config.start_us + day[each] * DAY_US + start[each] + place * 5 * MINUTE_US + gap
    device = _some_device(world, site, draw.integers(1 << 30, site, day, 3))[each]
    kind = np.where(draw.chance(0.5, site, day, 4), 4, 5)[each]
    roots = [f"flap-{s}-{d}" for s, d in zip(site[each].tolist(), day[each].tolist(), strict=True)]
    return _frame(world, site[each], device, kind, at, roots)


def _frame(
    world: World, site: Ints, device: Ints, kind: Ints, at: Ints, roots: list[str]
) -> pl.DataFrame:
    del world
    columns = {
        "site": site,
        "device": device,
        "type": pl.Series([KINDS[k][0] for k in kind], dtype=pl.String),
        "severity": pl.Series([KINDS[k][1] for k in kind], dtype=pl.String),
        "raised_us": at,
        "root": pl.Series(roots, dtype=pl.String),
        "episode": np.full(len(at), -1, dtype=np.int64),
    }
    return pl.DataFrame(columns, schema=RAISED)


def _some_device(world: World, site: Ints, number: Ints) -> Ints:
    """A device of each site, -1 where it has none."""
    devices = world.devices.filter(pl.col("site") >= 0).sort("site", "device")
    home, device = devices["site"].to_numpy(), devices["device"].to_numpy()
    first = np.searchsorted(home, site, side="left")
    count = np.searchsorted(home, site, side="right") - first
    safe = np.minimum(first + number % np.maximum(count, 1), max(len(device) - 1, 0))
    if not len(device):
        return np.full(len(site), -1, dtype=np.int64)
    return np.where(count > 0, device[safe], -1).astype(np.int64)


def _spans(effects: Effects, effect: Effect) -> _Spans:
    rows = effects.table.filter(pl.col("effect") == effect.value).sort("scope", "from_us")
    return _Spans(effect, rows.select("scope", "from_us", "to_us", "value", "episode").rows())


Row = tuple[int, int, str, str, int, str, int]
Span = tuple[int, int, int, float, int]


def _of(kind: str) -> str:
    return next(severity for name, severity, _ in KINDS if name == kind)


def _offline(world: World, _duties: pl.DataFrame, span: Span) -> Iterator[Row]:
    """A device that is dark for half an hour is reported by the device desk's system."""
    device, start, end, _, episode = span
    if end - start >= 30 * MINUTE_US:
        site = int(world.devices["site"][device])
        at = start + 30 * MINUTE_US
        yield site, device, "device_offline", "MEDIUM", at, f"dark-{device}-{start}", episode


def _network(world: World, _duties: pl.DataFrame, span: Span) -> Iterator[Row]:
    site, start, end, _, episode = span
    if end - start >= 20 * MINUTE_US:
        at = (
            start
            + 12 * MINUTE_US
            + int(Stream(world.config.seed, "desk.net").integers(240, site, start)) * SECOND_US
        )
        yield site, -1, "device_offline", "MEDIUM", at, f"net-{site}-{start}", episode


def _surge(world: World, _duties: pl.DataFrame, span: Span) -> Iterator[Row]:
    site, start, end, value, episode = span
    draw = Stream(world.config.seed, "desk.surge")
    for n in range(max(1, round(value * (end - start) / HOUR_US))):
        kind = _SURGE[int(draw.integers(len(_SURGE), site, start, n))]
        at = start + int(draw.uniform(site, start, n, 1) * (end - start))
        yield site, -1, kind, _of(kind), at, f"surge-{site}-{start}", episode


def _flapping(world: World, _duties: pl.DataFrame, span: Span) -> Iterator[Row]:
    site, start, end, value, episode = span
    draw = Stream(world.config.seed, "desk.flap")
    device = int(_some_device(world, np.array([site]), np.array([start // MINUTE_US]))[0])
    count = max(2, round(value * (end - start) / HOUR_US))
    for n in range(count):
        at = start + int((n + draw.uniform(site, start, n)) * (end - start) / count)
        yield site, device, "video_loss", "MEDIUM", at, f"flap-{site}-{start}", episode


def _grave(world: World, _duties: pl.DataFrame, span: Span) -> Iterator[Row]:
    """Something grave, for somebody to see to or not, a minute or two after the start."""
    site, start, _, _, episode = span
    draw = Stream(world.config.seed, "desk.fault")
    at = start + (20 + int(draw.integers(100, site, start))) * SECOND_US
    kind = "access_tamper" if draw.chance(TAMPERED, site, start, 1) else "perimeter_sensor"
    yield site, -1, kind, _of(kind), at, f"fault-{site}-{start}", episode


def _drill(world: World, _duties: pl.DataFrame, span: Span) -> Iterator[Row]:
    site, start, end, _, episode = span
    draw = Stream(world.config.seed, "desk.drill")
    for n in range(22 + int(draw.integers(12, site, start))):
        at = start + int(draw.uniform(site, start, n) * (end - start))
        kind = "fire_detector" if n == 0 else _SURGE[n % len(_SURGE)]
        yield site, -1, kind, _of(kind), at, f"drill-{site}-{start}", episode


def _panic(world: World, duties: pl.DataFrame, span: Span) -> Iterator[Row]:
    """A press that is not cancelled at once reaches the control room as an alert."""
    duty, start, _, value, episode = span
    if value == 2:
        return
    site, device = (int(v) for v in duties.select("site", "device").row(duty))
    at = (
        start
        + 2 * SECOND_US
        + int(Stream(world.config.seed, "desk.panic").integers(1500, duty, start)) * 1000
    )
    yield site, device, "panic", "CRITICAL", at, f"panic-{duty}-{start}", episode


_MAKERS = {
    Effect.DARK: _offline,
    Effect.NETWORK_DOWN: _network,
    Effect.ALERT_SURGE: _surge,
    Effect.ALERT_FLAPPING: _flapping,
    Effect.ESCALATION_FAULT: _grave,
    Effect.ALERT_RAISED: _grave,
    Effect.DRILL: _drill,
    Effect.PANIC: _panic,
}


def plain(value: Any) -> Any:
    """A number as Python's own; what events and facts are made of."""
    return value.item() if isinstance(value, np.generic) else value
