"""Checkpoints and the tours that pass them.

Checkpoints lie on a rough ring inside the fence, numbered by angle, so that neighbours in the
order are neighbours on the ground. A mobile post drives to a few points outside the fence too.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.config import WorldConfig
from vigia.simulator.draws import Floats, Ints, Stream
from vigia.simulator.world import model

FEWEST_POINTS, MOST_POINTS = 6, 12
WALK_MPS = 1.2
FASTEST_MPS = 2.4
"""Faster than this between two checkpoints nobody walks with honest scans: a jog."""
OUTLYING = 2
_TECHS = (("nfc", 0.6), ("qr", 0.25), ("ble", 0.1), ("gps", 0.05))
_INTERVALS_MIN = ((90, 0.25), (120, 0.6), (180, 0.15))
_KINDS = (("fixed_order", 0.5), ("any_order", 0.35), ("random", 0.1), ("fire_watch", 0.05))
_STATIC_TOURS = {"gate": 0.5, "static": 0.4, "reception": 0.35, "control_room": 0.0}
"""Chance that a post which does not patrol still makes rounds."""


def checkpoints(
    config: WorldConfig, site: pl.DataFrame, zone: pl.DataFrame, post: pl.DataFrame
) -> pl.DataFrame:
    """Six to twelve points a site, and two outside the fence where a mobile post drives."""
    number = site["site"].to_numpy()
    draw = Stream(config.seed, "checkpoint")
    inside = FEWEST_POINTS + draw.integers(MOST_POINTS - FEWEST_POINTS + 1, number, -1, 0)
    mobile = np.isin(number, post.filter(pl.col("kind") == "mobile")["site"].to_numpy())
    count = inside + np.where(mobile, OUTLYING, 0)
    home = np.repeat(number, count)
    order = np.arange(len(home)) - np.repeat(np.cumsum(count) - count, count)
    outside = order >= inside[home]
    east, north = _ring(draw, site, home, order, inside[home], outside)
    share = _indoor_share(post, config.sites)
    indoor = draw.chance(share[home], home, order, 3) & ~outside
    code = site["code"].to_list()
    techs = draw.choice([w for _, w in _TECHS], home, order, 4)
    return pl.DataFrame(
        {
            "checkpoint": np.arange(len(home)),
            "code": [f"{code[s]}-C{o + 1:02d}" for s, o in zip(home, order, strict=True)],
            "site": home,
            "zone": _zones(draw, zone, home, order, indoor),
            "name": [f"Point {o + 1}" for o in order],
            # Satellites are no use under a roof.
            "tech": [
                "nfc" if i and t == 3 else _TECHS[t][0] for t, i in zip(techs, indoor, strict=True)
            ],
            "x_m": np.round(east, 1),
            "y_m": np.round(north, 1),
            "radius_m": np.where(outside, 40.0, 15.0 + 5 * draw.integers(4, home, order, 5)),
            "indoor": indoor,
            "order_no": order + 1,
            "required": draw.chance(0.9, home, order, 6),
            "dwell_s": 5 + 5 * draw.integers(6, home, order, 7),
        },
        schema=model.CHECKPOINTS,
    )


def _ring(
    draw: Stream, site: pl.DataFrame, home: Ints, order: Ints, inside: Ints, outside: Ints
) -> tuple[Floats, Floats]:
    """Metres east and north of the centre."""
    radius = site["fence_radius_m"].to_numpy()[home]
    within = radius * draw.uniform(home, order, 1, low=0.35, high=0.85)
    beyond = radius + draw.uniform(home, order, 1, low=120.0, high=300.0)
    step = order + draw.uniform(home, order, 2, low=-0.3, high=0.3)
    angle = 2 * np.pi * (step / inside + draw.uniform(home, -1, 2))
    away = np.where(outside, beyond, within)
    return away * np.cos(angle), away * np.sin(angle)


def _indoor_share(post: pl.DataFrame, sites: int) -> Floats:
    """Share of checkpoints under a roof: that of the site's posts, less its surroundings."""
    share = post.group_by("site").agg(pl.col("indoor").mean()).sort("site")["indoor"].to_numpy()
    return 0.1 + 0.6 * share[:sites]


