"""One site's week: signals, tours and people on duty, as they arrive at a control room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bench.pictures.drawing import (
    BAD,
    EVENING,
    FAIR,
    GOOD,
    INK,
    MORNING,
    PHONE,
    POSITION,
    WELFARE,
    WORK,
    figure,
    name_days,
    shade_nights,
)
from bench.pictures.observed import Want, instant, observed, reference
from vigia.domain.findings.categorise import resolve
from vigia.evaluate.truth import read_truth
from vigia.simulator.config import WorldConfig

SLOT_MIN, TOUR_SLOT_H = 15, 3
FAMILIES = {
    "phone": (PHONE, ("phone_event", "device_heartbeat", "attendance_event", "panic_event")),
    "position": (POSITION, ("gps_fix",)),
    "work": (WORK, ("checkpoint_scan", "tour_run", "task", "incident_report")),
    "welfare": (WELFARE, ("welfare_check",)),
}
"""What counts as a sign of life of whom, as long as a device on the site sent it."""
SHOWN = ("K01", "K02", "K03", "K04", "K06", "K07", "K08", "K09", "K12")
"""Classes that are seen in what the picture shows."""
MOST_MARKS = 9
_TEXT = pl.String()
_TEXTS = ("status", "kind", "run_id", "due_at", "assignment_id", "shift_id", "starts_at", "ends_at")
_FIELDS = {**dict.fromkeys(_TEXTS, _TEXT), "headcount": pl.Int64()}


def week(world: Path, company: Path, config: WorldConfig) -> Figure:
    """Draw the site and week in which most kinds of trouble are to be seen."""
    place = _place(world, company, config)
    code, zone = place["code"], ZoneInfo(place["tz"])
    events = _at_site(company, code, zone)
    start = datetime.fromtimestamp(config.test_us / 1e6, UTC).astimezone(zone)
    start = start.replace(hour=0, minute=0, tzinfo=None)
    span = start, start + timedelta(days=min(7, config.test_days))
    episodes, traps = _episodes(world, code, zone, span), _traps(world, code, zone, span)
    sent = _signals(events, span)
    total = sum(int(counts.sum()) for counts in sent.values())
    drawn = figure(
        10.8,
        f"{place['name']}: a {place['archetype']} sends {total:,} signals in a week,\n"
        f"and {len(episodes)} times a controller should have noticed something",
        f"{code}, wall clock of {place['tz']}, signals by arrival. Grey: night, {EVENING} to "
        f"{MORNING} h. From the truth: red, what was wrong; yellow, what only looks like it.",
    )
    panels = drawn.subplots(len(FAMILIES) + 2, 1, sharex=True, height_ratios=[1, 1, 1, 1, 1.3, 1.3])
    for axes in panels:
        shade_nights(axes, *span)
        for row in traps.iter_rows(named=True):
            axes.axvspan(row["from"], row["to"], color=FAIR, alpha=0.3, lw=0, zorder=1)
        for row in episodes.iter_rows(named=True):
            axes.axvspan(row["from"], row["to"], color=BAD, alpha=0.25, lw=0, zorder=1)
    for axes, (name, counts) in zip(panels, sent.items(), strict=False):
        _draw_signals(axes, name, counts, span[0])
    _draw_tours(panels[-2], events, span)
    _draw_people(panels[-1], events, span)
    _name_episodes(panels[0], episodes, span)
    panels[-1].set_xlim(*span)
    name_days(panels[-1], *span)
    drawn.align_ylabels(panels)
    return drawn


def _place(world: Path, company: Path, config: WorldConfig) -> dict[str, str]:
    """The site of which most classes are to be seen, few enough to be told apart."""
    start = datetime.fromtimestamp(config.test_us / 1e6, UTC)
    shown = read_truth(world).episodes.filter(
        pl.col("class").is_in(SHOWN), pl.col("onset") >= start, pl.col("site").is_not_null()
    )
    ranked = (
        shown.group_by("site")
        .agg(pl.col("class").n_unique().alias("classes"), pl.len().alias("n"))
        .filter(pl.col("n") <= MOST_MARKS)
        .sort("classes", "n", "site", descending=[True, True, False])
    )
    sites = reference(company, "site")
    code = ranked["site"][0] if ranked.height else sites["code"][0]
    return sites.row(by_predicate=pl.col("code") == code, named=True)


def _episodes(
    world: Path, code: str, zone: ZoneInfo, span: tuple[datetime, datetime]
) -> pl.DataFrame:
    """`from`, `to` on the wall clock and `name` of what was wrong, in the order of its onset."""
    mine = read_truth(world).episodes.filter(site=code).filter(pl.col("class").is_in(SHOWN))
    titles = {name: resolve(name).title for name in mine["expected_type"].unique()}
    return (
        mine.select(
            _local("onset", zone).alias("from"),
            _local("end", zone).alias("to"),
            pl.col("expected_type").replace_strict(titles, return_dtype=_TEXT).alias("name"),
        )
        .filter(pl.col("from").is_between(*span))
        .sort("from")
    )


def _traps(world: Path, code: str, zone: ZoneInfo, span: tuple[datetime, datetime]) -> pl.DataFrame:
    """`from` and `to` on the wall clock of innocent look-alikes, those of the whole site only."""
    mine = read_truth(world).traps.filter(site=code, scope_kind="site")
    mine = mine.select("kind", *(_local(name, zone).alias(name) for name in ("from", "to")))
    return mine.filter(pl.col("from").is_between(*span)).sort("from")


def _at_site(company: Path, code: str, zone: ZoneInfo) -> pl.DataFrame:
    """Every event of the site; `at` is its arrival on the wall clock."""
    wants = {"all": Want(_FIELDS, mark=f'"subject":"{code}"')}
    events = observed(company, wants)["all"].filter(site=code)
    instants = (instant(name) for name in ("due_at", "starts_at", "ends_at"))
    return events.with_columns(instants).with_columns(
        _local("received_at", zone).alias("at"),
        *(_local(name, zone) for name in ("due_at", "starts_at", "ends_at", "time")),
    )


def _local(name: str, zone: ZoneInfo) -> pl.Expr:
    return pl.col(name).dt.convert_time_zone(zone.key).dt.replace_time_zone(None)


def _signals(
    events: pl.DataFrame, span: tuple[datetime, datetime]
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Signals of each family by slot of a quarter of an hour."""
    slots = int((span[1] - span[0]) / timedelta(minutes=SLOT_MIN))
    at_site = events.filter(pl.col("source").str.starts_with("phone/"))
    place = (at_site["at"] - span[0]).dt.total_minutes() // SLOT_MIN
    counts = {}
    for name, (_, tables) in FAMILIES.items():
        mine = place.filter(at_site["table"].is_in(tables) & place.is_between(0, slots - 1))
        counts[name] = np.bincount(mine.to_numpy(), minlength=slots)
    return counts


