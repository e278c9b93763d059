"""When tickets come, by the hour of the local day, beside the profile that they were drawn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from bench.pictures.drawing import (
    EVENING,
    INK,
    MORNING,
    NIGHT,
    PHONE,
    POSITION,
    WELFARE,
    WORK,
    figure,
)
from vigia.simulator.config import WorldConfig
from vigia.simulator.desk.arrivals import OFFICE, PROFILES
from vigia.simulator.prepare import Made, prepare

KINDS = {"office": PHONE, "hospital": POSITION, "mall": WORK, "residential": WELFARE}
SITES, DAYS = 160, 56


def tickets(config: WorldConfig) -> Figure:
    """Draw the help desk of a company with only these kinds of sites.

    A desk sends a third of a ticket a site and day: a picture takes a larger company than the
    others, of which only the plan and the desk are made.
    """
    larger = replace(config, sites=SITES, archetypes=tuple(KINDS), learn_days=DAYS - 1, test_days=1)
    hours = _hours(prepare(larger))
    drawn = figure(
        8.2,
        "Tickets come when people are about: by day at offices, in the evening at homes",
        f"{hours.height:,} tickets as the help desk opened them, of {SITES} sites in {DAYS} days; "
        "by the wall clock of the site. Whiskers: one standard error. A burst comes after its cause.",
    )
    panels = drawn.subplots(2, 2, sharex=True, sharey=True).ravel()
    for axes, (kind, colour) in zip(panels, KINDS.items(), strict=True):
        _draw(axes, kind, colour, hours.filter(archetype=kind)["hour"].to_numpy())
    for axes in panels[2:]:
        axes.set_xlabel("hour of the local day")
    for axes in panels[::2]:
        axes.set_ylabel("share of the day's\ntickets in %")
    return drawn


def _hours(made: Made) -> pl.DataFrame:
    """`archetype` and local `hour` of every ticket that was opened before the last day."""
    opened = pl.concat(
        [
            frame.filter(pl.col("ce_type").str.contains(".created.", literal=True)).select(
                pl.col("_site").alias("site"), "ce_time"
            )
            for frame in made.system["ticket"]
        ]
    )
    last = pl.lit(made.world.config.test_us).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    opened = opened.filter(pl.col("ce_time") < last)
    opened = opened.join(made.world.sites.select("site", "archetype", "tz"), on="site")
    parts = [
        part.select(
            "archetype", pl.col("ce_time").dt.convert_time_zone(zone).dt.hour().alias("hour")
        )
        for (zone,), part in opened.group_by("tz", maintain_order=True)
    ]
    return pl.concat(parts)


def _draw(
    axes: Axes, kind: str, colour: str, hours: np.ndarray[tuple[int], np.dtype[np.int8]]
) -> None:
    """Shares of the hours as bars, and the profile as steps."""
    profile = np.array(PROFILES.get(kind, OFFICE), dtype=float)
    profile *= 100 / profile.sum()
    share = 100 * np.bincount(hours, minlength=24) / len(hours)
    # A whisker is one standard error of a share.
    error = 100 * np.sqrt(np.maximum(share, 0.2) / 100 * (1 - share / 100) / len(hours))
    for night in ((0, MORNING), (EVENING, 24)):
        axes.axvspan(*night, color=NIGHT, lw=0, zorder=0)
    middle = np.arange(24) + 0.5
    axes.bar(middle, share, 0.82, color=colour, alpha=0.75, zorder=2, label="tickets")
    axes.errorbar(middle, share, error, fmt="none", ecolor=INK, lw=1, zorder=3)
    axes.stairs(
        profile, np.arange(25), color=INK, lw=2.4, zorder=4, label="profile they were drawn from"
    )
    axes.set_title(f"{kind}: {len(hours):,} tickets, most from {_busiest(share)}", loc="left")
    axes.set_xlim(0, 24)
    axes.set_ylim(0)
    axes.yaxis.set_major_locator(MultipleLocator(4))
    axes.set_xticks(range(0, 25, 3))
    axes.legend(loc="upper left" if kind == "residential" else "upper right", fontsize=13)


def _busiest(share: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    """The three hours in a row in which most tickets come."""
    first = int(np.argmax(np.convolve(share, np.ones(3), "valid")))
    return f"{first:02} to {first + 3:02} h"
