"""What a table and a column are, and how a table reads as text.

The data dictionary is declared once, here and in the sibling modules, and everything that
has to agree with it is derived: Postgres DDL, event payload types, Polars schemas, dbt
sources, quality contracts and the published pages. Table texts belong in the sibling
modules; rules about rows belong in the domain word that owns them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """The storage types the dictionary uses; every one maps to one Postgres type."""

    UUID = "uuid"
    TEXT = "text"
    TIMESTAMP = "timestamptz"
    DATE = "date"
    TIME = "time"
    INTEGER = "integer"
    BIGINT = "bigint"
    REAL = "real"
    DOUBLE = "double precision"
    DECIMAL = "numeric(24,6)"
    BOOLEAN = "boolean"
    BYTES = "bytea"
    JSON = "jsonb"


class Kind(StrEnum):
    """How rows of a table come to be."""

    STATE = "state"
    """The latest known state of a thing, folded from its events by event time."""
    RECORD = "record"
    """An observed fact: the row is the event and never changes."""
    DERIVED = "derived"
    """Computed from other tables; rebuilt, never edited."""
    PLATFORM = "platform"
    """The product's own bookkeeping."""


UNITS_BY_SUFFIX = {
    "_min": "minutes",
    "_s": "seconds",
    "_ms": "milliseconds",
    "_m": "metres",
    "_mps": "metres per second",
    "_deg": "degrees",
    "_pct": "percent 0-100",
    "_dbm": "dBm",
    "_c": "degrees Celsius",
    "_mb": "megabytes",
    "_days": "days",
    "_at": "UTC instant",
    "_time": "UTC instant",
    "_on": "date",
    "_date": "date",
}

_TYPE_BY_SUFFIX = {
    "_id": ColumnType.UUID,
    "_at": ColumnType.TIMESTAMP,
    "_time": ColumnType.TIMESTAMP,
    "_on": ColumnType.DATE,
    "_date": ColumnType.DATE,
    "_local": ColumnType.TIME,
    "_min": ColumnType.INTEGER,
    "_s": ColumnType.INTEGER,
    "_ms": ColumnType.INTEGER,
    "_mb": ColumnType.INTEGER,
    "_dbm": ColumnType.INTEGER,
    "_days": ColumnType.INTEGER,
    "_m": ColumnType.REAL,
    "_mps": ColumnType.REAL,
    "_deg": ColumnType.REAL,
    "_pct": ColumnType.REAL,
    "_c": ColumnType.REAL,
    "_score": ColumnType.REAL,
    "_hash": ColumnType.BYTES,
    "_enc": ColumnType.BYTES,
}
_TYPE_BY_NAME = {
    "lat": ColumnType.DOUBLE,
    "lon": ColumnType.DOUBLE,
    "seq": ColumnType.BIGINT,
    "from_at": ColumnType.TIMESTAMP,
    "to_at": ColumnType.TIMESTAMP,
    "valid_from": ColumnType.TIMESTAMP,
    "valid_to": ColumnType.TIMESTAMP,
    "slot": ColumnType.TIMESTAMP,
}
_TYPE_WORDS = {
    "int": ColumnType.INTEGER,
    "bigint": ColumnType.BIGINT,
    "real": ColumnType.REAL,
    "double": ColumnType.DOUBLE,
    "decimal": ColumnType.DECIMAL,
    "bool": ColumnType.BOOLEAN,
    "json": ColumnType.JSON,
    "text": ColumnType.TEXT,
    "date": ColumnType.DATE,
    "instant": ColumnType.TIMESTAMP,
    "uuid": ColumnType.UUID,
    "bytes": ColumnType.BYTES,
}

