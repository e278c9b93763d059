"""Benchmarks that need PostgreSQL: the resolution router and durable ingest.

Each starts a server of its own in a temporary folder, so that nobody's data is touched and
nobody's load is measured.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID

import numpy as np
import orjson

from bench.engines import peak_mb
from bench.run import SEED, Bench, exponent
from bench.stream import mixed_events
from vigia.config.home import Home
from vigia.domain.identity import tenant_id
from vigia.ingest.batch import BatchInfo, ingest_lines
from vigia.ingest.batch import ingest as ingest_frames
from vigia.ingest.envelope import parse_events
from vigia.services.postgres import EmbeddedPostgres
from vigia.store.connection import Database, Role
from vigia.store.metrics import query
from vigia.store.migrate import migrate
from vigia.store.tenants import create_tenant

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TENANT = tenant_id("bench")
_FILL = """
    INSERT INTO ops.metric_{tier} (tenant_id, site_id, metric, {start}, n, sum, sum_sq, min, max,
        last, input_hash)
    SELECT %(tenant)s, md5('site' || s)::uuid, 'metric' || m, at, 12, 30, 90, 1, 5, 2, 0
    FROM generate_series(1, %(sites)s) s, generate_series(1, %(metrics)s) m,
        generate_series(%(from)s::timestamptz, %(to)s::timestamptz, %(step)s::interval) at
"""
_REFERENCE = """
    SELECT date_bin('1 day', slot, '2000-01-01Z'), sum(n), sum(sum), sum(sum_sq), min(min),
        max(max) FROM ops.metric_5m WHERE tenant_id = %s AND site_id = %s AND metric = %s
        AND slot >= %s AND slot < %s GROUP BY 1 ORDER BY 1
"""


def router(size: int | None = None) -> Bench:
    """F09: two years of one metric of one site, against adding up its 5-minute rows.

    Args:
        size: 5-minute rows of the other sites and metrics beside it.
    """
    windows = [30, 180, 730]
    others = max(1, (size or 300_000) // (7 * 288 * 5))
    with scratch_database() as database:
        site = _fill_tiers(database, others)
        ours = [_times(lambda d=d: _routed(database, site, d)) for d in windows]  # type: ignore[misc]
        theirs = [_times(lambda d=d: _added_up(database, site, d), 3) for d in windows]  # type: ignore[misc]
    medians = [float(np.median(t)) for t in ours]
    return Bench(
        "router",
        "postgres: the same window added up from 5-minute rows",
        float(np.median(theirs[-1])) / medians[-1],
        exponent(windows, medians),
        peak_mb(),
        {
            "window_days": windows,
            "p50_ms": [m * 1000 for m in medians],
            "p95_ms": [float(np.quantile(t, 0.95)) * 1000 for t in ours],
            "reference_p50_ms": [float(np.median(t)) * 1000 for t in theirs],
        },
    )


def ingest(size: int | None = None) -> Bench:
    """F05: events to durable rows, against a plain binary COPY and INSERT of the same rows.

    Beside it, from text to durable rows: a mixed stream, and changes of things alone.
    """
    largest = size or 120_000
    sizes = [largest // 4, largest // 2, largest]
    _stored(min(sizes[0], 1000))  # imports and caches are not what is measured
    runs = [_stored(rows) for rows in sizes]
    ours, theirs = [run[0] for run in runs], [run[1] for run in runs]
    return Bench(
        "ingest",
        "postgres: unvalidated binary COPY to staging, INSERT … SELECT of the same rows",
        theirs[-1] / ours[-1],
        exponent(sizes, ours),
        peak_mb(),
        {
            "sizes": sizes,
            "rows_per_s": [n / t for n, t in zip(sizes, ours, strict=True)],
            "reference_rows_per_s": [n / t for n, t in zip(sizes, theirs, strict=True)],
            "mixed_events_per_s": largest / _streamed(largest),
            "changes_per_s": largest / _streamed(largest, records=False),
        },
    )


def _streamed(events: int, *, records: bool = True) -> float:
    """Seconds from the text of a company's events, in order of arrival, to durable rows."""
    lines = list(mixed_events(events, SEED, records=records))
    with scratch_database() as database:
        batch = BatchInfo("import", "bench")
        started = perf_counter()
        report = ingest_lines(database, TENANT, lines, now=NOW, batch=batch)
        seconds = perf_counter() - started
        assert report.accepted == events, report
        return seconds


def _stored(rows: int) -> tuple[float, float]:
    """Seconds to judge and store read events, and to copy the same rows in unjudged."""
    parsed = parse_events(list(_fixes(rows)), received_at=None, first_line_no=1)
    with scratch_database() as database:
        batch = BatchInfo("import", "bench")
        started = perf_counter()
        report = ingest_frames(database, TENANT, parsed.frames, now=NOW, batch=batch)
        ours = perf_counter() - started
        assert report.accepted >= rows, report
        return ours, _plain_copy(database)


