"""The demo: real data and a simulated company in, the whole pipeline over them, a report.

Belongs here: which data, which steps, what is measured. Does not belong here: how a step works,
or how the report is printed (`vigia.cli.demo`).
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import psutil

from vigia.config.settings import REPOSITORY, Settings
from vigia.domain.errors import VigiaError
from vigia.domain.identity import tenant_id
from vigia.services.postgres import EmbeddedPostgres
from vigia.store.connection import Database, Role

if TYPE_CHECKING:
    from vigia.ingest.loader import LoadReport
    from vigia.ingest.mapping import LoadKind
    from vigia.services.pipeline import JobResult
    from vigia.simulator.config import WorldConfig

EXAMPLES = REPOSITORY / "examples"
SAMPLE_S = 0.5
AUDITED = timedelta(days=1)
"""So much of the simulated company's newest time is looked at by audits."""
AUDIT_PIECE = timedelta(hours=6)
_MICROSECOND = timedelta(microseconds=1)
_MB = 1024 * 1024
REPORTED = (
    "site",
    "person",
    "device",
    "ticket",
    "ingest_event",
    "gps_fix",
    "signal_window",
    "metric_5m",
    "metric_1h",
    "metric_1d",
    "sla_clock",
    "lake_file",
    "audit_run",
    "finding",
    "ingest_quarantine",
)


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the demo and whose data it becomes."""

    slug: str
    company: str
    zone: str
    retention: Literal["standard", "keep_all"]
    kind: LoadKind
    mapping: str
    path: Path


@dataclass(slots=True)
class DemoReport:
    """What the demo did.

    Attributes:
        seconds: Step to seconds; a part of a step is named `step: part`.
        rows: Table of schema `ops` (or `marts.` and its name) to rows.
        loads: Company to the account of what it brought.
        origins: Company to where that came from.
        world: Folder of the simulated company, if there is one.
        peak_mb: Most memory that the demo and the database server held together.
        broken: Data checks that did not pass, as Dagster names them, to what they say.
        evaluation: What was found in the simulated company against what was true there.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    loads: dict[str, LoadReport] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    world: Path | None = None
    peak_mb: float = 0.0
    broken: dict[str, str] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)


class DemoError(VigiaError):
    """A step of the demo could not be done."""


Step = Callable[[str], None]


def demo_sources(data: Path | None) -> list[Source]:
    """The files to load: the whole public data sets where they are, else the samples shipped."""
    incidents = _first(
        data and data / "incidents" / "incident_event_log.csv.zip",
        EXAMPLES / "incident_event_log_sample.csv.gz",
    )
    tracks = _first(
        data and data / "gps" / "geolife_sample.txt.gz", EXAMPLES / "geolife_sample.csv.gz"
    )
    return [
        Source(
            *("northwind-facilities", "Northwind Facilities", "UTC", "standard"),
            *("tickets", "servicenow_incident_log", incidents),
        ),
        Source(
            *("haidian-patrol", "Haidian Patrol", "Asia/Shanghai", "keep_all"),
            *("gps", "gps_csv", tracks),
        ),
    ]


def _first(wanted: Path | None, shipped: Path) -> Path:
    return wanted if wanted and wanted.is_file() else shipped


