"""Small pictures and tables for a run's page, in Markdown. Nothing here reads or decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

_BARS = "▁▂▃▄▅▆▇█"
MAX_POINTS = 60


def sparkline(values: Sequence[float]) -> str:
    """Draw a series as one line of bars, highest value highest, zero lowest.

    >>> sparkline([0, 1, 2, 4])
    '▁▃▅█'
    """
    width = max(1, -(-len(values) // MAX_POINTS))
    points = [sum(values[i : i + width]) for i in range(0, len(values), width)]
    top = max(points, default=0)
    return "".join(_BARS[round(p / top * (len(_BARS) - 1))] if top else _BARS[0] for p in points)


def table(rows: Sequence[Mapping[str, object]]) -> dg.MarkdownMetadataValue:
    """Show rows with equal keys as a Markdown table; numbers with thousands apart."""
    if not rows:
        return dg.MetadataValue.md("*nothing*")
    names = list(rows[0])
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(_cell(row[name]) for name in names)} |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))


def series(counts: Mapping[Any, int]) -> dg.MarkdownMetadataValue:
    """Show counts by something that has an order, such as days, as a line of bars with its ends."""
    if not counts:
        return dg.MetadataValue.md("*nothing*")
    keys = sorted(counts, key=str)
    bars = sparkline([counts[key] for key in keys])
    return dg.MetadataValue.md(f"`{keys[0]}` {bars} `{keys[-1]}`")


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