@contextmanager
def scratch_database() -> Iterator[Database]:
    """A server, a migrated database and a tenant, all gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="vigia-bench-") as folder:
        # The server may run as another user, who must be able to pass through.
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Home(Path(folder) / "home"))
        server.start()
        try:
            database = Database(server.home.admin_url(), server.home.secret())
            with database.connect() as admin:
                admin.execute("CREATE DATABASE bench")
            database = database.with_database("bench")
            migrate(database)
            create_tenant(database, "bench", clock_mode="data")
            yield database
        finally:
            server.stop()


def _fill_tiers(database: Database, sites: int) -> UUID:
    """Tiers of some sites, and two years of 5 minutes of one metric for the reference."""
    tiers = (
        ("1d", "local_date", 731, "1 day"),
        ("1h", "slot", 91, "1 hour"),
        ("5m", "slot", 8, "5 min"),
    )
    with database.transaction(Role.WORKER) as connection:
        for tier, start, days, step in tiers:
            connection.execute(
                _FILL.format(tier=tier, start=start),
                {"tenant": TENANT, "sites": sites, "metrics": 5, "step": step, "to": NOW,
                 "from": NOW.replace(hour=0) - timedelta(days=days)},
            )  # fmt: skip
        connection.execute(
            _FILL.format(tier="5m", start="slot").replace("'metric' || m", "'long'"),
            {"tenant": TENANT, "sites": 1, "metrics": 1, "step": "5 min", "to": NOW,
             "from": NOW.replace(hour=0) - timedelta(days=731)},
        )  # fmt: skip
        row = connection.execute("SELECT md5('site1')::uuid").fetchone()
        site: UUID = row[0] if row else TENANT
        connection.execute(
            "INSERT INTO ops.site (tenant_id, site_id, code, tz, state_time)"
            " VALUES (%s, %s, 'S1', 'UTC', now())",
            [TENANT, site],
        )
    with database.connect() as admin:
        admin.execute("VACUUM ANALYZE ops.metric_5m, ops.metric_1h, ops.metric_1d")
    return site


def _routed(database: Database, site: UUID, days: int) -> None:
    rows = query(database, TENANT, site, "metric1", NOW - timedelta(days=days), NOW, NOW)
    assert rows.height >= min(days, 7) * 288


def _added_up(database: Database, site: UUID, days: int) -> None:
    with database.transaction(Role.APP, TENANT) as connection:
        window = [TENANT, site, "long", NOW - timedelta(days=days), NOW]
        assert connection.execute(_REFERENCE, window).fetchall()


def _times(run: Callable[[], None], repeats: int = 20) -> list[float]:
    run()
    times = []
    for _ in range(repeats):
        started = perf_counter()
        run()
        times.append(perf_counter() - started)
    return times


def _fixes(count: int) -> Iterator[bytes]:
    """Positions as a phone sends them, with the site and device that they name first."""
    rng = np.random.default_rng(SEED)
    first = NOW - timedelta(days=1)

    def line(kind: str, number: int, at: datetime, **data: object) -> bytes:
        return orjson.dumps(
            {"specversion": "1.0", "id": f"{kind}{number}", "source": "bench", "time": at,
             "type": f"vigia.{kind}.v1", "subject": "S1", "data": data}
        )  # fmt: skip

    yield line("site.upserted", 0, first, site_id="S1", code="S1")
    yield line("device.upserted", 0, first, device_id="D1", code="D1")
    for n, jitter in enumerate(rng.random(count).tolist()):
        at = first + timedelta(seconds=n * 86000 / count)
        yield line(
            "gps_fix.recorded", n, at, fix_time=at, device_id="D1", seq=n, boot_id="b",
            lat=48 + jitter / 100, lon=11 + jitter / 90, accuracy_m=5.0,
        )  # fmt: skip


def _plain_copy(database: Database) -> float:
    """Seconds to store again, unjudged, the rows that ingest stored."""
    tables = ("gps_fix", "ingest_key")
    with database.connect() as admin:
        saved = {}
        for table in tables:
            with admin.cursor().copy(
                f"COPY (SELECT * FROM ops.{table}) TO STDOUT (FORMAT binary)"
            ) as out:
                saved[table] = b"".join(bytes(block) for block in out)
            admin.execute(f"TRUNCATE ops.{table}")
        started = perf_counter()
        with admin.transaction():
            for table in tables:
                admin.execute(
                    f"CREATE TEMPORARY TABLE plain_{table} (LIKE ops.{table}) ON COMMIT DROP"
                )
                with admin.cursor().copy(f"COPY plain_{table} FROM STDIN (FORMAT binary)") as into:
                    into.write(saved[table])
                admin.execute(f"INSERT INTO ops.{table} SELECT * FROM plain_{table}")
        return perf_counter() - started
