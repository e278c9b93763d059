"""Running the pipeline now: a job of `orchestration`, in a process of its own.

Belongs here: starting it and reading what came of it. Does not belong here: what a job consists
of (`orchestration.jobs`); the cadences, which Dagster's own daemon starts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from vigia.config.settings import REPOSITORY, Settings
from vigia.domain.errors import VigiaError
from vigia.services.dagster_home import write_dagster_home
from vigia.services.environment import child_environment


class PipelineError(VigiaError):
    """A job could not be started, or ended without saying how it went."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """What came of a job.

    Attributes:
        run_id: The run, as Dagster's pages know it.
        success: Every step ended well. A check that did not pass is no failure of a step.
        seconds: Wall time of the run.
        steps: Step to seconds, for steps that ended well.
        rows: Asset to rows written.
        failed: Step to its error.
        broken: Checks that did not pass, as `schema/table:check`, to what they say.
    """

    run_id: str
    success: bool
    seconds: float
    steps: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


def run_job(
    settings: Settings,
    name: str,
    *,
    days: tuple[date, date] | None = None,
    tags: Mapping[str, str] | None = None,
) -> JobResult:
    """Run a job to its end; it needs the database, and no other service.

    Args:
        settings: The installation.
        name: `every_five_minutes`, `hourly`, `daily` or `history`.
        days: First and last UTC day, for `every_five_minutes` and `history`.
        tags: More tags for the run.

    Raises:
        PipelineError: The process could not do its work at all; the text ends with its last words.
        ServerDownError: The embedded database server is not running.
    """
    command = [sys.executable, "-m", "orchestration.run", name]
    if days is not None:
        command += ["--from", days[0].isoformat(), "--to", days[1].isoformat()]
    command += [part for key, value in (tags or {}).items() for part in ("--tag", f"{key}={value}")]
    write_dagster_home(settings)
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=child_environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    return _result(name, done.stdout, done.stderr)


def _result(name: str, output: str, complaint: str) -> JobResult:
    lines = output.strip().splitlines()
    try:
        found = json.loads(lines[-1])
        return JobResult(**found)
    except (IndexError, ValueError, TypeError, KeyError) as error:
        last_words = "\n".join(complaint.strip().splitlines()[-15:])
        raise PipelineError(
            f"The job {name} ended without a result. Its last words:\n{last_words}"
        ) from error
