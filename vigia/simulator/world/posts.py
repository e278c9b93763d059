"""What is guarded at a site: posts, and how many people each needs at which hours of the week.

Belongs here: the contract. Who works when is in `rotas` and `roster`.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import polars as pl

from vigia.simulator.config import WorldConfig
from vigia.simulator.draws import Bools, Floats, Ints, Stream, normal_quantile
from vigia.simulator.world import model
from vigia.simulator.world.archetypes import ARCHETYPE, Archetype, open_weekdays

MEDIAN_POSTS = 2.0
POSTS_SIGMA = 0.914
"""The 95th percentile is nine: exp(1.645 x 0.914) = 4.5 times the median."""
MOST_POSTS = 16
EVERY_DAY = tuple(range(7))
LONGEST_OPEN_SHIFT_H = 12

_NAMES = {
    "static": "Static post",
    "gate": "Gate",
    "patrol": "Patrol",
    "reception": "Reception",
    "control_room": "Control room",
    "mobile": "Mobile patrol",
}
_ALWAYS_INDOOR = ("reception", "control_room")
_NEVER_INDOOR = ("gate", "mobile")
_WORK_EXPECTED = {"gate": 0.9, "patrol": 1.0, "mobile": 1.0, "reception": 0.6, "static": 0.45}
_AWAY_FROM_CENTRE = {"gate": 0.85, "reception": 0.35, "control_room": 0.2, "mobile": 0.7}


class Cover(StrEnum):
    """When a post is manned, by the site's wall clock."""

    TWELVE = "12h"
    """Round the clock in two shifts, 06-18 and 18-06."""
    EIGHT = "8h"
    """Round the clock in three shifts, 06-14, 14-22 and 22-06."""
    DAYS = "day"
    """06-18 every day."""
    NIGHTS = "night"
    """18-06 every day."""
    OPEN = "open"
    """While the site is open."""


_SHIFTS: dict[Cover, tuple[tuple[int, int], ...]] = {
    Cover.TWELVE: ((6, 18), (18, 6)),
    Cover.EIGHT: ((6, 14), (14, 22), (22, 6)),
    Cover.DAYS: ((6, 18),),
    Cover.NIGHTS: ((18, 6),),
}
_COVER_WEIGHTS = {
    "gate": (0.5, 0.5, 0.0),
    "reception": (0.3, 0.7, 0.0),
    "static": (0.5, 0.3, 0.2),
    "control_room": (1.0, 0.0, 0.0),
}
_PATROL_WEIGHTS = (0.5, 0.2, 0.3)


def posts(config: WorldConfig, site: pl.DataFrame, zone: pl.DataFrame) -> pl.DataFrame:
    """The posts of every site, in the order in which the site added them."""
    home, rank = _laid_out(_sizes(config, site))
    kinds = site["archetype"].to_list()
    kind = [
        ARCHETYPE[kinds[s]].kinds[r % len(ARCHETYPE[kinds[s]].kinds)]
        for s, r in zip(home, rank, strict=True)
    ]
    draw = Stream(config.seed, "post")
    of = [ARCHETYPE[kinds[s]] for s in home]
    indoor = _indoor(config, of, kind, draw.uniform(home, rank, 0))
    no_gps = (site["gps_expectation"] == "none").to_numpy()[home]
    # A control room is deep inside; other posts under a roof lie near doors now and then.
    roofed = np.array([0.05 if k == "control_room" else 0.25 for k in kind])
    work = np.array([_WORK_EXPECTED.get(k, 0.0) for k in kind])
    armed = draw.chance([a.armed for a in of], home, rank, 2)
    must_man = np.where(rank == 0, 0.7, np.where(armed, 0.8, 0.2))
    east, north = _placed(site, kind, home, rank, draw)
    code = site["code"].to_list()
    return pl.DataFrame(
        {
            "post": np.arange(len(home)),
            "code": [f"{code[s]}-P{r + 1}" for s, r in zip(home, rank, strict=True)],
            "site": home,
            "zone": _zones(zone, home, rank, indoor, draw),
            "name": _numbered(kind, home),
            "kind": kind,
            "must_man": draw.chance(must_man, home, rank, 3),
            "armed": armed,
            "lone": False,
            "gps_expected": ~no_gps & (~indoor | draw.chance(roofed, home, rank, 4)),
            "work_expected": draw.chance(work, home, rank, 5),
            "indoor": indoor,
            "x_m": np.round(east, 1),
            "y_m": np.round(north, 1),
        },
        schema=model.POSTS,
    )


def _sizes(config: WorldConfig, site: pl.DataFrame) -> Ints:
    """Posts of each site: log-normal over all sites, large where the kind of site is."""
    draw = Stream(config.seed, "site.size")
    number = site["site"].to_numpy()
    level = (np.arange(config.sites) + draw.uniform(0)) / config.sites
    size = np.rint(MEDIAN_POSTS * np.exp(POSTS_SIGMA * normal_quantile(level)))
    bulk = np.array([ARCHETYPE[kind].bulk for kind in site["archetype"]])
    order = np.argsort(bulk + draw.normal(1, number), kind="stable")
    sizes = np.empty(config.sites, dtype=np.int64)
    sizes[order] = np.clip(size, 1, MOST_POSTS).astype(np.int64)
    return sizes


