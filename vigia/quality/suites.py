"""Suites: rules run over a frame by Great Expectations, and their verdicts.

What the rules are belongs in `vigia.quality.rules` and `vigia.quality.usual`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from vigia.domain.dictionary import ColumnType, Table
from vigia.quality.rules import Rule, rules_of, with_derived
from vigia.quality.usual import Profile, unusual_rules

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_SIZE = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one rule on one frame.

    Attributes:
        rule: Name of the rule.
        passed: Whether the frame keeps it.
        examined_count: Rows it looked at.
        failed_count: Rows that break it; for rules about a whole column or table, 1 or 0.
        sample: A few of the values that break it, as text.
    """

    rule: str
    passed: bool
    examined_count: int
    failed_count: int
    sample: tuple[str, ...] = ()


def examine(
    table: Table,
    frame: pl.DataFrame,
    *,
    usual: Profile | None = None,
    day_count: int = 1,
    share: float = 1.0,
) -> list[Verdict]:
    """Run a table's suite over rows of it.

    Args:
        table: The table that the rows are of.
        frame: Rows of it; a column that the dictionary names and the frame lacks is a verdict.
        usual: Profile of earlier days; without it only the dictionary's rules run.
        day_count: Days that the rows are from.
        share: Share of those days' rows that the frame is.

    Returns:
        One verdict per rule, in the order of the rules.
    """
    missing = [column.name for column in table.columns if column.name not in frame.columns]
    if missing:
        return [Verdict("columns_are_complete", False, frame.height, 1, tuple(missing))]
    rules = list(rules_of(table))
    if usual is not None:
        rules += unusual_rules(table, usual, day_count=day_count, share=share)
    if frame.is_empty():
        # No expectation about values can fail without values; only the volume is judged.
        rules = [rule for rule in rules if rule.name == "volume_is_usual"]
    derived = with_derived(table, frame)
    rules = [rule for rule in rules if _applies(rule, derived)]
    return list(_verdicts(rules, _to_pandas(table, derived)))


def _applies(rule: Rule, frame: pl.DataFrame) -> bool:
    """Rules about a derived column rest where its inputs were not read."""
    return rule.arguments.get("column", frame.columns[0]) in frame.columns


def _to_pandas(table: Table, frame: pl.DataFrame) -> pd.DataFrame:
    exact = [c.name for c in table.columns if c.type is ColumnType.DECIMAL]
    opaque = [c.name for c in table.all_columns if c.type in (ColumnType.JSON, ColumnType.BYTES)]
    kept = frame.drop(name for name in opaque if name in frame.columns and name not in table.key)
    return kept.with_columns(pl.col(exact).cast(pl.Float64)).to_pandas()


def _verdicts(rules: Sequence[Rule], frame: pd.DataFrame) -> Iterator[Verdict]:
    import great_expectations as gx

    if not rules:
        return
    batch = _whole_frames().get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(
        name="rows",
        expectations=[
            getattr(gx.expectations, rule.expectation)(**rule.arguments, meta={"rule": rule.name})
            for rule in rules
        ],
    )
    # No more than `_verdict` reads: tallies and places of broken values cost a third.
    for result in batch.validate(suite, result_format="BASIC").results:
        yield _verdict(result.expectation_config.meta["rule"], result, len(frame))


def _verdict(rule: str, result: Any, row_count: int) -> Verdict:
    found = result.result
    values = found.get("partial_unexpected_list") or []
    if not result.success and not values and "observed_value" in found:
        values = [found["observed_value"]]
    failed = found.get("unexpected_count", 0 if result.success else 1)
    sample = tuple(str(value) for value in values[:SAMPLE_SIZE])
    return Verdict(rule, bool(result.success), row_count, int(failed), sample)


@cache
def _whole_frames() -> Any:
    """The one definition of "this whole frame" per process: making a context takes a second."""
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("frames")
    return source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
