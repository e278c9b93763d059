"""What is measured: metrics as data, and one way to turn table rows into values.

A metric is a row of `ops.metric`; the built-in ones are listed here, imported series become
rows when they arrive, and nothing else in the product names a metric. Three shapes cover all
of them: a row counts (or its value is taken) when it happens; a row counts at one of its
instants; a gauge counts the rows whose interval covers the start of a slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from vigia.domain.dictionary import Kind, table

SAMPLE_TABLE = "metric_sample"
MAX_ACCURACY_M = 100
VALID_FIX: Mapping[str, Any] = {
    "valid!": [False],
    "outdated!": [True],
    "accuracy_m<=": MAX_ACCURACY_M,
}


@dataclass(frozen=True, slots=True)
class Until:
    """What ends the interval that a gauge counts.

    Attributes:
        columns: Instants of the row; the earliest ends it, none leaves it open.
        next: Instead: the next row with the same value of this column ends it.
        delay_s: The interval starts this long after the row.
        cap_s: It ends at the latest this long after the row.
        known_s: So long after a row a site is known to have the metric at all, if longer.
        less: Name of a level that is taken off, not below zero, where both are known.
    """

    columns: tuple[str, ...] = ()
    next: str | None = None
    delay_s: int = 0
    cap_s: int = 0
    known_s: int = 0
    less: str | None = None

    @property
    def reach_s(self) -> int:
        """How long after a row it still says something."""
        return max(self.cap_s, self.known_s)

    def as_json(self) -> dict[str, Any]:
        """The value of `ops.metric.until`."""
        if self.next is None:
            return {"columns": list(self.columns)} | ({"less": self.less} if self.less else {})
        known = {"known_s": self.known_s} if self.known_s else {}
        return {"next": self.next, "delay_s": self.delay_s, "cap_s": self.cap_s, **known}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Until:
        """Read the value of `ops.metric.until`."""
        return cls(
            tuple(value.get("columns", ())),
            value.get("next"),
            int(value.get("delay_s", 0)),
            int(value.get("cap_s", 0)),
            int(value.get("known_s", 0)),
            value.get("less"),
        )


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; the attributes are the columns of `ops.metric`."""

    name: str
    title: str
    source_table: str
    unit: str = "1"
    kind: str = "count"
    family: str = "work"
    value_column: str | None = None
    at_column: str | None = None
    until: Until | None = None
    row_filter: Mapping[str, Any] = field(default_factory=dict)
    concern: str = "none"
    imported: bool = False

    @property
    def time_column(self) -> str:
        """The instant that places a row in time."""
        return self.at_column or str(table(self.source_table).time)

    @property
    def share(self) -> tuple[str, Sequence[Any]] | None:
        """Column and its good values, for a metric that is the percentage of rows with these."""
        pairs = self.row_filter.items()
        return next(((_bare(key), good) for key, good in pairs if key.endswith("?")), None)

    @property
    def is_level(self) -> bool:
        """Whether it is the height of a level at each slot, rather than what happened in it."""
        return self.until is not None

    @property
    def is_record(self) -> bool:
        """Whether its source holds records, which can be read by window of time."""
        return table(self.source_table).kind is Kind.RECORD and self.at_column is None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the source that it needs, besides `site_id`."""
        wanted = [self.time_column, self.value_column, *(_bare(key) for key in self.row_filter)]
        if self.until:
            wanted += [*self.until.columns, self.until.next]
        return tuple(dict.fromkeys(name for name in wanted if name))


def matches(row_filter: Mapping[str, Any]) -> pl.Expr:
    """Whether a row is meant by a filter.

    `column`: its value is one of the list. `column!`: it is none of the list, or missing.
    `column<=`: it is at most the number, or missing. `column?`: it has a value, whichever; the
    row counts 100 if that is one of the list, else 0.
    """
    meant = pl.lit(value=True)
    for key, value in row_filter.items():
        column = pl.col(_bare(key))
        if key.endswith("?"):
            meant &= column.is_not_null()
        elif key.endswith("!"):
            meant &= column.is_in(value).not_().fill_null(value=True)
        elif key.endswith("<="):
            meant &= (column <= value).fill_null(value=True)
        else:
            meant &= column.is_in(value).fill_null(value=False)
    return meant


def samples(
    rows: pl.DataFrame, metrics: Sequence[Metric], codes: Mapping[str, int]
) -> pl.DataFrame:
    """The values that rows of one source are, for metrics that are not levels.

    Args:
        rows: Rows of the metrics' source, with their `columns` and `site`, a code.
        metrics: Metrics of that source.
        codes: Code of each metric's name.

    Returns:
        One row per row and metric that means it: `snapshot.SAMPLES`, in no order.
    """
    by_column: dict[tuple[str, str, str | None], list[Metric]] = {}
    single: list[Metric] = []
    for metric in metrics:
        only = next(iter(metric.row_filter), "")
        if len(metric.row_filter) == 1 and only == _bare(only):
            key = (only, metric.time_column, metric.value_column)
            by_column.setdefault(key, []).append(metric)
        else:
            single.append(metric)
    # Many series told apart by one column are one join, however many there are.
    frames = [_joined(rows, column, group, codes) for (column, *_), group in by_column.items()]
    frames += [
        _sampled(rows.lazy().filter(matches(m.row_filter)), m, pl.lit(codes[m.name], pl.Int64))
        for m in single
    ]
    return pl.concat(frames).collect()


def _joined(
    rows: pl.DataFrame, column: str, metrics: Sequence[Metric], codes: Mapping[str, int]
) -> pl.LazyFrame:
    pairs = [(value, codes[m.name]) for m in metrics for value in m.row_filter[column]]
    keys = pl.DataFrame(
        pairs, schema={column: rows.schema[column], "_code": pl.Int64()}, orient="row"
    )
    met = rows.lazy().join(keys.lazy(), on=column)
    return _sampled(met, metrics[0], pl.col("_code"))


def _sampled(rows: pl.LazyFrame, metric: Metric, code: pl.Expr) -> pl.LazyFrame:
    value = pl.col(metric.value_column).cast(pl.Float64) if metric.value_column else pl.lit(1.0)
    if metric.share:
        column, good = metric.share
        value = pl.when(pl.col(column).is_in(good)).then(100.0).otherwise(0.0)
    time = pl.col(metric.time_column)
    return rows.filter(time.is_not_null(), pl.col("site").is_not_null()).select(
        pl.col("site").cast(pl.Int64), metric=code, time=time, value=value
    )


def imported_series(names: Iterable[str]) -> list[Metric]:
    """Registry rows for series that arrived under these names."""
    return [
        Metric(
            name,
            name,
            SAMPLE_TABLE,
            kind="gauge",
            family="imported",
            value_column="value",
            row_filter={"metric": [name]},
            concern="both",
            imported=True,
        )
        for name in names
    ]


def _bare(key: str) -> str:
    return key.removesuffix("?").removesuffix("!").removesuffix("<=")