def _laid_out(sizes: Ints) -> tuple[Ints, Ints]:
    """The site of each post, and its place among the site's posts."""
    home = np.repeat(np.arange(len(sizes)), sizes)
    rank = np.arange(len(home)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return home, rank


def _indoor(config: WorldConfig, of: list[Archetype], kind: list[str], level: Floats) -> Bools:
    share = np.array([a.indoor for a in of]) + config.knobs.indoor
    share[np.isin(kind, _ALWAYS_INDOOR)] = 0.95
    share[np.isin(kind, _NEVER_INDOOR)] = 0.0
    inside: Bools = level < share
    return inside


def _zones(zone: pl.DataFrame, home: Ints, rank: Ints, indoor: Bools, draw: Stream) -> Ints:
    """The zone of each post: the first one is the ground outside, the others are inside."""
    owner = zone["site"].to_numpy()
    first = np.searchsorted(owner, home)
    roofed = np.searchsorted(owner, home, side="right") - first - 1
    chosen: Ints = first + np.where(indoor, 1 + draw.integers(roofed, home, rank, 6), 0)
    return chosen


def _numbered(kind: list[str], home: Ints) -> list[str]:
    """Names such as "Gate 2"."""
    seen: dict[tuple[int, str], int] = {}
    names = []
    for s, k in zip(home.tolist(), kind, strict=True):
        seen[s, k] = seen.get((s, k), 0) + 1
        names.append(f"{_NAMES[k]} {seen[s, k]}")
    return names


def _placed(
    site: pl.DataFrame, kind: list[str], home: Ints, rank: Ints, draw: Stream
) -> tuple[Floats, Floats]:
    """Where each post stands, metres east and north of the centre, inside the fence."""
    radius = site["fence_radius_m"].to_numpy()[home]
    away = np.array([_AWAY_FROM_CENTRE.get(k, 0.55) for k in kind])
    distance = radius * away * draw.uniform(home, rank, 7, low=0.85, high=1.1)
    # Golden angles keep the posts of a site apart.
    angle = 2 * np.pi * (draw.uniform(home, -1, 8) + 0.381966 * rank)
    return distance * np.cos(angle), distance * np.sin(angle)


def requirements(config: WorldConfig, site: pl.DataFrame, post: pl.DataFrame) -> pl.DataFrame:
    """People needed by post, weekday and shift."""
    rows: list[tuple[int, int, int, int, int, str]] = []
    draw = Stream(config.seed, "post.cover")
    about = site.select("archetype", "round_the_clock").rows()
    rank = 0
    last = -1
    for number, code, home, kind in post.select("post", "code", "site", "kind").iter_rows():
        rank = rank + 1 if home == last else 0
        last = home
        archetype, always = ARCHETYPE[about[home][0]], about[home][1]
        cover = _cover(draw, archetype, home, rank, kind) if always else Cover.OPEN
        two = bool(draw.chance(archetype.second_by_day, home, rank, 3))
        rows += _weekly(number, code, cover, archetype, two_by_day=two)
    return pl.DataFrame(rows, schema=model.REQUIREMENTS, orient="row")


def _cover(draw: Stream, archetype: Archetype, home: int, rank: int, kind: str) -> Cover:
    """Hours of a post at a site that is guarded round the clock; its first post always is."""
    always = Cover.EIGHT if draw.chance(archetype.eight_hours, home, -1, 0) else Cover.TWELVE
    if rank == 0:
        return always
    drawn = draw.choice(_COVER_WEIGHTS.get(kind, _PATROL_WEIGHTS), home, rank, 1)
    return (always, Cover.DAYS, Cover.NIGHTS)[int(drawn)]


def _weekly(
    post: int, code: str, cover: Cover, archetype: Archetype, *, two_by_day: bool
) -> list[tuple[int, int, int, int, int, str]]:
    shifts = _open_shifts(archetype) if cover is Cover.OPEN else _SHIFTS[cover]
    days = open_weekdays(archetype) if cover is Cover.OPEN else EVERY_DAY
    rows: list[tuple[int, int, int, int, int, str]] = []
    for start, end in shifts:
        needed = 2 if two_by_day and start < 12 and cover is not Cover.NIGHTS else 1
        for day in days:
            serial = f"{code}R{len(rows) + 1:02d}"
            rows.append((post, day, start * 60, end * 60 % 1440, needed, serial))
    return rows


def _open_shifts(archetype: Archetype) -> tuple[tuple[int, int], ...]:
    """One shift while the site is open, or two of equal length if one would be too long."""
    opens, closes = archetype.opens, archetype.closes
    if closes - opens <= LONGEST_OPEN_SHIFT_H:
        return ((opens, closes),)
    middle = (opens + closes) // 2
    return (opens, middle), (middle, closes)


def with_lone(post: pl.DataFrame, requirement: pl.DataFrame) -> pl.DataFrame:
    """Mark the posts whose guard is alone at the site during any hour of the week."""
    need = requirement.join(post.select("post", "site"), on="post")
    minute = pl.int_range(7 * 24).alias("hour")
    hours = need.with_columns(
        first=pl.col("dow") * 24 + pl.col("start_min") // 60,
        length=((pl.col("end_min") - pl.col("start_min") - 1) % 1440 + 1) // 60,
    )
    manned = (
        hours.join(pl.DataFrame().select(minute), how="cross")
        .filter((pl.col("hour") - pl.col("first")) % 168 < pl.col("length"))
        .with_columns(people=pl.col("headcount").sum().over("site", "hour"))
    )
    alone = manned.filter(pl.col("people") == 1)["post"].unique()
    return post.with_columns(lone=pl.col("post").is_in(alone.implode()))