def _draw_signals(
    axes: Axes, name: str, counts: np.ndarray[tuple[int], np.dtype[np.int64]], start: datetime
) -> None:
    at = [start + timedelta(minutes=SLOT_MIN * n) for n in range(len(counts))]
    axes.fill_between(at, counts, step="post", color=FAMILIES[name][0], lw=0, zorder=2)  # type: ignore[arg-type]
    # A burst of stored events must not flatten all the rest.
    top = max(4.0, float(np.quantile(counts, 0.995)) * 1.15)
    axes.set_ylim(0, top)
    axes.set_ylabel(f"{name}\nper {SLOT_MIN} min")


def _draw_tours(axes: Axes, events: pl.DataFrame, span: tuple[datetime, datetime]) -> None:
    """Tours by the hours in which they were due, and what became of them."""
    tours = events.filter(table="tour_run").group_by("run_id").agg(
        pl.col("due_at").drop_nulls().last(), pl.col("status").drop_nulls().last()
    )  # fmt: skip
    slots = int((span[1] - span[0]) / timedelta(hours=TOUR_SLOT_H))
    tours = tours.with_columns(
        slot=(pl.col("due_at") - span[0]).dt.total_hours() // TOUR_SLOT_H
    ).filter(pl.col("slot").is_between(0, slots - 1))
    at = [span[0] + timedelta(hours=TOUR_SLOT_H * (n + 0.5)) for n in range(slots)]
    bottom = np.zeros(slots)
    kinds = {
        "walked": (GOOD, ["completed"]),
        "in part": (FAIR, ["partial"]),
        "missed or given up": (BAD, ["missed", "abandoned"]),
    }
    for label, (colour, states) in kinds.items():
        mine = tours.filter(pl.col("status").is_in(states))["slot"].to_numpy()
        height = np.bincount(mine, minlength=slots)
        width = TOUR_SLOT_H / 24 * 0.8
        axes.bar(at, height, width, bottom, color=colour, zorder=2, label=f"{label}: {len(mine)}")  # type: ignore[arg-type]
        bottom += height
    axes.set_ylabel(f"tours due\nper {TOUR_SLOT_H} h")
    axes.set_ylim(0, bottom.max() * 1.45)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.legend(loc="upper left", ncols=3, fontsize=13)


