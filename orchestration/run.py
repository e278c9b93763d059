"""Running a job here and now, in this process, so that its run is in Dagster's history.

What `vigia demo` and scripts start, as `python -m orchestration.run JOB`: one JSON object on
standard output, progress on standard error. Cadences run through Dagster's daemon instead.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from time import perf_counter
from typing import Any

import dagster as dg

from orchestration.build import build_definitions
from orchestration.failures import first_cause
from orchestration.partitions import DayRange

_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
# So that the run is listed under its job in the web pages.
_REPOSITORY = {".dagster/repository": "__repository__@vigia"}
CONNECTION_LIFE_S = 3600
STATEMENT_TIMEOUT_MS = 60_000


def run_job(
    instance: dg.DagsterInstance,
    name: str,
    *,
    days: DayRange | None = None,
    tags: Mapping[str, str] | None = None,
    definitions: dg.Definitions | None = None,
) -> dict[str, Any]:
    """Run a job to its end.

    Args:
        instance: Where the run is recorded.
        name: A job of `orchestration.jobs`.
        days: Days to compute, for jobs about days.
        tags: More tags for the run.
        definitions: Takes the place of the shipped ones.

    Returns:
        `run_id`, `success`, `seconds`, `steps` (step to seconds), `rows` (asset to rows written),
        `failed` (step to error) and `broken` (asset:check that did not pass, to what it says).
    """
    job = (definitions or build_definitions()).resolve_job_def(name)
    started = perf_counter()
    result = job.execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config=_QUIET,
        tags={**_REPOSITORY, **(days.tags if days else {}), **(tags or {})},
    )
    events = result.all_events
    return {
        "run_id": result.run_id,
        "success": result.success,
        "seconds": round(perf_counter() - started, 2),
        "steps": {
            str(e.step_key): round(e.step_success_data.duration_ms / 1000, 2)
            for e in events
            if e.is_step_success
        },
        "rows": _rows(events),
        "failed": {
            str(e.step_key): first_cause(e.step_failure_data.error)
            for e in events
            if e.is_step_failure
        },
        "broken": {
            f"{check.asset_key.to_user_string()}:{check.check_name}": check.description or ""
            for check in result.get_asset_check_evaluations()
            if not check.passed
        },
    }


def _rows(events: Sequence[dg.DagsterEvent]) -> dict[str, int]:
    """Rows written per asset; a range of days says its total in each of its days' events."""
    rows: dict[str, int] = {}
    for event in events:
        if event.is_step_materialization:
            found = event.materialization.metadata.get("dagster/row_count")
            if found is not None:
                rows["/".join(event.materialization.asset_key.path)] = int(str(found.value))
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a job of this installation and print what came of it; 1 when it failed."""
    parser = argparse.ArgumentParser(prog="python -m orchestration.run", description=__doc__)
    parser.add_argument("job")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, help="first UTC day")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, help="last UTC day")
    parser.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args(arguments)
    if (asked.first is None) != (asked.last is None):
        parser.error("--from and --to belong together")
    days = DayRange(asked.first, asked.last) if asked.first else None
    with dg.DagsterInstance.get() as instance:
        # Otherwise every event of the run opens a connection of its own.
        instance.optimize_for_webserver(
            statement_timeout=STATEMENT_TIMEOUT_MS, pool_recycle=CONNECTION_LIFE_S, max_overflow=4
        )
        tags = dict(tag.split("=", 1) for tag in asked.tag)
        outcome = run_job(instance, asked.job, days=days, tags=tags)
    sys.stdout.write(json.dumps(outcome) + "\n")
    return 0 if outcome["success"] else 1


if __name__ == "__main__":
    sys.exit(main())
