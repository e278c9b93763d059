"""Checkpoints that tours leave out: too small a share of what was planned is scanned.

Only tours that somebody began count; one that nobody walked is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.findings.checks.ended_tours import ended_tours, in_window
from vigia.domain.findings.checks.shares import low_share
from vigia.domain.findings.pattern import Leg, Pattern, Verdict
from vigia.domain.findings.types import Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US

KIND = "CHECKPOINT_COVERAGE_LOW"


@dataclass(frozen=True, slots=True)
class CheckpointCoveragePolicy:
    """Numbers of the check.

    Attributes:
        window_h: A shift; tours that ended within it count.
        covered_pct: So much of what they planned must be scanned: some are always left out.
        planned: Fewer planned checkpoints say nothing.
    """

    window_h: float = 12
    covered_pct: float = 85
    planned: float = 20


def judge(known: Known, policy: CheckpointCoveragePolicy) -> Iterator[Verdict]:
    """Sites whose tours leave out too much."""
    tours = ended_tours(known).filter(pl.col("scanned") > 0)
    window_us = round(policy.window_h * 60 * MINUTE_US)
    planned = in_window(known, tours, pl.col("planned"), window_us)
    scanned = in_window(known, tours, pl.col("scanned"), window_us)
    share = 100.0 * np.minimum(scanned, planned) / np.maximum(planned, 1)
    legs = (
        Leg("planned checkpoints", planned, policy.planned),
        Leg("percent of them scanned", share, policy.covered_pct, at_least=False),
    )
    yield low_share(
        known,
        KIND,
        Severity.MEDIUM,
        timedelta(hours=policy.window_h),
        legs,
        {"checkpoints left out": planned - scanned, "expected": planned},
    )


CHECK = Pattern(
    code=KIND,
    name="Checkpoints left out",
    kinds=(KIND,),
    signals=("tours", "scans"),
    look_back=timedelta(hours=12),
    precondition="tours with at least twenty checkpoints ended within the shift",
    evidence=("missed_checkpoints", "scans_by_others", "tags", "trail"),
    severity="MEDIUM",
    clears="the share is reached again",
    traps=("damaged tags", "tours that nobody walked", "scans made offline"),
    policy=CheckpointCoveragePolicy(),
    judge=judge,
)
