"""What both checks of signals share: a site's count against what its people should send."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from vigia.domain.findings.checks.shares import low_share
from vigia.domain.findings.pattern import Leg, Numbers, Verdict
from vigia.domain.findings.types import Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import MINUTE_US, Grid


def too_few(
    known: Known, kind: str, count: Grid, expected: Numbers, window_min: float, low_pct: float
) -> Verdict:
    """A verdict over sites that send too small a share of what they should.

    Args:
        known: What is known.
        kind: Type of the findings.
        count: What came within the window, by site and instant.
        expected: What should have; 0 where nothing can be expected.
        window_min: Length of the window.
        low_pct: A smaller share than this is too few.
    """
    share = 100.0 * count / np.maximum(expected, 1.0)
    share = np.where(expected > 0, share, 100.0)
    return low_share(
        known,
        kind,
        Severity.HIGH,
        timedelta(minutes=window_min),
        (Leg("percent of what should come", share, low_pct, at_least=False),),
        {"observed": count, "expected": np.ceil(expected * low_pct / 100.0)},
        hold=timedelta(minutes=10),
    )


def sent(window_min: float, every_min: float) -> float:
    """How often something that is sent at intervals comes within a window.

    >>> sent(60, 5)
    12.0
    """
    return window_min / every_min


def window_us(window_min: float) -> int:
    """A window in microseconds."""
    return round(window_min * MINUTE_US)
