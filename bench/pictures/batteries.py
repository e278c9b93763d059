"""Charge of thirty phones over a shift, with those that were charged and those that died."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.pictures.drawing import BAD, FAINT, GOOD, figure
from bench.pictures.observed import Want, observed, reference

PHONES, SHIFT_H = 30, 12
EMPTY_PCT, SILENT = 4.0, timedelta(minutes=40)
"""A phone that says so little and then nothing for so long has died."""
_TEXT = pl.String()
_PUNCH = {"kind": _TEXT, "assignment_id": _TEXT, "person_id": _TEXT}
_BEAT = {"battery_pct": pl.Float64(), "charging": pl.Boolean()}


def batteries(company: Path) -> Figure:
    """Draw thirty phones that were on duty on one day: the day on which most of them died."""
    read = observed(
        company,
        {"punch": Want(_PUNCH, "attendance_event"), "beat": Want(_BEAT, "device_heartbeat")},
    )
    phones = reference(company, "device_assignment").select("person_id", "device_id")
    curves = _curves(_duties(read["punch"], phones), read["beat"])
    chosen = _chosen(curves)
    whole = chosen.group_by("duty", maintain_order=True).agg(
        pl.col("hour", "battery_pct", "charging"), pl.col("died").any()
    )
    charged = whole.filter(pl.col("charging").list.any())
    lost = _lost_per_hour(chosen)
    drawn = figure(
        8.4,
        f"A phone loses about {lost:.0f} % of its battery an hour: of {whole.height} phones on a "
        f"{SHIFT_H}-hour shift\n{charged.height} were charged on the way and "
        f"{whole['died'].sum()} died",
        f"Charge in heartbeats of phones clocked in on {chosen['day'][0]:%A %-d %B %Y} (UTC), the "
        "day on which most died; of those each heartbeat is a dot.",
    )
    axes = drawn.subplots()
    for row in whole.iter_rows(named=True):
        _draw(axes, row)
    axes.set_xlim(0, SHIFT_H)
    axes.set_ylim(0, 103)
    axes.set_xticks(range(SHIFT_H + 1))
    axes.set_xlabel("hours since clock-in")
    axes.set_ylabel("battery charge in %")
    axes.legend(handles=_legend(), loc="upper right", ncols=3, fontsize=13)
    return drawn


def _duties(punches: pl.DataFrame, phones: pl.DataFrame) -> pl.DataFrame:
    """`duty`, `source`, `in` and `out` of every duty of about the length of the shift."""
    duties = punches.group_by("assignment_id", "person_id").agg(
        pl.col("time").filter(pl.col("kind") == "clock_in").min().alias("in"),
        pl.col("time").filter(pl.col("kind") == "clock_out").max().alias("out"),
    )
    hours = (pl.col("out") - pl.col("in")).dt.total_minutes() / 60
    whole = duties.drop_nulls().filter(hours.is_between(SHIFT_H - 0.5, SHIFT_H + 1))
    return whole.join(phones, on="person_id").select(
        pl.col("assignment_id").alias("duty"),
        (pl.lit("phone/") + pl.col("device_id")).alias("source"),
        "in",
        "out",
    )  # fmt: skip


def _curves(duties: pl.DataFrame, beats: pl.DataFrame) -> pl.DataFrame:
    """One row per heartbeat on duty, by time: `duty`, `day`, `hour` since clock-in, and `died`."""
    on_duty = (
        beats.join(duties, on="source")
        .filter(pl.col("time").is_between("in", "out"))
        .unique(["duty", "time"], keep="first")
        .sort("duty", "time")
    )
    until_next = pl.col("time").shift(-1).fill_null(pl.col("out")) - pl.col("time")
    silent = until_next.over("duty") > SILENT
    return on_duty.with_columns(
        day=pl.col("in").dt.date(),
        hour=(pl.col("time") - pl.col("in")).dt.total_seconds() / 3600,
        died=silent & (pl.col("battery_pct") <= EMPTY_PCT),
    )


def _chosen(curves: pl.DataFrame) -> pl.DataFrame:
    """Phones of the day on which most died: those that died, and others in the order of codes."""
    duties = curves.group_by("duty", "day").agg(pl.col("died").any(), pl.len())
    duties = duties.filter(pl.col("len") > SHIFT_H)
    days = duties.group_by("day").agg(pl.col("died").sum(), pl.len().alias("phones"))
    enough = days.with_columns(few=pl.col("phones") < PHONES)
    day = enough.sort("few", "died", "day", descending=[False, True, False])["day"][0]
    mine = duties.filter(day=day).sort("died", "duty", descending=[True, False]).head(PHONES)
    return curves.join(mine.select("duty"), on="duty", maintain_order="left")


def _lost_per_hour(curves: pl.DataFrame) -> float:
    """What phones lose while they are on no charger."""
    steps = curves.with_columns(
        lost=-pl.col("battery_pct").diff().over("duty"),
        hours=pl.col("hour").diff().over("duty"),
        idle=~(pl.col("charging") | pl.col("charging").shift().over("duty")),
    ).filter("idle")
    return float(np.sum(steps["lost"].to_numpy()) / np.sum(steps["hours"].to_numpy()))


def _draw(axes: Axes, row: dict[str, Any]) -> None:
    """One phone: grey, or red and dotted where it died; green while it is on a charger."""
    hour, charge = np.array(row["hour"]), np.array(row["battery_pct"])
    colour, width = (BAD, 2.4) if row["died"] else (FAINT, 1.3)
    marker = "." if row["died"] else ""
    axes.plot(hour, charge, color=colour, lw=width, marker=marker, alpha=0.9, zorder=2)
    charging = np.array(row["charging"], dtype=bool)
    on_charger = np.where(charging | np.append(False, charging[:-1]), charge, np.nan)
    axes.plot(hour, on_charger, color=GOOD, lw=3.2, zorder=3)
    if row["died"]:
        axes.scatter(hour[-1:], charge[-1:], marker="X", s=150, color=BAD, zorder=4, clip_on=False)


def _legend() -> list[Line2D]:
    """What the lines mean."""
    return [
        Line2D([], [], color=FAINT, lw=2, label="in use"),
        Line2D([], [], color=GOOD, lw=4, label="on a charger"),
        Line2D([], [], color=BAD, lw=2.4, marker="X", markersize=11, label="ran empty and died"),
    ]