def run_demo(
    settings: Settings,
    *,
    company: WorldConfig | None = None,
    on_step: Step,
    on_rows: Callable[[str, int], None],
) -> DemoReport:
    """Load the data, run the pipeline through Dagster, count what came out.

    Safe to repeat: what was loaded before is a duplicate, and what is computed is replaced.

    Args:
        settings: The installation; its database server is started when it is embedded.
        company: The simulated company to make beside the real data; None makes none.
        on_step: Told the name of each step as it starts.
        on_rows: Told a step's name and the rows done so far.

    Raises:
        VigiaError: A step could not be done; the text says what to do.
    """
    report = DemoReport()
    scored: Future[JobResult] | None = None
    with _watching_memory(settings, report), ThreadPoolExecutor(1) as beside:
        with _timed(report, "database", on_step):
            from vigia.services.platform import start_database

            database = start_database(settings)
        for source in demo_sources(settings.data):
            with _timed(report, f"load {source.kind}", on_step):
                report.loads[source.company] = _load(
                    database,
                    source,
                    lambda n, s=source: on_rows(f"load {s.kind}", n),  # type: ignore[misc]
                )
            report.origins[source.company] = source.path.name
        if company is not None:
            with _timed(report, "simulate", on_step):
                report.world = demo_world(settings, company, lambda n: on_rows("simulate", n))
            # It reads the world and not the database, so it need not wait for either.
            scored = beside.submit(_score, settings)
            _bring_company(database, report.world, report, on_step, on_rows)
        _run_pipeline(settings, database, report, on_step)
        if report.world is not None and scored is not None:
            _audit_company(database, report.world, report, on_step, on_rows)
            with _timed(report, "scoreboard", on_step):
                report.evaluation = _board(settings, report.world, scored.result())
        report.rows = count_rows(database)
    return report


def _bring_company(
    database: Database,
    world: Path,
    report: DemoReport,
    on_step: Step,
    on_rows: Callable[[str, int], None],
) -> None:
    """Load the simulated company."""
    from vigia.services.world import load_world

    with _timed(report, "load world", on_step):
        loaded = load_world(
            database,
            world,
            now=datetime.now(UTC),
            progress=lambda _slug, rows, _bytes: on_rows("load world", rows),
        )
    for tenant in loaded.names:
        report.loads[loaded.names[tenant]] = loaded.tenants[tenant]
        report.origins[loaded.names[tenant]] = "simulated"


def demo_world(settings: Settings, company: WorldConfig, on_events: Callable[[int], None]) -> Path:
    """The folder of a simulated company: the one made before, or a new one.

    A folder without a manifest is a world that was not finished; it is made again.
    """
    from vigia.simulator.emit.files import MANIFEST, read_manifest
    from vigia.simulator.generate import generate

    name = f"{company.level.value}-{company.sites}-{company.days}-{company.seed}"
    root = settings.layout.worlds / name
    wanted = json.loads(json.dumps(company.as_dict()))
    if (root / MANIFEST).is_file() and read_manifest(root)["config"] == wanted:
        return root
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(exist_ok=True)
    generate(company, root, workers=2, progress=lambda _days, events: on_events(events))
    return root


def _audit_company(
    database: Database,
    world: Path,
    report: DemoReport,
    on_step: Step,
    on_rows: Callable[[str, int], None],
) -> None:
    """Audit the simulated company's newest time."""
    from vigia.simulator.emit.files import read_manifest

    with _timed(report, "audits", on_step):
        slots = 0
        for tenant in read_manifest(world)["tenants"]:
            for done in _audit(database, tenant_id(tenant["slug"])):
                slots += done
                on_rows("audits", slots)


def _score(settings: Settings) -> JobResult:
    """Score what is found in the simulated company against what is true there."""
    from vigia.services.pipeline import run_job

    return run_job(settings, "scoreboard")


def _board(settings: Settings, world: Path, result: JobResult) -> dict[str, Any]:
    """The board that the job made."""
    from vigia.evaluate.published import published

    if not result.success:
        failed = "; ".join(f"{name}: {error}" for name, error in result.failed.items())
        raise DemoError(f"The Dagster run {result.run_id} (scoreboard) failed: {failed}.")
    boards = {board["name"]: board for board in published(settings.layout.scoreboards)}
    return boards.get(world.name, {})


