"""Audits, replay and the rules about findings (F04, F08, F10), against how it is usually done.

An audit reads its window, looks for every pattern at every site and commits what it finds. Beside
it in the same run the loop that most systems have: for each site, one prepared statement after the
other that asks what a pattern has to know. The loop only asks; it follows no episode, knows no
late data and stores nothing, so the ratio is to its favour.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl

from bench.database import scratch_database
from bench.engines import peak_mb
from bench.run import SEED, Bench, exponent
from vigia.config.runbooks import product_runbooks
from vigia.domain.findings.audit import Cadence
from vigia.domain.findings.categorise import categorise, categorised
from vigia.domain.findings.detect import detect
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.runbooks import Book
from vigia.domain.findings.severity import Context
from vigia.domain.identity import tenant_id
from vigia.domain.watch.moments import Moments
from vigia.evaluate.facts import read_facts
from vigia.services.world import load_world
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.emit.files import read_manifest
from vigia.simulator.generate import generate
from vigia.store.connection import Database, Role
from vigia.store.facts import read_facts as read_stored
from vigia.worker.audit import run_audits

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SITES, DAYS = 40, 2
EVENTS_A_SITE = 2_700 * DAYS
FIVE_MINUTES = timedelta(minutes=5)
_WINDOW = "site_id = %(site)s AND {time} > %(at)s - interval '{window}' AND {time} <= %(at)s"
_COUNTED = (
    *(("gps_fix", "fix_time", "60 min"), ("device_heartbeat", "event_time", "60 min")),
    *(("phone_event", "event_time", "60 min"), ("checkpoint_scan", "event_time", "120 min")),
    *(("access_event", "event_time", "60 min"), ("contact_log", "event_time", "60 min")),
)
_LISTED = (
    "SELECT run_id, status FROM ops.tour_run WHERE site_id = %(site)s AND status = 'in_progress'",
    (
        "SELECT task_id FROM ops.task WHERE site_id = %(site)s AND due_at < %(at)s"
        " AND status NOT IN ('completed', 'skipped', 'cancelled')"
    ),
    (
        "SELECT check_id FROM ops.welfare_check WHERE site_id = %(site)s AND closes_at <= %(at)s"
        " AND result = 'missed' AND closes_at > %(at)s - interval '1 hour'"
    ),
    "SELECT panic_id FROM ops.panic_event WHERE site_id = %(site)s AND state = 'open'",
    "SELECT ticket_id FROM ops.ticket WHERE site_id = %(site)s AND closed_at IS NULL",
    (
        "SELECT alert_id FROM ops.alert WHERE site_id = %(site)s AND state = 'firing'"
        " AND first_seen_at > %(at)s - interval '1 hour'"
    ),
    (
        "SELECT DISTINCT ON (person_id) person_id, kind FROM ops.attendance_event"
        " WHERE site_id = %(site)s AND event_time > %(at)s - interval '15 hours'"
        " ORDER BY person_id, event_time DESC"
    ),
    (
        "SELECT s.shift_id, a.person_id FROM ops.shift s JOIN ops.shift_assignment a USING (shift_id)"
        " WHERE s.site_id = %(site)s AND %(at)s BETWEEN s.starts_at AND s.ends_at"
    ),
    (
        "SELECT DISTINCT ON (device_id) device_id, lat, lon, accuracy_m FROM ops.gps_fix"
        " WHERE site_id = %(site)s AND fix_time > %(at)s - interval '1 hour'"
        " ORDER BY device_id, fix_time DESC"
    ),
    "SELECT mw_id FROM ops.maintenance_window WHERE %(at)s BETWEEN starts_at AND ends_at",
)


def audit(size: int | None = None) -> Bench:
    """F04: one audit of all sites, every pattern, what is read and committed included.

    Args:
        size: Events of the largest of three companies, about.
    """
    most = max(4, (size or SITES * EVENTS_A_SITE) // EVENTS_A_SITE)
    sites = [max(1, most // 4), max(2, most // 2), most]
    found = [_audited(count) for count in sites]
    ours, theirs = [run["audit_s"] for run in found], [run["loop_s"] for run in found]
    return Bench(
        "audit",
        "prepared statements, site by site",
        theirs[-1] / ours[-1],
        exponent(sites, ours),
        peak_mb(),
        {
            "sites": sites,
            "audit_ms": [1000 * s for s in ours],
            "read_ms": [1000 * run["read_s"] for run in found],
            "detect_ms": [1000 * run["detect_s"] for run in found],
            "loop_ms": [1000 * s for s in theirs],
            "rows_read": [run["rows"] for run in found],
        },
    )


def _audited(sites: int) -> dict[str, Any]:
    with _company(sites) as root, scratch_database() as database:
        load_world(database, root, now=NOW)
        (slug,) = (tenant["slug"] for tenant in read_manifest(root)["tenants"])
        tenant = tenant_id(slug)
        at = datetime.fromisoformat(read_manifest(root)["config"]["start_on"]).replace(tzinfo=UTC)
        at += timedelta(days=DAYS) - timedelta(hours=10)
        _settle(database, tenant, at)
        times = []
        for number in range(1, 6):
            started = perf_counter()
            until = at + number * FIVE_MINUTES
            done = run_audits(
                database, tenant, Cadence.HEARTBEAT, now=NOW + number * FIVE_MINUTES, until=until
            )
            times.append(perf_counter() - started)
            assert done.audits == sites, done
        read_s, detect_s, rows = _parts(database, tenant, at)
        return {
            "audit_s": float(np.median(times)),
            "loop_s": _loop(database, tenant, at),
            "read_s": read_s,
            "detect_s": detect_s,
            "rows": rows,
        }


def _settle(database: Database, tenant: UUID, at: datetime) -> None:
    """The first audit begins the sites' schedules; it is not what is measured."""
    run_audits(database, tenant, Cadence.HEARTBEAT, now=NOW, until=at)
    with database.connect() as admin:
        admin.execute("VACUUM ANALYZE")


