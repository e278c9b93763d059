"""How the pages say numbers, times and states; plain functions, no Streamlit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from dashboards.data.source import Tenant

NOTHING = "–"
"""What stands where there is no value."""
_MINUTES_PER_DAY = 1440.0
_MINUTES_PER_HOUR = 60.0


def clock_text(tenant: Tenant) -> str:
    """What time it is for the tenant, and by which clock."""
    if tenant.now is None:
        return f"No data yet · {tenant.zone}"
    at = tenant.local(tenant.now)
    which = "wall clock" if tenant.is_live else "data clock: its newest event"
    return f"**{at:%a %d %b %Y, %H:%M}** {tenant.zone} · {which}"


def duration(minutes: float | None) -> str:
    """Minutes as a person says them.

    >>> duration(42), duration(90), duration(3000), duration(None)
    ('42 min', '1.5 h', '2.1 d', '–')
    """
    if minutes is None:
        return NOTHING
    if abs(minutes) < _MINUTES_PER_HOUR:
        return f"{minutes:.0f} min"
    if abs(minutes) < _MINUTES_PER_DAY:
        return f"{minutes / _MINUTES_PER_HOUR:.1f} h"
    return f"{minutes / _MINUTES_PER_DAY:.1f} d"


def count(number: float | None) -> str:
    """A whole number with separators; a dash for what is not known.

    >>> count(141712), count(None)
    ('141,712', '–')
    """
    return NOTHING if number is None else f"{number:,.0f}"


def percent(number: float | None) -> str:
    """A percentage with one decimal; a dash for what is not known.

    >>> percent(63.41), percent(None)
    ('63.4 %', '–')
    """
    return NOTHING if number is None else f"{number:.1f} %"


def axis(title: str, unit: str, per: str = "") -> str:
    """What stands on an axis: what is measured and in which unit.

    >>> axis("Tickets opened", "1", "/h"), axis("Charge", "percent")
    ('Tickets opened (count/h)', 'Charge (percent)')
    """
    return f"{title} ({'count' if unit == '1' else unit}{per})"


def change(today: float | None, normal: float | None, *, is_whole: bool = True) -> str | None:
    """How today differs from a normal day; None when there is nothing to compare.

    What was counted in a part of a day is a share of a whole one, and no less than usual.

    >>> change(12, 10), change(3, 0), change(3, 10, is_whole=False)
    ('+20 % against normal', None, '30 % of a whole day')
    """
    if today is None or not normal:
        return None
    if not is_whole:
        return f"{100 * today / normal:.0f} % of a whole day"
    return f"{100 * (today - normal) / normal:+.0f} % against normal"


def local_text(tenant: Tenant, instant: datetime | None) -> str:
    """An instant on the tenant's wall; a dash when there is none."""
    return NOTHING if instant is None else f"{tenant.local(instant):%Y-%m-%d %H:%M}"


def localised(tenant: Tenant, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as a table shows it: instants on the tenant's wall, fractions to one place."""
    shown = frame.with_columns(
        pl.col(pl.Datetime).map_elements(lambda at: local_text(tenant, at), return_dtype=pl.String),
        pl.selectors.float().round(1),
    )
    return shown.rename({c: c.removesuffix("_at").replace("_", " ") for c in shown.columns})
