"""Detectors whose scores are known beforehand, over a made-up truth."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from vigia.evaluate.matching import DETECTIONS
from vigia.simulator.truth import EPISODE

START = datetime(2026, 3, 23, tzinfo=UTC)
SITES = 20
DAYS = 7


def truth(seed=5, count=60):
    """Episodes of three classes at many sites, 30 to 150 minutes each, none overlapping."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        onset = START + timedelta(
            hours=int(number // SITES) * 40, minutes=int(rng.integers(0, 900))
        )
        end = onset + timedelta(minutes=int(rng.integers(30, 150)))
        site = f"S{number % SITES:04}"
        rows.append(
            {
                "episode": f"e{number}",
                "tenant": "t",
                "class": f"K0{number % 3 + 1}",
                "scope_kind": "site",
                "scope": site,
                "site": site,
                "onset": onset,
                "detectable_at": onset + timedelta(minutes=10),
                "end": end,
                "severity": "HIGH",
            }
        )
    return pl.DataFrame(rows, EPISODE, orient="row")


def perfect(episodes):
    """Says each episode when it can be known."""
    return _detections(episodes, pl.col("detectable_at"))


def shifted(episodes, by):
    """Says each episode at the wrong time."""
    return _detections(episodes, pl.col("detectable_at") + by)


def empty(_episodes):
    """Never says anything."""
    return DETECTIONS.to_frame()


def random(count, seed=9):
    """Says anything anywhere at any time."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        site = f"S{rng.integers(SITES):04}"
        rows.append(
            {
                "detection": f"r{number}",
                "tenant": "t",
                "class": f"K0{rng.integers(3) + 1}",
                "scope_kind": "site",
                "scope": site,
                "site": site,
                "detected_at": START + timedelta(minutes=int(rng.integers(DAYS * 1440))),
                "severity": "HIGH",
                "inhibited": False,
                "retracted": False,
            }
        )
    return pl.DataFrame(rows, DETECTIONS, orient="row")


def _detections(episodes, at):
    return episodes.select(
        pl.format("d-{}", "episode").alias("detection"),
        "tenant",
        "class",
        "scope_kind",
        "scope",
        "site",
        at.alias("detected_at"),
        "severity",
        pl.lit(value=False).alias("inhibited"),
        pl.lit(value=False).alias("retracted"),
    )
