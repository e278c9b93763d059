"""Lines of one table read column by column, when every one of them fits exactly.

Belongs here: the fast way through `vigia.ingest.envelope`, which gives the same frame as reading
object by object, or none at all. What is odd in any way, and why, is for the slow way to say.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl
import pyarrow as pa
import pyarrow.json as pa_json

from vigia.domain.dictionary import Column, ColumnType, Table
from vigia.domain.telemetry import values
from vigia.domain.telemetry.frames import INSTANT

ATTRIBUTES = ("id", "source", "type", "subject", "time")
"""Attributes of the envelope that a frame keeps, as `ce_…`."""
ARRIVAL = "receivedtime"
"""Attribute of an event of a history: when the system that recorded it received it."""
_IGNORED = ("datacontenttype", "dataschema", "traceparent", "tracestate")
_NUMBERS: dict[ColumnType, pa.DataType] = {
    ColumnType.INTEGER: pa.int64(),
    ColumnType.BIGINT: pa.int64(),
    ColumnType.REAL: pa.float64(),
    ColumnType.DOUBLE: pa.float64(),
    ColumnType.DECIMAL: pa.float64(),
    ColumnType.BOOLEAN: pa.bool_(),
}
_MARK = "$line"
_MOST_BYTES = 1 << 30


def can_be_read_together(lines: pl.Series) -> pl.Series:
    """Which lines `read_columns` may be given: no line may forge the mark that it sets."""
    forged = lines.str.contains(r'"\$line"|\\u')
    return lines.str.starts_with("{") & ~forged


def names_other_fields(table: Table, lines: pl.Series) -> pl.Series:
    """Which lines seem to name a field that neither the envelope nor the table has.

    A guess by the text: it tells the lines of a sender that knows more than we do from the others.
    """
    known = [*_schema(table).names, *(field.name for field in _schema(table).field("data").type)]
    expected = lines.str.count_matches(f'"(?:{"|".join(map(re.escape, known))})":')
    return lines.str.count_matches(r'"\w+":') != expected


def read_columns(table: Table, lines: pl.Series, *, history: bool) -> pl.DataFrame | None:
    """The events of lines as `ce_…`, arrival and the table's columns; None if a line is odd.

    Args:
        table: The table that the events seem to be of.
        lines: Text for which `can_be_read_together` holds.
        history: Arrival is what the events say (`receivedtime`), not now.

    Returns:
        One row per line, in their order; `received_at` only for a history. Columns without any
        value are left out.
    """
    read = _read(table, lines)
    if read is None or read.num_rows != len(lines):
        return None
    if read[_MARK].null_count or read["data"].null_count:
        return None
    frame = pl.DataFrame(read)
    return _checked(table, frame, frame["data"].struct.unnest(), history=history)


def arrivals(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """When events of a history arrived, and a mask of those that say it unreadably."""
    said = values.without_blanks(texts)
    read = values.read(said, Column(ARRIVAL, ColumnType.TIMESTAMP, ARRIVAL)).cast(INSTANT)
    return read.alias("received_at"), read.is_null() & said.is_not_null()


def _read(table: Table, lines: pl.Series) -> pa.Table | None:
    """All objects of the lines as Arrow has them.

    The reader takes objects as they come, whatever line they begin on. Each line's is given a
    mark; as many objects as lines, each with its mark, prove that every line was one object.
    """
    start = pl.lit(f'\n{{"{_MARK}":0,')
    text = lines.to_frame("line").select(
        pl.concat_str(start, pl.col("line").str.slice(1)).str.join("")
    )
    _, _, buffer = text.to_series().to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
    if buffer is None or buffer.size > _MOST_BYTES:
        return None
    try:
        return pa_json.read_json(
            buffer,
            read_options=pa_json.ReadOptions(use_threads=False, block_size=buffer.size + 1),
            parse_options=pa_json.ParseOptions(
                explicit_schema=_schema(table), unexpected_field_behavior="error"
            ),
        )
    except pa.ArrowInvalid:
        return None


@cache
def _schema(table: Table) -> pa.Schema:
    """The types that leave nothing to convert; JSON columns hold anything and are left out."""
    text = pa.string()
    loose = ColumnType.JSON
    data = [(c.name, _NUMBERS.get(c.type, text)) for c in table.columns if c.type is not loose]
    return pa.schema(
        [
            (_MARK, pa.int8()),
            *((name, text) for name in ("specversion", *ATTRIBUTES, ARRIVAL, *_IGNORED)),
            ("data", pa.struct([*data, ("tenant_id", text)])),
        ]
    )


def _checked(
    table: Table, envelope: pl.DataFrame, data: pl.DataFrame, *, history: bool
) -> pl.DataFrame | None:
    """The frame, unless an envelope or a number is not what an event may hold."""
    named = [envelope[name] for name in ("specversion", "id", "source", "type")]
    if any(text.null_count() or (text == "").any() for text in named):
        return None
    if not (named[0] == "1.0").all() or not named[-1].is_in(table.event_types).all():
        return None
    if not all(_is_plain(number) for number in data.select(pl.selectors.float())):
        return None
    columns = [envelope[name].alias(f"ce_{name}") for name in ATTRIBUTES]
    if history:
        arrived, unreadable = arrivals(envelope[ARRIVAL])
        if unreadable.any():
            return None
        columns.append(arrived)
    return pl.DataFrame([*columns, *(s for s in data if s.null_count() < len(s))])


def _is_plain(number: pl.Series) -> bool:
    """Neither infinite nor a negative zero: `-0` is one here, and a whole number elsewhere."""
    return number.is_finite().all() and not ((number == 0) & (1 / number < 0)).any()
