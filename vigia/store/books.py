"""What the product notes about every delivery: outcome, data clock, watermarks, marks, message.

Belongs here: bookkeeping written in the transaction of the events it is about. The events
themselves are stored by `vigia.store.ingest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from vigia.domain.telemetry.ids import uuid_texts

if TYPE_CHECKING:
    import psycopg

TOPIC = "ingest.batch"


@dataclass(frozen=True, slots=True)
class Books:
    """The books of one tenant, through one connection.

    Attributes:
        connection: Inside a transaction that acts for the tenant.
    """

    connection: psycopg.Connection
    tenant_id: UUID

    def open_batch(
        self, batch_id: UUID, kind: str, origin: str, mapping: str | None, now: datetime
    ) -> None:
        """Note that a delivery has started."""
        self.connection.execute(
            """
            INSERT INTO ops.ingest_batch (tenant_id, batch_id, kind, origin, mapping, started_at,
                state, rows, accepted, duplicate, quarantined)
            VALUES (%s, %s, %s, %s, %s, %s, 'running', 0, 0, 0, 0)
            """,
            [self.tenant_id, batch_id, kind, origin, mapping, now],
        )

    def count_chunk(
        self,
        batch_id: UUID,
        counts: Mapping[str, int],
        first: datetime | None,
        last: datetime | None,
    ) -> None:
        """Add a chunk to the account of its delivery.

        Args:
            batch_id: The delivery.
            counts: `rows`, `accepted`, `duplicate` and `quarantined` of the chunk.
            first: Oldest new event.
            last: Newest new event.
        """
        self.connection.execute(
            """
            UPDATE ops.ingest_batch SET rows = rows + %(rows)s,
                accepted = accepted + %(accepted)s, duplicate = duplicate + %(duplicate)s,
                quarantined = quarantined + %(quarantined)s,
                first_event_time = least(first_event_time, %(first)s),
                last_event_time = greatest(last_event_time, %(last)s)
            WHERE tenant_id = %(tenant)s AND batch_id = %(batch)s
            """,
            {**counts, "first": first, "last": last, "tenant": self.tenant_id, "batch": batch_id},
        )

    def close_batch(self, batch_id: UUID, now: datetime, error: str | None = None) -> None:
        """Note how a delivery ended, which it does once; `error` says why it failed."""
        self.connection.execute(
            """
            UPDATE ops.ingest_batch SET finished_at = %s, state = %s, error = %s
            WHERE tenant_id = %s AND batch_id = %s AND state = 'running'
            """,
            [now, "failed" if error else "done", error, self.tenant_id, batch_id],
        )

    def write_marks(self, marks: str) -> None:
        """Mark the 5-minute slots of the sites and instants in a table as out of date."""
        # Sorted, so that two transactions never wait for each other in a circle.
        self.connection.execute(
            f"""
            INSERT INTO ops.dirty_slot (tenant_id, site_id, slot)
            SELECT DISTINCT %s::uuid, site_id,
                date_bin('5 minutes', at, '2000-01-01T00:00:00Z') AS slot
            FROM {marks} ORDER BY site_id, slot
            ON CONFLICT (tenant_id, site_id, slot) DO UPDATE SET generation = excluded.generation
            """,
            [self.tenant_id],
        )

    def write_watermarks(self, seen: pl.DataFrame) -> None:
        """Merge what new events say about their devices (`watermark.SEEN`).

        A device is complete until its newest event while its numbers have no gap, and in any
        case until the newest heartbeat that had nothing left to send.
        """
        rows = seen.group_by("device_id", "boot_id").agg(
            pl.col("first_seq").min(),
            pl.col("last_seq").max(),
            pl.col("seen_count").sum(),
            pl.col("last_event_at").max(),
            pl.col("heartbeat_at").max(),
            pl.col("queue_depth").sort_by("heartbeat_at", nulls_last=False).last(),
            pl.col("drained_at").max(),
        )
        if rows.is_empty():
            return
        rows = rows.sort("device_id", "boot_id")
        rows = rows.with_columns(uuid_texts(rows["device_id"]), uuid_texts(rows["boot_id"]))
        values = {"tenant": self.tenant_id, **rows.to_dict(as_series=False)}
        self.connection.execute(_MERGE_WATERMARKS, values)
        self.connection.execute(_COMPLETE_UNTIL, values)

    def write_message(
        self, tables: Mapping[str, int], days: Iterable[date], batch_id: UUID, now: datetime
    ) -> None:
        """Tell the rest of the product, through the outbox, that events were stored."""
        from psycopg.types.json import Jsonb

        payload = {
            "batch_id": str(batch_id),
            "tables": dict(tables),
            "days": [day.isoformat() for day in sorted(days)],
        }
        self.connection.execute(
            "INSERT INTO ops.outbox (tenant_id, topic, payload, created_at) VALUES (%s, %s, %s, %s)",
            [self.tenant_id, TOPIC, Jsonb(payload), now],
        )

    def move_clock(self, latest: datetime) -> None:
        """Move the tenant's data clock forward. Last in a transaction: all wait for this row."""
        self.connection.execute(
            """
            INSERT INTO ops.tenant_clock AS t (tenant_id, latest_event_time) VALUES (%s, %s)
            ON CONFLICT (tenant_id) DO UPDATE SET latest_event_time = excluded.latest_event_time
            WHERE t.latest_event_time < excluded.latest_event_time
            """,
            [self.tenant_id, latest],
        )


