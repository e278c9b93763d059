"""One value of a mapping over all rows of a chunk: markers, enums, units, times, hashes.

Belongs here: from columns of text to a column that means something, and which rows did not
read. Does not belong here: what the columns add up to (`mapped`).
"""

from __future__ import annotations

import hmac
from hashlib import sha256

import polars as pl

from vigia.domain.dictionary import ColumnType
from vigia.domain.telemetry.frames import INSTANT
from vigia.domain.telemetry.reasons import Reason
from vigia.ingest.mapping import UNITS, Mapping, Value, placeholders, resolve

_TRUE = ("true", "t", "yes", "y", "1", "on")
_FALSE = ("false", "f", "no", "n", "0", "off")
_ISO_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
)
_SHOWN = 80
"""Characters of an offending value that a reason repeats."""


class SourceColumns:
    """The rows of a chunk as a mapping reads them, and what in them could not be read.

    Attributes:
        problems: Reason code and text of each row's first problem, by row position.
        used: Source columns that some value took.
    """

    def __init__(self, rows: pl.DataFrame, mapping: Mapping, key: bytes) -> None:
        self.rows = rows
        self.problems: dict[int, tuple[Reason, str]] = {}
        self.used: set[str] = set()
        self._mapping = mapping
        self._key = key
        self._clean: dict[str, pl.Series] = {}

    def value(
        self,
        name: str,
        value: Value,
        kind: ColumnType | None = None,
        *,
        latest: pl.Series | None = None,
    ) -> pl.Series:
        """Read one value for every row; rows that do not read are noted and get null.

        Args:
            name: What the value is for; names the result.
            value: Where it comes from.
            kind: Type of the column it fills; decides on instants and truth values.
            latest: The rows' own times, for values that must lie in the past.
        """
        text = self._text(value)
        for column, texts in value.only.items():
            holds = self.clean(column).is_in(list(texts)).fill_null(value=False)
            text = text.zip_with(holds, _nothing(len(text)))
        read = self._convert(name, text, value, kind)
        if value.past and latest is not None:
            kept = (read <= latest).fill_null(value=False)
            read = read.zip_with(kept, pl.repeat(None, len(read), dtype=read.dtype, eager=True))
        return read.alias(name)

    def clean(self, name: str) -> pl.Series:
        """A source column without blanks around it and with its missing markers as nulls."""
        if name not in self._clean:
            self._clean[name] = self._read_source(name)
        return self._clean[name]

    def _read_source(self, name: str) -> pl.Series:
        column = resolve(name, self.rows.columns)
        if column is None:
            return _nothing(self.rows.height)
        self.used.add(column)
        text = self.rows[column].cast(pl.String)
        if column.casefold() != name.casefold():
            text = _json_key(text, name.partition(".")[2])
        text = text.str.strip_chars()
        absent = text.is_in(["", *self._mapping.missing])
        return text.set(absent.fill_null(value=False), None)

    def _text(self, value: Value) -> pl.Series:
        height = self.rows.height
        if value.constant is not None:
            return pl.repeat(_spell(value.constant), height, dtype=pl.String, eager=True)
        if value.template is not None:
            parts = {name: self.clean(name) for name in placeholders(value.template)}
            frame = pl.DataFrame([s.alias(n) for n, s in parts.items()])
            pattern = value.template.format_map(dict.fromkeys(parts, "{}"))
            return (
                frame.select(pl.format(pattern, *parts)).to_series() if parts else _nothing(height)
            )
        present = [n for n in value.columns if resolve(n, self.rows.columns)]
        text = self.clean(present[0]) if present else _nothing(height)
        if value.missing:
            text = text.set(text.is_in(value.missing).fill_null(value=False), None)
        return text

    def _convert(
        self, name: str, text: pl.Series, value: Value, kind: ColumnType | None
    ) -> pl.Series:
        if value.values is not None:
            known = {source: _spell(ours) for source, ours in value.values.items()}
            mapped = text.replace_strict(known, default=None, return_dtype=pl.String)
            why = f"for {name} is not among the values that mapping {self._mapping.name} knows"
            self._note(text, mapped, Reason.UNKNOWN_STATE, why)
            return mapped
        if value.unit is not None:
            number = text.cast(pl.Float64, strict=False) * UNITS[value.unit]
            self._note(text, number, Reason.BAD_TYPE, f"for {name} is not a number")
            return number
        if kind is ColumnType.TIMESTAMP:
            instant = self._instants(text, value.formats or self._mapping.time_formats)
            formats = ", ".join(value.formats or self._mapping.time_formats) or "ISO 8601"
            why = f"for {name} is not a time as the mapping reads it ({formats}, {self._mapping.time_zone})"
            self._note(text, instant, Reason.BAD_TYPE, why)
            return instant
        if kind is ColumnType.BOOLEAN:
            words = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
            truth = text.str.to_lowercase().replace_strict(
                words, default=None, return_dtype=pl.Boolean
            )
            self._note(text, truth, Reason.BAD_TYPE, f"for {name} is neither yes nor no")
            return truth
        return self._hashed(text) if value.keyed_hash else text

    def _instants(self, text: pl.Series, formats: tuple[str, ...]) -> pl.Series:
        """Read instants by the first format that fits each; a time that a clock change skips fits none."""
        if not formats:
            text = text.str.replace(r"^(\d{4}-\d\d-\d\d) +", "${1}T")
        read = pl.repeat(None, len(text), dtype=INSTANT, eager=True)
        for pattern in formats or _ISO_FORMATS:
            if read.null_count() == text.null_count():
                break
            read = read.zip_with(read.is_not_null(), self._parse(text, pattern))
        return read

    def _parse(self, text: pl.Series, pattern: str) -> pl.Series:
        if pattern in ("epoch_s", "epoch_ms"):
            scale = 1_000_000 if pattern == "epoch_s" else 1_000
            micros = (text.cast(pl.Float64, strict=False) * scale).round()
            return micros.cast(pl.Int64, strict=False).cast(INSTANT)
        read = text.str.to_datetime(pattern, strict=False, time_unit="us")
        if read.dtype == INSTANT:
            return read
        zoned = read.dt.replace_time_zone(
            self._mapping.time_zone, ambiguous="earliest", non_existent="null"
        )
        return zoned.dt.convert_time_zone("UTC")

    def _hashed(self, text: pl.Series) -> pl.Series:
        hashes = {
            plain: hmac.new(self._key, plain.encode(), sha256).digest()
            for plain in text.unique().drop_nulls()
        }
        return text.replace_strict(hashes, default=None, return_dtype=pl.Binary)

    def _note(self, text: pl.Series, read: pl.Series, reason: Reason, why: str) -> None:
        if read.null_count() == text.null_count():
            return
        failed = (text.is_not_null() & read.is_null()).arg_true()
        for row, given in zip(failed.to_list(), text.gather(failed).to_list(), strict=True):
            self.problems.setdefault(row, (reason, f"{given[:_SHOWN]!r} {why}."))


def _nothing(height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=pl.String, eager=True)


def _spell(constant: str | float | bool) -> str:
    return str(constant).lower() if isinstance(constant, bool) else str(constant)


def _json_key(text: pl.Series, key: str) -> pl.Series:
    """The value of a key in texts that are JSON objects; null where they are not."""
    return text.str.json_path_match(f"$.{key}")
