"""One guard's night on the map, true to scale: fence, checkpoints, positions, tours."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from bench.pictures.drawing import FAINT, INK, POSITION, WELFARE, WORK, figure
from bench.pictures.observed import Want, observed, reference

LEAST_HOURS, LATEST_START, EARLIEST_START = 8, 23, 17
METRES_A_DEGREE = 111_195.0
WIDE, APART, TIMES_A_LINE = 1.62, 0.012, 4
PROVIDERS = {"gps": ("GPS", POSITION), "fused": ("fused", WORK), "network": ("network", WELFARE)}
HOURS = mpl.colormaps["plasma"]
_TEXT, _NUMBER = pl.String(), pl.Float64()
_PUNCH = {"kind": _TEXT, "assignment_id": _TEXT, "person_id": _TEXT}
_SCAN = {"run_id": _TEXT, "checkpoint_id": _TEXT}
_FIX = {"lat": _NUMBER, "lon": _NUMBER, "accuracy_m": _NUMBER, "provider": _TEXT}


def night(company: Path) -> Figure:
    """Draw the night in which a guard scanned most checkpoints."""
    sites = reference(company, "site")
    read = observed(
        company,
        {"punch": Want(_PUNCH, "attendance_event"), "scan": Want(_SCAN, "checkpoint_scan")},
    )
    phones = reference(company, "device_assignment").select("person_id", "device_id")
    chosen = _busiest(read["punch"].join(phones, on="person_id"), read["scan"], sites)
    site = sites.row(by_predicate=pl.col("code") == chosen["site"], named=True)
    span = pl.col("time").is_between(chosen["in"], chosen["out"])
    mark = f'"source":"phone/{chosen["device_id"]}"'
    fixes = observed(company, {"fix": Want(_FIX, "gps_fix", mark)})["fix"].filter(span)
    fixes = fixes.unique("time", keep="first", maintain_order=True).drop_nulls(["lat", "lon"])
    mine = pl.col("source") == f"phone/{chosen['device_id']}"
    scans = read["scan"].filter(mine, span).unique(["run_id", "checkpoint_id"], keep="first")
    return _drawn(company, site, fixes, scans.sort("time"), chosen)


def _busiest(punches: pl.DataFrame, scans: pl.DataFrame, sites: pl.DataFrame) -> dict[str, Any]:
    """`site`, `device_id`, `in` and `out` of the night duty with most scans."""
    duties = punches.group_by("assignment_id", "device_id").agg(
        pl.col("site").first(),
        pl.col("time").filter(pl.col("kind") == "clock_in").min().alias("in"),
        pl.col("time").filter(pl.col("kind") == "clock_out").max().alias("out"),
    )
    under_the_sky = sites.filter(gps_expectation="good")
    zones = dict(under_the_sky.select("code", "tz").iter_rows())
    duties = duties.drop_nulls().filter(
        pl.col("site").is_in(list(zones)),
        (pl.col("out") - pl.col("in")).dt.total_hours() >= LEAST_HOURS,
    )
    at_night = pl.Series([
        EARLIEST_START <= start.astimezone(ZoneInfo(zones[site])).hour < LATEST_START
        for site, start in duties.select("site", "in").iter_rows()
    ])  # fmt: skip
    source = (pl.lit("phone/") + pl.col("device_id")).alias("source")
    made = duties.filter(at_night).with_columns(source).join(scans, on="source")
    made = made.filter(pl.col("time").is_between("in", "out"))
    ranked = made.group_by("site", "device_id", "in", "out").len()
    return ranked.sort("len", "in", "device_id", descending=[True, False, False]).row(0, named=True)


def _drawn(
    company: Path,
    site: dict[str, Any],
    fixes: pl.DataFrame,
    scans: pl.DataFrame,
    chosen: dict[str, Any],
) -> Figure:
    zone = ZoneInfo(site["tz"])
    fence = reference(company, "geofence").filter(site_id=site["code"]).row(0, named=True)
    points = _metres(reference(company, "checkpoint").filter(site_id=site["code"]), site)
    fixes = _metres(fixes, site)
    outside = int((np.hypot(fixes["x_m"], fixes["y_m"]) > fence["radius_m"]).sum())
    start, end = (chosen[name].astimezone(zone) for name in ("in", "out"))
    drawn = figure(
        9.6,
        f"A guard's night at {site['name']}: {scans['run_id'].n_unique()} tours, {scans.height} "
        f"scans,\nand {fixes.height} positions, all but {outside} of them inside the fence",
        f"A {site['archetype']} ({site['code']}), phone {chosen['device_id']}, {start:%A} {start.day} "
        f"{start:%B %Y %H:%M} to {end:%H:%M}, wall clock of {site['tz']}. True to scale.",
    )
    axes = drawn.subplots()
    _draw_fence(axes, fence)
    _draw_fixes(axes, fixes, fence["radius_m"])
    _draw_tours(axes, points, scans, (start, end))
    _draw_points(axes, points, scans, zone)
    axes.set_aspect("equal")
    axes.set_xlabel("metres east of the centre of the site")
    axes.set_ylabel("metres north")
    axes.legend(
        handles=_legend(fixes),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.09),
        ncols=2,
        fontsize=13,
    )
    return drawn


def _metres(frame: pl.DataFrame, site: dict[str, Any]) -> pl.DataFrame:
    """Add `x_m` and `y_m`, metres to the east and north of the centre of the site."""
    return frame.with_columns(
        x_m=(pl.col("lon") - site["lon"]) * METRES_A_DEGREE * np.cos(np.radians(site["lat"])),
        y_m=(pl.col("lat") - site["lat"]) * METRES_A_DEGREE,
    )


def _draw_fence(axes: Axes, fence: dict[str, Any]) -> None:
    """The fence; sets the limits of the map."""
    radius = fence["radius_m"]
    axes.add_patch(Circle((0, 0), radius, facecolor="#f4f7f5", edgecolor=INK, lw=2, zorder=0))
    axes.annotate(
        f"fence, {radius:.0f} m", (0, -radius), (0, -16), textcoords="offset points", ha="center"
    )
    limit = radius * 1.2
    axes.set_xlim(-limit * WIDE, limit * WIDE)
    axes.set_ylim(-limit, limit)


def _draw_fixes(axes: Axes, fixes: pl.DataFrame, radius: float) -> None:
    """Each position, and the circle within which the phone believes to be."""
    fixes = fixes.with_columns(outside=np.hypot(fixes["x_m"], fixes["y_m"]) > radius)
    for provider, (_, colour) in PROVIDERS.items():
        mine = fixes.filter(provider=provider)
        circles = [Circle((x, y), r) for x, y, r in mine.select("x_m", "y_m", "accuracy_m").rows()]
        axes.add_collection(PatchCollection(circles, facecolor=colour, alpha=0.06, lw=0, zorder=1))
        axes.scatter(mine["x_m"], mine["y_m"], s=10, color=colour, zorder=3, lw=0)
        # What lies outside must not hide behind the words there.
        strays = mine.filter("outside")
        axes.scatter(strays["x_m"], strays["y_m"], s=45, color=colour, zorder=7, lw=0)


def _draw_tours(
    axes: Axes, points: pl.DataFrame, scans: pl.DataFrame, span: tuple[datetime, datetime]
) -> None:
    """Lines from checkpoint to checkpoint, a little apart, coloured by the hour of the night."""
    whole = (span[1] - span[0]).total_seconds()
    placed = scans.join(points, left_on="checkpoint_id", right_on="code", maintain_order="left")
    for number, (_, run) in enumerate(placed.group_by("run_id", maintain_order=True)):
        at = (run["time"][0] - span[0]).total_seconds() / whole
        # Each round a little further out than the one before, or they would hide each other.
        apart = 1 + APART * number
        axes.plot(run["x_m"] * apart, run["y_m"] * apart, color=HOURS(at), lw=1.5, zorder=4)
    hours = ScalarMappable(Normalize(0, whole / 3600), HOURS)
    bar = axes.figure.colorbar(hours, ax=axes, fraction=0.02, pad=0.01, shrink=0.6)
    bar.set_label("tours, by hours after clock-in")


def _draw_points(axes: Axes, points: pl.DataFrame, scans: pl.DataFrame, zone: ZoneInfo) -> None:
    """Checkpoints, and beside the map when they were scanned."""
    axes.scatter(points["x_m"], points["y_m"], s=90, marker="D", color=INK, zorder=5)
    scanned = points.filter(pl.col("code").is_in(scans["checkpoint_id"].unique().to_list()))
    half = scanned.sort("x_m")
    sides = {-1: half.head(half.height // 2), 1: half.tail(half.height - half.height // 2)}
    (_, edge), (low, high) = axes.get_xlim(), axes.get_ylim()
    for side, mine in sides.items():
        heights = np.linspace(high, low, mine.height + 2)[1:-1]
        # From the top down by angle, so that no line crosses another.
        turning = mine.sort(np.arctan2(side * mine["x_m"], mine["y_m"]))
        for point, height in zip(turning.iter_rows(named=True), heights, strict=True):
            axes.annotate(
                _told(point, scans, zone),
                (point["x_m"], point["y_m"]),
                (side * edge * 0.98, height),
                ha="left" if side < 0 else "right",
                va="center",
                fontsize=12,
                zorder=6,
                bbox={"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 1},
                arrowprops={
                    "arrowstyle": "-",
                    "color": FAINT,
                    "lw": 0.8,
                    "relpos": (side < 0, 0.5),
                },
            )


def _told(point: dict[str, Any], scans: pl.DataFrame, zone: ZoneInfo) -> str:
    """A checkpoint and its scans, a few a line."""
    times = [
        f"{t.astimezone(zone):%H:%M}" for t in scans.filter(checkpoint_id=point["code"])["time"]
    ]
    lines = [" ".join(times[n : n + TIMES_A_LINE]) for n in range(0, len(times), TIMES_A_LINE)]
    return "\n".join([str(point["name"]), *lines])


def _legend(fixes: pl.DataFrame) -> list[Line2D]:
    """What the marks mean."""
    found = [
        Line2D(
            [],
            [],
            marker="D",
            ls="",
            color=INK,
            markersize=9,
            label="checkpoint, with the times of its scans",
        )
    ]
    for provider, (name, colour) in PROVIDERS.items():
        mine = fixes.filter(provider=provider)["accuracy_m"]
        if len(mine):
            within = np.median(mine.to_numpy())
            label = (
                f"{len(mine)} {name} positions; half say they are within {within:.0f} m (circle)"
            )
            found.append(Line2D([], [], marker="o", ls="", color=colour, markersize=8, label=label))
    return found