def _zones(draw: Stream, zone: pl.DataFrame, home: Ints, order: Ints, indoor: Ints) -> Ints:
    owner = zone["site"].to_numpy()
    first = np.searchsorted(owner, home)
    roofed = np.searchsorted(owner, home, side="right") - first - 1
    chosen: Ints = first + np.where(indoor, 1 + draw.integers(roofed, home, order, 8), 0)
    return chosen


def tours(
    config: WorldConfig, site: pl.DataFrame, post: pl.DataFrame, checkpoint: pl.DataFrame
) -> pl.DataFrame:
    """One tour a post that makes rounds; four to eight of them in a shift of twelve hours."""
    draw = Stream(config.seed, "tour")
    number = post["post"].to_numpy()
    chance = post["kind"].replace_strict(_STATIC_TOURS, default=1.0, return_dtype=pl.Float64())
    walks = post.filter(pl.Series(draw.chance(chance.to_numpy(), number, 0)))
    rings = _rings(site, checkpoint)
    serial: dict[int, int] = {}
    rows = []
    for row in walks.iter_rows(named=True):
        serial[row["site"]] = serial.get(row["site"], 0) + 1
        points = rings[row["site"], row["kind"] == "mobile"]
        start = int(draw.integers(len(points), row["post"], 1))
        points = points[start:] + points[:start]
        rows.append(_tour(draw, row, serial[row["site"]], points, checkpoint))
    frame = pl.DataFrame(rows, schema={k: v for k, v in model.TOURS.items() if k != "tour"})
    return frame.with_row_index("tour").select(model.TOURS.names()).cast(model.TOURS)


def _rings(site: pl.DataFrame, checkpoint: pl.DataFrame) -> dict[tuple[int, bool], list[int]]:
    """Checkpoints by site and whether on wheels: those outside the fence are for wheels only."""
    radius = site["fence_radius_m"].to_numpy()[checkpoint["site"]]
    outside = np.hypot(checkpoint["x_m"], checkpoint["y_m"]) > radius
    rings: dict[tuple[int, bool], list[int]] = {}
    for number, home, far in zip(
        checkpoint["checkpoint"], checkpoint["site"], outside, strict=True
    ):
        rings.setdefault((home, True), []).append(number)
        if not far:
            rings.setdefault((home, False), []).append(number)
    return rings


def _tour(
    draw: Stream, post: dict[str, object], serial: int, points: list[int], checkpoint: pl.DataFrame
) -> dict[str, object]:
    number = int(str(post["post"]))
    on_route = checkpoint[points]
    legs = np.hypot(np.diff(on_route["x_m"]), np.diff(on_route["y_m"]))
    speed = WALK_MPS * (3.0 if post["kind"] == "mobile" else 1.0)
    walk_s = legs.sum() / speed + int(on_route["dwell_s"].sum())
    interval = _INTERVALS_MIN[int(draw.choice([w for _, w in _INTERVALS_MIN], number, 2))][0]
    drawn = _KINDS[int(draw.choice([w for _, w in _KINDS], number, 3))][0]
    fastest = FASTEST_MPS * (3.0 if post["kind"] == "mobile" else 1.0)
    return {
        "code": f"{str(post['code']).split('-')[0]}-T{serial}",
        "site": post["site"],
        "post": number,
        "name": f"Round of {str(post['name']).lower()}",
        "kind": "mobile" if post["kind"] == "mobile" else drawn,
        "planned_min": int(np.clip(np.ceil(walk_s * 1.4 / 60), 8, 60)),
        "min_leg_s": int(max(legs.min() / fastest, 3.0)),
        "mandatory": drawn == "fire_watch" or bool(draw.chance(0.5, number, 4)),
        "interval_min": interval,
        "window_min": 30,
        "grace_min": 15,
        "checkpoints": points,
    }
