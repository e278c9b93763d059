"""Frames by UTC day."""

from __future__ import annotations

import polars as pl

from vigia.simulator.config import DAY_US

FEW = 6
"""So many days are faster picked out one by one."""


def by_day(frame: pl.DataFrame, at_us: pl.Expr) -> dict[int, pl.DataFrame]:
    """The rows of each UTC day (days since 1970), in their order.

    >>> by_day(pl.DataFrame({"t": [5, DAY_US, 6]}), pl.col("t"))[0]["t"].to_list()
    [5, 6]
    """
    day = frame.select((at_us // DAY_US).alias("_day_of")).to_series()
    days = day.unique().sort()
    if len(days) <= FEW:
        return {number: frame.filter(day == number) for number in days.to_list()}
    dated = frame.with_columns(day)
    parts = dated.partition_by("_day_of", as_dict=True, include_key=False)
    return {int(key[0]): part for key, part in parts.items()}
