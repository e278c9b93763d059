"""Partitions: the UTC days of telemetry, and which of them a run is for.

Days, because a history arrives, is corrected and is archived by day. A range of them is one run.
"""

from __future__ import annotations

from datetime import date

import dagster as dg

from vigia.domain.telemetry.clock import EARLIEST

FIRST_DAY = EARLIEST.date().isoformat()
"""Ingest puts older events aside, so no day before it can have rows."""
# The day that is still going on is a partition too: it is the one that people look at.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
ONE_RUN = dg.BackfillPolicy.single_run()

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
_ONE_DAY = "dagster/partition"
RECOMPUTE = "vigia/recompute"
CHANGED = "changed"


def is_whole(run: dg.DagsterRun) -> bool:
    """Whether a run recomputes its days whole, as a person who asks for them expects.

    Cadences and sensors ask for what changed.
    """
    return run.tags.get(RECOMPUTE) != CHANGED


def days_of(run: dg.DagsterRun) -> tuple[date, date] | None:
    """First and last UTC day that a run is for; None for a run that is not about days."""
    tags = run.tags
    first = tags.get(RANGE_START) or tags.get(_ONE_DAY)
    last = tags.get(RANGE_END) or tags.get(_ONE_DAY)
    return (date.fromisoformat(first), date.fromisoformat(last)) if first and last else None