def _draw_people(axes: Axes, events: pl.DataFrame, span: tuple[datetime, datetime]) -> None:
    """People clocked in, beside those that the roster asks for."""
    shifts = events.filter(table="shift").group_by("shift_id").agg(
        pl.col("starts_at", "ends_at", "headcount", "status").drop_nulls().last()
    ).filter(pl.col("status") != "cancelled")  # fmt: skip
    asked = _stairs(shifts["starts_at"], shifts["ends_at"], shifts["headcount"], span)
    clocked = _clocked(events, shifts)
    one = pl.Series([1]).new_from_index(0, clocked.height)
    here = _stairs(clocked["in"], clocked["out"], one, span)
    axes.fill_between(*here, step="post", color="#9fb4c7", lw=0, zorder=2)  # type: ignore[arg-type]
    axes.step(*asked, where="post", color=INK, lw=2, zorder=3)  # type: ignore[arg-type]
    axes.set_ylim(0, max([*asked[1], *here[1]]) * 1.5)
    axes.set_ylabel("people\non duty")
    handles = [Patch(color="#9fb4c7", label="clocked in"), Patch(color=INK, label="on the roster")]
    axes.legend(handles=handles, loc="upper left", ncols=2, fontsize=13)


def _clocked(events: pl.DataFrame, shifts: pl.DataFrame) -> pl.DataFrame:
    """`in` and `out` of each assignment that was clocked; the planned end where no out came."""
    punches = events.filter(table="attendance_event").group_by("assignment_id").agg(
        pl.col("time").filter(pl.col("kind") == "clock_in").min().alias("in"),
        pl.col("time").filter(pl.col("kind") == "clock_out").max().alias("out"),
    )  # fmt: skip
    assigned = events.filter(table="shift_assignment").group_by("assignment_id").agg(
        pl.col("shift_id").drop_nulls().last()
    )  # fmt: skip
    known = punches.join(assigned, on="assignment_id", how="left").join(
        shifts, on="shift_id", how="left"
    )
    return known.with_columns(pl.col("out").fill_null(pl.col("ends_at"))).drop_nulls(["in", "out"])


def _stairs(
    starts: pl.Series, ends: pl.Series, count: pl.Series, span: tuple[datetime, datetime]
) -> tuple[list[datetime], list[int]]:
    """How many at once, from each change to the next."""
    steps = pl.concat([
        pl.DataFrame({"at": starts.clip(*span), "n": count}),
        pl.DataFrame({"at": ends.clip(*span), "n": -count}),
    ])  # fmt: skip
    steps = steps.group_by("at").sum().sort("at").with_columns(pl.col("n").cum_sum())
    return [*steps["at"], span[1]], [*steps["n"], 0]


def _name_episodes(axes: Axes, episodes: pl.DataFrame, span: tuple[datetime, datetime]) -> None:
    """Names above the first panel, in as many rows as they need."""
    ends: list[datetime] = []
    for row in episodes.iter_rows(named=True):
        width = timedelta(hours=1.35 * len(row["name"]))
        at = min(row["from"], span[1] - width)
        level = next((n for n, end in enumerate(ends) if end <= at), len(ends))
        ends[level : level + 1] = [at + width]
        axes.annotate(
            row["name"],
            (at, 1.02),
            xycoords=("data", "axes fraction"),
            xytext=(0, 19 * level),
            textcoords="offset points",
            color=BAD,
            fontsize=13,
        )
