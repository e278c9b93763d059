"""What the help desk and the control room hand on, and how their rows become event frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from vigia.domain.dictionary import TABLES
from vigia.domain.telemetry.frames import INSTANT
from vigia.domain.telemetry.values import TYPED
from vigia.simulator.world.model import EventFrames

_HIDDEN = {"_site": pl.Int64(), "_device": pl.Int64(), "_duty": pl.Int64(), "_tenant": pl.Int64()}
_TEXTS = ("ce_source", "ce_id", "ce_type", "ce_subject")


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that happens away from the ground.

    Attributes:
        events: Of the whole span; `received_at` is null.
        facts: True facts: `ticket`, `alert`, `escalation`.
    """

    events: EventFrames
    facts: dict[str, pl.DataFrame]


@dataclass(slots=True)
class Log:
    """Events as they are thought of, a row each; meant for the rare ones."""

    _rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _sent: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def add(
        self, table: str, verb: str, source: str, key: str, at_us: int, values: Mapping[str, Any]
    ) -> None:
        """Note an event.

        Args:
            table: Table of the dictionary.
            verb: Verb of its event type.
            source: Who sends it.
            key: What it is about; with a counter it becomes the event's id.
            at_us: When it happens.
            values: Columns of the table, instants as microseconds; `_site` and `_tenant` too.
        """
        self._sent[source, key] += 1
        self._rows[table].append(
            {
                "ce_source": source,
                "ce_id": f"{key}-{self._sent[source, key]}",
                "ce_type": f"vigia.{table}.{verb}.v1",
                "ce_time": int(at_us),
                **values,
            }
        )

    def frames(self, site_codes: pl.Series) -> EventFrames:
        """The events as frames, one a table, in the order of their time."""
        return {t: [_frame(t, rows, site_codes)] for t, rows in sorted(self._rows.items())}


def _frame(table: str, rows: list[dict[str, Any]], site_codes: pl.Series) -> pl.DataFrame:
    named = dict.fromkeys(name for row in rows for name in row)
    schema = {name: _type_of(table, name) for name in named}
    wire = {n: pl.Int64() if t == INSTANT else t for n, t in schema.items()}
    frame = pl.DataFrame(rows, schema=wire, orient="row")
    instants = [
        pl.col(n).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        for n, t in schema.items()
        if t == INSTANT
    ]
    frame = frame.with_columns(instants).with_columns(
        _device=pl.lit(-1, pl.Int64()), _duty=pl.lit(-1, pl.Int64())
    )
    site = frame["_site"].fill_null(-1)
    subject = site_codes.gather(site.clip(lower_bound=0)).zip_with(
        site >= 0, pl.Series([None], dtype=pl.String)
    )
    whole = frame.with_columns(
        site.alias("_site"), subject.alias("ce_subject"), received_at=pl.lit(None, INSTANT)
    )
    return whole.sort("ce_time", maintain_order=True)


def _type_of(table: str, name: str) -> pl.DataType:
    if name in _HIDDEN:
        return _HIDDEN[name]
    if name in _TEXTS:
        return pl.String()
    if name == "ce_time":
        return INSTANT
    kind = TYPED[TABLES[table].column(name).type]
    return pl.String() if kind == pl.Binary() else kind
