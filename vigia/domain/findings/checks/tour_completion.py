"""Too few of a site's tours are completed."""

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

KIND = "CRITICAL_SIGNAL_TOUR_COMPLETION_LOW"


@dataclass(frozen=True, slots=True)
class TourCompletionPolicy:
    """Numbers of the check.

    Attributes:
        window_h: Tours that ended within it count.
        completed_pct: So many of them must be completed.
        tours: Fewer tours say nothing.
    """

    window_h: float = 12
    completed_pct: float = 60
    tours: float = 4


def judge(known: Known, policy: TourCompletionPolicy) -> Iterator[Verdict]:
    """Sites of whose tours too few are completed."""
    tours = ended_tours(known)
    window_us = round(policy.window_h * 60 * MINUTE_US)
    ended = in_window(known, tours, pl.lit(1), window_us)
    walked = in_window(known, tours, pl.col("is_walked"), window_us)
    share = 100.0 * walked / np.maximum(ended, 1)
    legs = (
        Leg("tours that ended", ended, policy.tours),
        Leg("percent of them completed", share, policy.completed_pct, at_least=False),
    )
    yield low_share(
        known,
        KIND,
        Severity.HIGH,
        timedelta(hours=policy.window_h),
        legs,
        {"observed": walked, "expected": np.ceil(ended * policy.completed_pct / 100.0)},
    )


CHECK = Pattern(
    code=KIND,
    name="Too few tours completed",
    kinds=(KIND,),
    signals=("tours",),
    look_back=timedelta(hours=12),
    precondition="at least four tours ended within the shift and were not excused",
    evidence=("tours", "staffing", "device_state"),
    severity="HIGH",
    clears="the share is reached again",
    traps=("tours that are excused or called off",),
    policy=TourCompletionPolicy(),
    judge=judge,
)
