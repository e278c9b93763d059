"""A company as large as the pages must bear, written set-wise in SQL: many sites, 42 days.

Only sizes and spread matter here, no story: rows are what the pipeline would have left. The
marts over them are built by dbt itself.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.database import NOW, TENANT
from vigia.store.connection import Database, Role
from vigia.store.metrics import sync_registry
from vigia.worker.analytics import build_marts
from vigia.worker.sla import refresh_sla

DAYS = 42
FIXES_A_SITE = DAYS * 3 * 48
"""Positions of a site: of three people, every quarter of an hour by day."""
# Of what the hot tiers keep by the standard retention.
_TIERS = (
    ("1d", "local_date", DAYS, "1 day"),
    ("1h", "slot", DAYS, "1 hour"),
    ("5m", "slot", 7, "5 min"),
)
_METRICS = (
    *("location_updates", "tour_checkpoints", "attendance_events", "tickets_opened"),
    *("tickets_resolved", "tickets_open", "tickets_overdue", "battery_pct"),
)
_PARTITIONS = """
    SELECT ops.ensure_partitions(parent, array_agg(day::date))
    FROM unnest(ARRAY['gps_fix', 'signal_window']) parent,
        generate_series(%(first)s::date, %(now)s::date, '1 day') day GROUP BY parent
"""
_PLACES = """
    INSERT INTO ops.site (tenant_id, site_id, code, name, lat, lon, tz, status, state_time)
    SELECT %(tenant)s, md5('site' || s)::uuid, 'S' || lpad(s::text, 3, '0'), 'Site ' || s,
        CASE WHEN s %% 5 > 0 THEN 48 + s * 0.01 END, CASE WHEN s %% 5 > 0 THEN 11 + s * 0.01 END,
        (ARRAY['UTC', 'Europe/Berlin', 'Asia/Kolkata'])[1 + s %% 3], 'active', %(first)s
    FROM generate_series(1, %(sites)s) s
"""
_PEOPLE = """
    INSERT INTO ops.person (tenant_id, person_id, employee_no, initials, role, home_site_id,
        status, state_time)
    SELECT %(tenant)s, md5('person' || s || '-' || p)::uuid, 'E' || s * 10 + p, 'AB', 'guard',
        md5('site' || s)::uuid, 'active', %(first)s
    FROM generate_series(1, %(sites)s) s, generate_series(1, 6) p
"""
_DEVICES = """
    INSERT INTO ops.device (tenant_id, device_id, code, kind, status, last_event_at, state_time)
    SELECT %(tenant)s, md5('device' || s || '-' || d)::uuid, 'D' || s * 10 + d, 'phone', 'online',
        %(now)s, %(first)s
    FROM generate_series(1, %(sites)s) s, generate_series(1, 3) d
"""
_GROUPS = """
    INSERT INTO ops.support_group (tenant_id, group_id, code, name, state_time)
    SELECT %(tenant)s, md5('group' || g)::uuid, 'G' || g, 'Group ' || g, %(first)s
    FROM generate_series(1, 8) g
"""
_TICKETS = """
    INSERT INTO ops.ticket (tenant_id, ticket_id, number, site_id, priority, group_id,
        assignee_id, status, opened_at, first_response_at, resolved_at, reassignment_count,
        imported_sla_met, state_time)
    SELECT %(tenant)s, md5('ticket' || n)::uuid, 'INC' || lpad(n::text, 7, '0'),
        md5('site' || site)::uuid, 'P' || 1 + n %% 4, md5('group' || 1 + n %% 8)::uuid,
        md5('person' || site || '-' || 1 + n %% 6)::uuid,
        CASE WHEN is_open THEN 'in_progress' ELSE 'closed' END, at, at + interval '40 min',
        CASE WHEN NOT is_open THEN at + n %% 60 * interval '1 hour' END, n %% 5, n %% 3 > 0,
        %(now)s
    FROM (
        SELECT n, 1 + n %% %(sites)s AS site,
            n %% 25 = 0 OR at + n %% 60 * interval '1 hour' > %(now)s AS is_open, at
        FROM (
            SELECT n, %(first)s + (%(now)s - %(first)s) * n / %(tickets)s AS at
            FROM generate_series(1, %(tickets)s) n
        ) numbered
    ) opened
"""
_TICKET_HISTORY = """
    INSERT INTO ops.ingest_event (tenant_id, event_id, table_name, entity_id, site_id, type,
        source, event_time, received_at, payload, batch_id)
    SELECT %(tenant)s, md5(ticket_id::text || step)::uuid, 'ticket', ticket_id, site_id,
        'vigia.ticket.' || CASE step WHEN 0 THEN 'opened' ELSE 'updated' END || '.v1', 'bench',
        least(opened_at + step * interval '20 min', %(now)s), %(now)s,
        jsonb_build_object('status', (ARRAY['new', 'assigned', 'in_progress', status])[step + 1],
            'priority', priority, 'group_id', group_id, 'assignee_id', assignee_id),
        md5('batch')::uuid
    FROM ops.ticket, generate_series(0, 3) step
"""
_FIXES = """
    INSERT INTO ops.gps_fix (tenant_id, fix_id, site_id, device_id, person_id, fix_time, lat, lon,
        accuracy_m, valid, received_at)
    SELECT %(tenant)s, md5(concat(s, '-', d, at))::uuid, md5('site' || s)::uuid,
        md5('device' || s || '-' || d)::uuid, md5('person' || s || '-' || d)::uuid, at,
        48 + s * 0.01 + random() / 500, 11 + s * 0.01 + random() / 500, 5, true, at
    FROM generate_series(1, %(sites)s) s, generate_series(1, 3) d,
        generate_series(%(first)s, %(now)s, '15 min') at
    WHERE extract(hour FROM at) BETWEEN 6 AND 17