def _audit(database: Database, tenant: UUID) -> Iterator[int]:
    """Look at the newest days of a company as audits would have; yields audits done."""
    from vigia.domain.findings.audit import Cadence
    from vigia.store.clock import tenant_now
    from vigia.worker.audit import run_audits

    now = datetime.now(UTC)
    with database.transaction(Role.WORKER) as connection:
        last = tenant_now(connection, tenant, now)
    if last is None:
        return
    for piece in reversed(range(AUDITED // AUDIT_PIECE + 1)):
        until = last - piece * AUDIT_PIECE
        yield run_audits(
            database, tenant, Cadence.DEEP, now=now + piece * _MICROSECOND, until=until
        ).audits


def _load(database: Database, source: Source, on_rows: Callable[[int], None]) -> LoadReport:
    from vigia.ingest.loader import LoadRequest, load
    from vigia.ingest.mapping import find_mapping
    from vigia.store.tenants import create_tenant
    from vigia.worker.runbooks import seed

    tenant = create_tenant(
        database,
        source.slug,
        name=source.company,
        default_tz=source.zone,
        clock_mode="data",
        retention_profile=source.retention,
    )
    seed(database, tenant.tenant_id, now=datetime.now(UTC))
    request = LoadRequest(source.path, source.kind, find_mapping(source.mapping))
    return load(
        database,
        tenant.tenant_id,
        request,
        now=datetime.now(UTC),
        progress=lambda rows, _bytes: on_rows(rows),
    )


def _run_pipeline(
    settings: Settings, database: Database, report: DemoReport, on_step: Step
) -> None:
    """Run the jobs that a daemon would run after such an import, so that they show in Dagster."""
    from vigia.services.pipeline import run_job

    found: list[tuple[date, date] | None] = [*_days_to_compute(database)]
    *earlier, last = found or [None]
    jobs = [("every_five_minutes", days) for days in earlier]
    jobs.append(("history" if last else "hourly", last))
    for job, days in jobs:
        step = f"{job} {days[0]:%Y-%m} to {days[1]:%Y-%m}" if days else job
        with _timed(report, step, on_step):
            result = run_job(settings, job, days=days)
        report.seconds |= {f"{step}: {part}": took for part, took in result.steps.items()}
        if not result.success:
            failed = "; ".join(f"{name}: {error}" for name, error in result.failed.items())
            raise DemoError(
                f"The Dagster run {result.run_id} ({job}) failed: {failed}. "
                "`vigia up --only dagster` shows it in the web page."
            )
        report.broken |= result.broken


def _days_to_compute(database: Database) -> list[tuple[date, date]]:
    """First and last UTC day that each tenant's metrics are out of date, shortest span first."""
    with database.transaction(Role.WORKER) as connection:
        return connection.execute(
            "SELECT (min(slot) AT TIME ZONE 'UTC')::date, (max(slot) AT TIME ZONE 'UTC')::date"
            " FROM ops.dirty_slot GROUP BY tenant_id ORDER BY max(slot) - min(slot)"
        ).fetchall()


def count_rows(database: Database) -> dict[str, int]:
    """Rows of the tables that the report names, and of every mart."""
    with database.transaction(Role.WORKER) as connection:
        marts = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'marts' ORDER BY 1"
        ).fetchall()
        names = [f"ops.{name}" for name in REPORTED] + [f"marts.{name}" for (name,) in marts]
        counted: dict[str, int] = {}
        for name in names:
            found: Any = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
            counted[name.removeprefix("ops.")] = found[0]
    return counted


@contextmanager
def _timed(report: DemoReport, step: str, on_step: Step) -> Iterator[None]:
    on_step(step)
    start = time.monotonic()
    yield
    report.seconds[step] = round(time.monotonic() - start, 2)


@contextmanager
def _watching_memory(settings: Settings, report: DemoReport) -> Iterator[None]:
    """Sample the memory of this process, its children and the database server."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(SAMPLE_S):
            report.peak_mb = max(report.peak_mb, round(memory_mb(settings), 1))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def memory_mb(settings: Settings) -> float:
    """Memory of this process, its children and the embedded server, pages shared counted once.

    Proportional set size where the system tells it: Postgres' processes share their buffers, and
    adding their resident sizes would count them many times over.
    """
    roots = [psutil.Process()]
    server = EmbeddedPostgres(settings.layout).pid() if settings.is_embedded else None
    if server is not None:
        roots.append(psutil.Process(server))
    total = 0
    for process in {
        p.pid: p for root in roots for p in (root, *root.children(recursive=True))
    }.values():
        try:
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
        except psutil.Error:
            continue
    return total / _MB
