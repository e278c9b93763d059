"""What all pictures share: colours, letters, nights, and small files."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

mpl.use("Agg")

WIDTH_IN, DPI = 14.4, 100
INK, FAINT, NIGHT = "#22303c", "#8795a1", "#e9edf3"
GOOD, FAIR, BAD = "#2f8f5b", "#e3b341", "#c9372c"
PHONE, POSITION, WORK, WELFARE = "#3566a8", "#1f9199", "#8a5fb0", "#c77a1e"
EVENING, MORNING = 20, 6
"""Hours of the local day between which the ground is shaded."""
_STYLE: dict[Any, Any] = {
    "font.size": 14,
    "axes.titlesize": 15,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.dpi": DPI,
}


def figure(height_in: float, title: str, below: str) -> Figure:
    """An empty picture with its finding above and what it is about below.

    Args:
        height_in: Height; 100 pixels an inch.
        title: The finding, in a sentence.
        below: Where the figures are from, in smaller letters.
    """
    mpl.rcParams.update(_STYLE)
    drawn = plt.figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    drawn.suptitle(f"{title}", fontsize=20, fontweight="bold", x=0.01, ha="left")
    drawn.supxlabel(below, fontsize=12.5, color=FAINT, x=0.01, ha="left")
    return drawn


def save(drawn: Figure, path: Path, colours: int) -> Path:
    """Write a picture with few colours, which makes it small; returns its path."""
    raw = io.BytesIO()
    drawn.savefig(raw, format="png", metadata={"Software": None})
    plt.close(drawn)
    few = Image.open(raw).convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    return path


def shade_nights(axes: Axes, start: datetime, end: datetime) -> None:
    """Shade every night between two instants of the wall clock."""
    day = start.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    while day < end:
        dusk, dawn = day + timedelta(hours=EVENING), day + timedelta(hours=24 + MORNING)
        if dusk < end and dawn > start:
            axes.axvspan(max(dusk, start), min(dawn, end), color=NIGHT, lw=0, zorder=0)  # type: ignore[arg-type]
        day += timedelta(days=1)


def name_days(axes: Axes, start: datetime, end: datetime) -> None:
    """Name each day at its noon, and draw a tick at its midnight."""
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    noons = [day + timedelta(hours=12) for day in days[:-1]]
    axes.set_xticks(days, [""] * len(days))  # type: ignore[arg-type]
    axes.set_xticks(noons, [f"{noon:%A} {noon.day}" for noon in noons], minor=True)  # type: ignore[arg-type]
    axes.tick_params(axis="x", which="minor", length=0)