def _parts(database: Database, tenant: UUID, at: datetime) -> tuple[float, float, int]:
    """Seconds to read what an audit looks at, seconds to look, and rows read."""
    started = perf_counter()
    with database.transaction(Role.WORKER) as connection:
        facts = read_stored(connection, tenant, at, at)
    read_s = perf_counter() - started
    started = perf_counter()
    detect(facts, Moments.of(at))
    rows = sum(frame.height for frame in facts.frames.values())
    return read_s, perf_counter() - started, rows


def _loop(database: Database, tenant: UUID, at: datetime) -> float:
    """Seconds of the usual loop over all sites."""
    counted = [
        f"SELECT count(*) FROM ops.{name} WHERE {_WINDOW.format(time=time, window=window)}"
        for name, time, window in _COUNTED
    ]
    with database.transaction(Role.APP, tenant) as connection:
        sites = [site for (site,) in connection.execute("SELECT site_id FROM ops.site").fetchall()]
        started = perf_counter()
        for site in sites:
            for query in (*counted, *_LISTED):
                connection.execute(query, {"site": site, "at": at}, prepare=True).fetchall()
        return perf_counter() - started


@contextmanager
def _company(sites: int, days: int = DAYS) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vigia-bench-") as folder:
        spans = {"learn_days": max(days - 1, 0), "test_days": 1}
        config = WorldConfig.at_level(Level.STANDARD, seed=SEED, sites=sites, **spans)
        generate(config, Path(folder) / "world")
        yield Path(folder) / "world"


def replay(size: int | None = None) -> Bench:
    """F08: a day of audits over a company, against the same audits one after the other.

    Args:
        size: Events of the company, about.
    """
    sites = max(2, (size or SITES * EVENTS_A_SITE) // EVENTS_A_SITE)
    with _company(sites) as root:
        manifest = read_manifest(root)
        facts = read_facts(root / manifest["tenants"][0]["slug"])
        first = datetime.fromisoformat(manifest["config"]["start_on"]).replace(tzinfo=UTC)
        spans = [timedelta(hours=hours) for hours in (6, 12, 24)]
        detect(facts, Moments.of(first + timedelta(hours=12)))  # imports are not what is measured
        times = []
        for span in spans:
            moments = Moments.every(
                FIVE_MINUTES, first + timedelta(hours=12), first + timedelta(hours=12) + span
            )
            started = perf_counter()
            detect(facts, moments)
            times.append(perf_counter() - started)
        started = perf_counter()
        going = None
        for at in moments.times[: 288 // 12]:
            found = detect(facts, Moments.of(at), going)
            going = found.filter(pl.col("cleared_at").is_null())
        one_by_one = 12 * (perf_counter() - started)
    return Bench(
        "replay",
        "the same audits one after the other (two hours of them, times twelve)",
        one_by_one / times[-1],
        exponent([round(span.total_seconds()) for span in spans], times),
        peak_mb(),
        {
            "sites": sites,
            "hours": [span / timedelta(hours=1) for span in spans],
            "seconds": times,
            "times_real_time": [
                span.total_seconds() / s for span, s in zip(spans, times, strict=True)
            ],
        },
    )


def rules(size: int | None = None) -> Bench:
    """F10: category, severity and runbook of findings, as a frame and one by one.

    Args:
        size: Findings of the largest of three frames.
    """
    largest = size or 1_000_000
    sizes = [largest // 4, largest // 2, largest]
    book, frame = Book(product_runbooks()), _findings(largest)
    book.matched(categorised(frame.head(1000)))
    times = [min(_seconds(book, frame.head(rows)) for _ in range(3)) for rows in sizes]
    rows = frame.head(min(largest, 50_000)).rows()
    started = perf_counter()
    for name, delay_min, z_score, priority in rows:
        category, severity = categorise(name, Context(delay_min, z_score, priority))
        book.match(name, category, severity)
    single = perf_counter() - started
    return Bench(
        "rules",
        "the same rules, finding by finding",
        (single / len(rows)) / (times[-1] / largest),
        exponent(sizes, times),
        peak_mb(),
        {
            "sizes": sizes,
            "findings_per_s": [n / s for n, s in zip(sizes, times, strict=True)],
            "single_findings_per_s": len(rows) / single,
        },
    )


def _seconds(book: Book, frame: pl.DataFrame) -> float:
    started = perf_counter()
    book.matched(categorised(frame))
    return perf_counter() - started


def _findings(count: int) -> pl.DataFrame:
    draw = np.random.default_rng(SEED)
    names: Sequence[str] = [*KNOWN, "GEOFENCE_BREACH", "ANOMALY_BATTERY_PCT_BELOW", "UNHEARD_OF"]
    priorities = np.array(["P1", "P2", "P3", "P4"])
    return pl.DataFrame(
        {
            "type": np.array(names)[draw.integers(0, len(names), count)],
            "delay_min": draw.uniform(0, 3000, count),
            "z_score": draw.normal(0, 5, count),
            "priority": priorities[draw.integers(0, 4, count)],
        }
    )