SHARED_DESCRIPTIONS = {
    "tenant_id": "the guarding company whose row this is",
    "client_id": "the client that buys the service",
    "site_id": "the site it concerns",
    "zone_id": "the zone of the site",
    "post_id": "the post of the site",
    "person_id": "the person it concerns",
    "device_id": "the device that sent it or that it concerns",
    "asset_id": "the asset it concerns",
    "ticket_id": "the ticket it belongs to",
    "assignment_id": "the shift assignment it belongs to",
    "event_time": "when it happened, by the device's or system's own clock",
    "received_at": "when the server received it",
    "lat": "latitude, WGS84",
    "lon": "longitude, WGS84",
    "accuracy_m": "reported radius of uncertainty of the position",
    "boot_id": "which start of the device counted the sequence",
    "seq": "the device's own event number, so that gaps are visible",
    "name": "its name for people",
    "notes": "free text",
    "status": "its state",
    "state": "its state",
    "priority": "P1 emergency, P2 urgent, P3 routine, P4 planned",
    "from_at": "start of the interval, inclusive",
    "to_at": "end of the interval, exclusive; open when missing",
    "starts_at": "start, inclusive",
    "ends_at": "end, exclusive",
    "valid_from": "in force from",
    "valid_to": "in force until, exclusive; open when missing",
    "version": "its version",
    "reason": "why",
    "source": "the device or system that sent it (CloudEvents source)",
    "source_event_id": "the sender's own id of the event (CloudEvents id)",
    "extra": "fields of the event that the dictionary does not name, kept as sent",
    "created_at": "when the row was first written",
    "updated_at": "when the row was last written",
    "row_version": "how often the row was written",
    "state_time": "event time of the newest event folded into the row",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: name, type, unit, legal values and meaning."""

    name: str
    type: ColumnType
    description: str
    required: bool = False
    states: tuple[str, ...] = ()
    references: str | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def unit(self) -> str | None:
        """The unit that the name's suffix promises, or None."""
        if self.name in ("lat", "lon"):
            return "degrees WGS84"
        return next((u for s, u in UNITS_BY_SUFFIX.items() if self.name.endswith(s)), None)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the dictionary.

    Attributes:
        columns: The table's own columns, primary key first. Housekeeping columns
            (`tenant_id` and what `kind` implies) come from `all_columns`.
        key: Primary key without `tenant_id`.
        natural_key: Columns whose values name the thing for people (`site.code`). The
            primary key of an imported thing is computed from them (`identity.reference_id`).
        time: For records, the column that says when it happened.
        verbs: Verbs of its event types; empty for tables that no event feeds.
        partitioned: Stored in one partition a day of `time`.
        tenant: False for the few tables that belong to the platform as a whole.
        unique_while: Columns that no two rows share as long as a condition holds for both.
    """

    name: str
    section: str
    grain: str
    kind: Kind
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    natural_key: tuple[str, ...] = ()
    time: str | None = None
    verbs: tuple[str, ...] = ()
    partitioned: bool = False
    tenant: bool = True
    indexes: tuple[tuple[str, ...], ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    unique_while: tuple[tuple[tuple[str, ...], str], ...] = ()

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Every stored column in storage order, housekeeping included."""
        head = (_housekeeping("tenant_id", ColumnType.UUID, required=True),) if self.tenant else ()
        return head + self.columns + _TAILS[self.kind]

    @property
    def event_types(self) -> tuple[str, ...]:
        """CloudEvents types whose data are this table's columns."""
        return tuple(f"vigia.{self.name}.{verb}.v1" for verb in self.verbs)

    def column(self, name: str) -> Column:
        """The stored column of that name; KeyError when there is none."""
        for column in self.all_columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")


def _housekeeping(name: str, kind: ColumnType, *, required: bool = False) -> Column:
    return Column(name, kind, SHARED_DESCRIPTIONS[name], required=required)


_TAILS: dict[Kind, tuple[Column, ...]] = {
    Kind.STATE: (
        _housekeeping("extra", ColumnType.JSON),
        _housekeeping("state_time", ColumnType.TIMESTAMP, required=True),
        _housekeeping("created_at", ColumnType.TIMESTAMP, required=True),
        _housekeeping("updated_at", ColumnType.TIMESTAMP, required=True),
        _housekeeping("row_version", ColumnType.INTEGER, required=True),
    ),
    Kind.RECORD: (
        _housekeeping("extra", ColumnType.JSON),
        _housekeeping("received_at", ColumnType.TIMESTAMP, required=True),
    ),
    Kind.DERIVED: (),
    Kind.PLATFORM: (),
}

_LINE = re.compile(
    r"^(?P<name>[a-z0-9_]+)(?P<required>!?)"
    r"(?:\s+->\s*(?P<ref>[a-z_]+))?"
    r"(?:\s+\{(?P<states>[^}]*)\})?"
    r"(?:\s+(?P<word>int|bigint|real|double|decimal|bool|json|text|date|instant|uuid|bytes))?"
    r"(?:\s+(?P<low>-?\d+)\.\.(?P<high>-?\d+))?$"
)
_BOUNDS = {"lat": (-90.0, 90.0), "lon": (-180.0, 180.0)}


def columns(text: str) -> tuple[Column, ...]:
    """Read columns from dictionary text, one a line.

    A line is ``name[!] [-> table] [{state, state}] [type] [low..high] | description``; ``!``
    means that every event or row must carry it. Without a type word the name's suffix
    decides, as the dictionary's naming rule says.

    Raises:
        ValueError: A line that does not follow the grammar, or a column without a meaning.
    """
    return tuple(_column(line.strip()) for line in text.strip().splitlines() if line.strip())


def _column(line: str) -> Column:
    head, _, description = (part.strip() for part in line.partition("|"))
    match = _LINE.match(head)
    if match is None:
        raise ValueError(f"not a dictionary line: {line!r}")
    name = match["name"]
    description = description or SHARED_DESCRIPTIONS.get(name, "")
    if not description:
        raise ValueError(f"column without a description: {line!r}")
    kind = _type_of(name, match["word"], has_states=match["states"] is not None)
    low, high = _bounds(name, kind, match["low"], match["high"])
    states = tuple(s.strip() for s in match["states"].split(",")) if match["states"] else ()
    return Column(name, kind, description, bool(match["required"]), states, match["ref"], low, high)


def _type_of(name: str, word: str | None, *, has_states: bool) -> ColumnType:
    if word:
        return _TYPE_WORDS[word]
    if has_states:
        return ColumnType.TEXT
    if name in _TYPE_BY_NAME:
        return _TYPE_BY_NAME[name]
    suffixes = sorted(_TYPE_BY_SUFFIX, key=len, reverse=True)
    return next((_TYPE_BY_SUFFIX[s] for s in suffixes if name.endswith(s)), ColumnType.TEXT)


def _bounds(
    name: str, kind: ColumnType, low: str | None, high: str | None
) -> tuple[float | None, float | None]:
    if low is not None and high is not None:
        return float(low), float(high)
    if name in _BOUNDS:
        return _BOUNDS[name]
    if name.endswith("_pct"):
        return 0.0, 100.0
    if name.endswith("_count") and kind in (ColumnType.INTEGER, ColumnType.BIGINT):
        return 0.0, None
    return None, None