_MERGE_WATERMARKS = """
    INSERT INTO ops.device_watermark AS w (tenant_id, device_id, boot_id, first_seq, last_seq,
        seen_count, queue_depth, last_event_at, heartbeat_at, drained_at)
    SELECT %(tenant)s, device, boot, coalesce(first_seq, 0), coalesce(last_seq, -1), seen,
        queue, last_event_at, heartbeat_at, drained_at
    FROM unnest(%(device_id)s::uuid[], %(boot_id)s::uuid[], %(first_seq)s::bigint[],
        %(last_seq)s::bigint[], %(seen_count)s::bigint[], %(queue_depth)s::int[],
        %(last_event_at)s::timestamptz[], %(heartbeat_at)s::timestamptz[],
        %(drained_at)s::timestamptz[])
        AS s (device, boot, first_seq, last_seq, seen, queue, last_event_at, heartbeat_at,
            drained_at)
    ON CONFLICT (tenant_id, device_id, boot_id) DO UPDATE SET
        first_seq = CASE WHEN w.seen_count = 0 THEN excluded.first_seq
            WHEN excluded.seen_count = 0 THEN w.first_seq
            ELSE least(w.first_seq, excluded.first_seq) END,
        last_seq = greatest(w.last_seq, excluded.last_seq),
        seen_count = w.seen_count + excluded.seen_count,
        queue_depth = CASE WHEN w.heartbeat_at > excluded.heartbeat_at
            OR excluded.heartbeat_at IS NULL THEN w.queue_depth ELSE excluded.queue_depth END,
        last_event_at = greatest(w.last_event_at, excluded.last_event_at),
        heartbeat_at = greatest(w.heartbeat_at, excluded.heartbeat_at),
        drained_at = greatest(w.drained_at, excluded.drained_at)
"""
_COMPLETE_UNTIL = """
    UPDATE ops.device_watermark AS w SET complete_until_at = greatest(drained_at,
        CASE WHEN seen_count > 0 AND last_seq - first_seq + 1 = seen_count THEN last_event_at END)
    FROM unnest(%(device_id)s::uuid[], %(boot_id)s::uuid[]) AS s (device, boot)
    WHERE w.tenant_id = %(tenant)s AND w.device_id = s.device AND w.boot_id = s.boot
"""