"""
_WINDOWS = """
    INSERT INTO ops.signal_window (tenant_id, site_id, person_id, slot, p_auto, p_human, g_valid,
        g_invalid, w_count, h_ok, h_missed, distance_m, max_gap_s, exposure_min, watermark_at)
    SELECT %(tenant)s, site_id, person_id, date_bin('5 min', fix_time, 'epoch'), 1, 1, count(*), 0,
        0, 0, 0, 40, 300, 5, %(now)s
    FROM ops.gps_fix GROUP BY 2, 3, 4
"""
_CLOCKINGS = """
    INSERT INTO ops.attendance_event (tenant_id, att_id, person_id, site_id, kind, method,
        event_time, received_at)
    SELECT %(tenant)s, md5(concat('clock', s, '-', p, day, k))::uuid,
        md5('person' || s || '-' || p)::uuid, md5('site' || s)::uuid, k, 'app',
        day + CASE k WHEN 'clock_in' THEN interval '6 h' ELSE interval '18 h' END, day
    FROM generate_series(1, %(sites)s) s, generate_series(1, 6) p,
        generate_series(%(first)s, %(now)s - interval '1 day', '1 day') day,
        unnest(ARRAY['clock_in', 'clock_out']) k
"""
_SCANS = """
    INSERT INTO ops.checkpoint_scan (tenant_id, scan_id, site_id, person_id, device_id,
        event_time, verdict, received_at)
    SELECT %(tenant)s, md5(concat('scan', s, at))::uuid, md5('site' || s)::uuid,
        md5('person' || s || '-1')::uuid, md5('device' || s || '-1')::uuid, at, 'valid', at
    FROM generate_series(1, %(sites)s) s, generate_series(%(first)s, %(now)s, '30 min') at
"""
_TIER = """
    INSERT INTO ops.metric_{tier} (tenant_id, site_id, metric, {start}, n, sum, sum_sq, min, max,
        last, input_hash)
    SELECT %(tenant)s, md5('site' || s)::uuid, m, at, 12, 30 + s %% 7, 90, 1, 5, 2, 0
    FROM generate_series(date_trunc('day', %(now)s - %(age)s), %(now)s, %(step)s) at,
        generate_series(1, %(sites)s) s, unnest(%(metrics)s::text[]) m
"""
_BATCHES = """
    INSERT INTO ops.ingest_batch (tenant_id, batch_id, kind, origin, started_at, finished_at,
        state, rows, accepted, duplicate, quarantined, first_event_time, last_event_time)
    SELECT %(tenant)s, md5('batch' || at)::uuid, 'live', 'bench', at, at + interval '1 min',
        'done', 1000, 990, 8, 2, at - interval '1 hour', at
    FROM generate_series(%(first)s, %(now)s, '1 hour') at
"""
_QUARANTINE = """
    INSERT INTO ops.ingest_quarantine (tenant_id, q_id, batch_id, line_no, raw, raw_bytes,
        reason_code, reason, first_at, attempts, state)
    SELECT %(tenant)s, md5('q' || b.batch_id || n)::uuid, b.batch_id, n, repeat('x', 300), 300,
        'unknown_site', 'The site is not known.', b.started_at, 1, 'open'
    FROM ops.ingest_batch b, generate_series(1, 2) n
"""
_VERDICTS = """
    INSERT INTO ops.quality_result (tenant_id, table_name, check_name, day, from_date, passed,
        examined_count, failed_count, ran_at)
    SELECT %(tenant)s, 'table' || t, 'check' || c, day, day, c %% 9 > 0, 1000, c %% 9, day
    FROM generate_series(1, 20) t, generate_series(1, 10) c,
        generate_series(%(first)s::date, %(now)s::date, '1 day') day
"""
_CLOCK = "INSERT INTO ops.tenant_clock VALUES (%(tenant)s, %(now)s)"


def found_company(database: Database, home: Path, sites: int) -> None:
    """Fill a tenant that has nothing yet, keep its promises' clocks and build the marts.

    Args:
        database: Migrated, with the tenant of the benchmarks.
        home: Folder for dbt's files.
        sites: How many sites it guards.
    """
    with database.transaction(Role.WORKER) as connection:
        sync_registry(connection, TENANT)
    with database.connect() as admin:
        for statement, values in _statements(sites):
            admin.execute(statement, values)
        # Not yet of tables that are still empty: statistics of none would mislead the next step.
        admin.execute("VACUUM ANALYZE ops.ticket, ops.ingest_event, ops.site, ops.person")
    refresh_sla(database, TENANT, now=NOW)
    with database.connect() as admin:
        admin.execute("VACUUM ANALYZE")
    result = build_marts(database, home, tested=False)
    assert result.success, result.failed


def _statements(sites: int) -> list[tuple[str, dict[str, Any]]]:
    values = {
        "tenant": TENANT,
        "now": NOW,
        "first": NOW - timedelta(days=DAYS),
        "sites": sites,
        "tickets": sites * DAYS * 10,
        "metrics": list(_METRICS),
    }
    plain = [
        *(_CLOCK, _PARTITIONS, _PLACES, _PEOPLE, _DEVICES, _GROUPS, _TICKETS, _TICKET_HISTORY),
        *(_FIXES, _WINDOWS, _CLOCKINGS, _SCANS, _BATCHES, _QUARANTINE, _VERDICTS),
    ]
    tiers = [
        (
            _TIER.format(tier=tier, start=start),
            {**values, "age": timedelta(days=days), "step": step},
        )
        for tier, start, days, step in _TIERS
    ]
    return [*((statement, values) for statement in plain), *tiers]
