"""Storing judged events: identity, rows, journal, marks and message, all in one transaction.

Every event is stored once: its identity goes into `ops.ingest_key`, and only events whose
identity was new become rows. What an event must be is judged before, by
`vigia.domain.telemetry`; folding things from the journal is `vigia.store.fold`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import starmap
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import TABLES, Column, ColumnType, Kind, Table
from vigia.domain.telemetry import watermark
from vigia.domain.telemetry.judgement import detail
from vigia.domain.telemetry.normalise import Normalised, checked_references
from vigia.domain.telemetry.reasons import Reason
from vigia.store import fold
from vigia.store.books import Books
from vigia.store.copy import copy_in
from vigia.store.schema import parents_first

if TYPE_CHECKING:
    import psycopg

MARKS = "pg_temp.stage_marks"
_PLAIN_TRIES = 2
_IDENTITY = {
    "source": ColumnType.TEXT,
    "source_event_id": ColumnType.TEXT,
    "type": ColumnType.TEXT,
    "event_id": ColumnType.UUID,
    "body_hash": ColumnType.BIGINT,
}
_CHANGE = {
    "entity_id": ColumnType.UUID,
    "site_id": ColumnType.UUID,
    "event_time": ColumnType.TIMESTAMP,
    "received_at": ColumnType.TIMESTAMP,
    "payload": ColumnType.JSON,
}


@dataclass(slots=True)
class Stored:
    """What became of a chunk.

    Attributes:
        accepted: Events that were new.
        duplicate: Events that were known before, or twice in the chunk.
        created: Things that did not exist before; what waited for them can be tried again.
        first: Oldest time of a new event.
        last: Newest time of a new event.
        clock: Newest time of a new event that is more than a description of a thing.
        tables: Table name to number of new events.
        days: UTC days of the new events.
    """

    accepted: int = 0
    duplicate: int = 0
    created: int = 0
    first: datetime | None = None
    last: datetime | None = None
    clock: datetime | None = None
    tables: dict[str, int] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)

    def add(self, table: Table, fresh: pl.DataFrame) -> None:
        """Count the new events of one table."""
        if fresh.is_empty():
            return
        times = fresh["event_time"]
        self.accepted += fresh.height
        self.tables[table.name] = fresh.height
        self.days.update(times.dt.date().unique().to_list())
        self.first = min(filter(None, (self.first, times.min())))  # type: ignore[type-var, assignment]
        self.last = max(filter(None, (self.last, times.max())))  # type: ignore[type-var, assignment]
        if fold.lives(table):
            self.clock = max(filter(None, (self.clock, times.max())))  # type: ignore[type-var, assignment]


class Session:
    """A connection with its staging tables, and what is known to exist."""

    def __init__(self, connection: psycopg.Connection, tenant_id: UUID) -> None:
        """Wrap a connection in autocommit mode that acts for the tenant."""
        self.connection = connection
        self.tenant_id = tenant_id
        self._known: dict[str, set[bytes]] = {}
        self._stages: set[str] = set()
        self._repeating: set[str] = set()

    def prepare(self, judged: Mapping[str, Normalised], *, partitions: bool = True) -> None:
        """Make the staging tables and day partitions a chunk needs; before its transaction.

        A new partition locks its table until the end of the transaction that makes it, so that
        is never the long one.
        """
        self._known.clear()
        self._make_stages([TABLES[name] for name in judged])
        for name, normalised in judged.items():
            table = TABLES[name]
            if table.partitioned and partitions:
                self._ensure_partitions(table, normalised.accepted["event_time"])

    def store(self, judged: Mapping[str, Normalised], *, batch_id: UUID, now: datetime) -> Stored:
        """Store a chunk inside the caller's transaction; reject what refers to nothing known.

        Args:
            judged: Table name to judged frame. Unknown references and conflicting duplicates
                are added to their judgements.
            batch_id: The delivery.
            now: The time to note in state rows.
        """
        stored = Stored()
        seen: list[pl.DataFrame] = []
        self.connection.execute(f"TRUNCATE {MARKS}")
        for name in storing_order():
            if name not in judged or judged[name].accepted.is_empty():
                continue
            table = TABLES[name]
            fresh = self._store_table(table, judged[name], stored, batch_id, now)
            stored.add(table, fresh)
            if table.kind is Kind.RECORD:
                self._mark(fresh)
                if any(column.name == "seq" for column in table.columns):
                    seen.append(watermark.seen(fresh))
        if stored.accepted:
            books = Books(self.connection, self.tenant_id)
            books.write_marks(MARKS)
            if seen:
                books.write_watermarks(pl.concat(seen))
            books.write_message(stored.tables, stored.days, batch_id, now)
            if stored.clock:
                books.move_clock(stored.clock)
        return stored

    def _store_table(
        self, table: Table, judged: Normalised, stored: Stored, batch_id: UUID, now: datetime
    ) -> pl.DataFrame:
        """Store the events of one table and return those that were new."""
        events = self._with_known_references(table, judged)
        events = self._without_repeats(events, judged, stored)
        if events.is_empty():
            return events
        self._stage(table, events)
        known = self._insert(table, events.columns, batch_id)
        fresh = self._without_known(table, events, known, judged, stored)
        if table.kind is Kind.STATE and not fresh.is_empty():
            stored.created += self._fold(table, fresh, now)
        return fresh

    def _fold(self, table: Table, fresh: pl.DataFrame, now: datetime) -> int:
        """Bring the rows of things up to date with new events; returns how many are new."""
        connection, tenant, stage = self.connection, self.tenant_id, _stage(table)
        fold.lock_things(connection, table, stage)
        created = 0
        if fold.extends(table, fresh):
            created, left = fold.extend(
                connection, tenant, table, fresh, stage=stage, marks=MARKS, now=now
            )
            if not left:
                return created
            connection.execute(f"DELETE FROM {stage} WHERE NOT entity_id = ANY(%s)", [left])
        return created + fold.fold(connection, tenant, table, stage=stage, marks=MARKS, now=now)

    def _insert(self, table: Table, columns: list[str], batch_id: UUID) -> list[bytes]:
        """Store the staged events whose identity is new; returns the ids of the others.

        Most chunks hold new events only. Inserting these without asking costs a quarter less than
        letting every insert look for conflicts, so that is tried first. Once a chunk has repeated
        something known, what the next ones repeat is taken out before. The last way is for those
        who deliver the same at the same time.
        """
        from psycopg.errors import UniqueViolation

        values = {"tenant": self.tenant_id, "batch": batch_id, "table": table.name}
        known: list[bytes] = []
        for _ in range(_PLAIN_TRIES):
            if table.name in self._repeating:
                known += self._take_out_known(table)
            try:
                with self.connection.transaction():
                    self.connection.execute(_all_keys(table), values)
                    self.connection.execute(_rows(table, columns), values)
            except UniqueViolation:
                self._repeating.add(table.name)
            else:
                return known
        more = self.connection.execute(_new_keys_and_rows(table, columns), values).fetchall()
        return known + [row[0].bytes for row in more]

    def _take_out_known(self, table: Table) -> list[bytes]:
        """Take staged events out whose identity is known; returns their ids."""
        found = self.connection.execute(_known(table), {"tenant": self.tenant_id}).fetchall()
        if not found:
            self._repeating.discard(table.name)
            return []
        self._unstage(table, [row[0] for row in found])
        return [row[0].bytes for row in found]

    def _unstage(self, table: Table, ids: list[UUID]) -> None:
        self.connection.execute(f"DELETE FROM {_stage(table)} WHERE event_id = ANY(%s)", [ids])

    # ------------------------------------------------------------------ references

    def _with_known_references(self, table: Table, judged: Normalised) -> pl.DataFrame:
        """The accepted events whose things all exist; the others are rejected."""
        bad = pl.repeat(False, judged.accepted.height, eager=True)
        for column in checked_references(table):
            if column.name not in judged.references.columns:
                continue
            ids = judged.references[column.name]
            unknown = self._unknown(str(column.references), ids.unique().drop_nulls().to_list())
            if not unknown:
                continue
            where = ids.is_in(unknown).fill_null(value=False)
            self._reject_unknown(column, judged, where)
            bad |= where
        return judged.accepted.filter(~bad) if bad.any() else judged.accepted

    def _reject_unknown(self, column: Column, judged: Normalised, where: pl.Series) -> None:
        frame, judgement = judged.judgement.frame, judged.judgement
        is_site = column.references == "site"
        reason = Reason.UNKNOWN_SITE if is_site else Reason.UNKNOWN_REFERENCE
        rows = judged.accepted["row"].filter(where).to_list()
        ids = judged.references[column.name].filter(where).to_list()
        for row, missing in zip(rows, ids, strict=True):
            sent = frame[column.name][row] if column.name in frame.columns else None
            if sent is None and is_site:
                sent = frame["ce_subject"][row]
            shown = str(UUID(bytes=sent)) if isinstance(sent, bytes) else sent
            text = detail(column.name, shown, f"and no {column.references} that is known")
            judgement.reject_row(row, reason, text, (str(column.references), missing))

    def _unknown(self, target: str, ids: list[bytes]) -> list[bytes]:
        """Those of some ids that no row of a table has."""
        known = self._known.setdefault(target, set())
        asked = [i for i in ids if i not in known]
        if asked:
            key = TABLES[target].key[0]
            found = self.connection.execute(
                f"SELECT {key} FROM ops.{target} WHERE tenant_id = %s AND {key} = ANY(%s)",
                [self.tenant_id, [UUID(bytes=i) for i in asked]],
            )
            known.update(row[0].bytes for row in found)
        return [i for i in asked if i not in known]

    # ------------------------------------------------------------------ repeats

    def _without_repeats(
        self, events: pl.DataFrame, judged: Normalised, stored: Stored
    ) -> pl.DataFrame:
        """Events that the chunk itself does not repeat, sorted by identity.

        All transactions write identities in this order, so none waits in a circle.
        """
        first = events["event_id"].is_first_distinct()
        if not first.all():
            firsts = events.filter(first).select("event_id", pl.col("body_hash").alias("known"))
            again = events.filter(~first).join(firsts, on="event_id", how="left")
            self._settle_repeats(again, judged, stored)
            events = events.filter(first)
        return events.sort("source", "source_event_id")

    def _without_known(
        self,
        table: Table,
        events: pl.DataFrame,
        known: list[bytes],
        judged: Normalised,
        stored: Stored,
    ) -> pl.DataFrame:
        """Events that were new; those known before are duplicates or conflicts."""
        if not known:
            return events
        found = self.connection.execute(
            "SELECT event_id, body_hash FROM ops.ingest_key "
            "WHERE tenant_id = %s AND event_id = ANY(%s)",
            [self.tenant_id, [UUID(bytes=i) for i in known]],
        ).fetchall()
        hashes = pl.DataFrame(
            {"event_id": [row[0].bytes for row in found], "known": [row[1] for row in found]},
            schema={"event_id": pl.Binary, "known": pl.Int64},
        )
        self._settle_repeats(events.join(hashes, on="event_id"), judged, stored)
        if table.kind is Kind.STATE:
            # What is known changes nothing, and a conflicting event is none of the thing's.
            self._unstage(table, [UUID(bytes=i) for i in known])
        return events.join(hashes, on="event_id", how="anti")

    def _settle_repeats(self, again: pl.DataFrame, judged: Normalised, stored: Stored) -> None:
        conflicts = again.filter(pl.col("body_hash") != pl.col("known"))
        stored.duplicate += again.height - conflicts.height
        for row, source, name in conflicts.select("row", "source", "source_event_id").iter_rows():
            text = f"id {name!r} of source {source!r} was used before"
            judged.judgement.reject_row(row, Reason.CONFLICTING_DUPLICATE, text)

    # ------------------------------------------------------------------ staging

    def _make_stages(self, tables: Iterable[Table]) -> None:
        """Make the staging tables that are missing, in one call: every call waits for the disk."""
        wanted = {MARKS: {"site_id": ColumnType.UUID, "at": ColumnType.TIMESTAMP}}
        for table in tables:
            wanted[_stage(table)] = _staged_columns(table)
            if fold.extensible(table):
                wanted[fold.latest_stage(table)] = fold.latest_columns(table)
        missing = {name: columns for name, columns in wanted.items() if name not in self._stages}
        if missing:
            self.connection.execute(";".join(starmap(_creation, missing.items())))
            self._stages.update(missing)

    def _stage(self, table: Table, events: pl.DataFrame) -> None:
        columns = _staged_columns(table)
        names = [name for name in events.columns if name in columns]
        used = [_stage(table)]
        if fold.extensible(table):
            used.append(fold.latest_stage(table))
        self.connection.execute(f"TRUNCATE {', '.join(used)}")
        copy_in(self.connection, _stage(table), events.select(names), [columns[n] for n in names])

    def _mark(self, fresh: pl.DataFrame) -> None:
        """Note the 5-minute slots of new records at sites."""
        if "site_id" not in fresh.columns:
            return
        slot = pl.col("event_time").dt.truncate("5m").alias("at")
        marks = fresh.select("site_id", slot).drop_nulls().unique()
        copy_in(self.connection, MARKS, marks, [ColumnType.UUID, ColumnType.TIMESTAMP])

    def _ensure_partitions(self, table: Table, times: pl.Series) -> None:
        days = sorted(times.dt.date().unique().to_list())
        missing = self.connection.execute(
            "SELECT coalesce(array_agg(day), '{}') FROM unnest(%s::date[]) AS day WHERE "
            "to_regclass(format('ops.%%I', %s || '_' || to_char(day, 'YYYYMMDD'))) IS NULL",
            [days, table.name],
        ).fetchone()
        if missing and missing[0]:
            with self.connection.transaction():
                # One maker at a time: each new partition locks the table itself.
                self.connection.execute(
                    "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"partitions {table.name}"]
                )
                self.connection.execute(
                    "SELECT ops.ensure_partitions(%s, %s)", [table.name, sorted(missing[0])]
                )


def storing_order() -> list[str]:
    """Names of the tables that events feed: things, each after what it refers to, then records."""
    fed = [name for name in parents_first() if TABLES[name].verbs]
    return sorted(fed, key=lambda name: TABLES[name].kind is Kind.RECORD)


def _stage(table: Table) -> str:
    return f"pg_temp.stage_{table.name}"


def _creation(stage: str, columns: Mapping[str, ColumnType]) -> str:
    listed = ", ".join(f"{name} {kind.value}" for name, kind in columns.items())
    name = stage.removeprefix("pg_temp.")
    return f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({listed}) ON COMMIT DELETE ROWS"


def _staged_columns(table: Table) -> dict[str, ColumnType]:
    if table.kind is Kind.STATE:
        return _IDENTITY | _CHANGE
    own = {c.name: c.type for c in table.all_columns if c.name not in ("tenant_id", table.key[0])}
    return _IDENTITY | own


def _all_keys(table: Table) -> str:
    return f"""
        INSERT INTO ops.ingest_key
            (tenant_id, source, source_event_id, event_id, type, batch_id, body_hash)
        SELECT %(tenant)s, source, source_event_id, event_id, type, %(batch)s, body_hash
        FROM {_stage(table)}
    """


def _rows(table: Table, columns: list[str]) -> str:
    """SQL that stores staged events: records as they are, changes of things in the journal."""
    if table.kind is Kind.RECORD:
        own = [n for n in _staged_columns(table) if n in columns and n not in _IDENTITY]
        return f"""
            INSERT INTO ops.{table.name} (tenant_id, {table.key[0]}, {", ".join(own)})
            SELECT %(tenant)s, event_id, {", ".join(own)} FROM {_stage(table)}
        """
    own = ["event_id", "type", "source", *(name for name in _CHANGE if name in columns)]
    return f"""
        INSERT INTO ops.ingest_event (tenant_id, table_name, batch_id, {", ".join(own)})
        SELECT %(tenant)s, %(table)s, %(batch)s, {", ".join(own)} FROM {_stage(table)}
    """


def _known(table: Table) -> str:
    """SQL of the staged ids that are known, one look into the index each.

    A journal of millions grew a moment ago, and the planner might choose to read all of it.
    """
    return f"""
        SELECT s.event_id FROM {_stage(table)} AS s CROSS JOIN LATERAL (
            SELECT FROM ops.ingest_key AS k
            WHERE k.tenant_id = %(tenant)s AND k.event_id = s.event_id LIMIT 1
        ) AS found
    """


def _new_keys_and_rows(table: Table, columns: list[str]) -> str:
    """SQL that stores staged events whose identity is new and returns the other ids."""
    return f"""
        WITH fresh AS ({_all_keys(table)} ON CONFLICT DO NOTHING RETURNING event_id),
        stored AS ({_rows(table, columns)} JOIN fresh USING (event_id))
        SELECT s.event_id FROM {_stage(table)} AS s
        WHERE NOT EXISTS (SELECT FROM fresh WHERE fresh.event_id = s.event_id)
    """
