"""U09: what leaves its baseline in simulated worlds, by the product's own functions from end to end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest

from vigia.domain.findings.anomalies import FRAME, is_anomaly
from vigia.domain.findings.detect import detect
from vigia.domain.telemetry.ids import reference_bytes
from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import Moments
from vigia.evaluate.facts import read_facts
from vigia.evaluate.matching import GRACE
from vigia.evaluate.measured import measure, what_left
from vigia.evaluate.truth import read_truth
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.emit.files import read_manifest
from vigia.simulator.generate import generate

STEP = timedelta(minutes=15)
CODES = [f"S{number:04d}" for number in range(1, 100)]
LASTING = timedelta(hours=4)
"""So long after people are back, what they did not do is still missing from the day's sums."""


@dataclass(frozen=True)
class Told:
    """What the anomalies of a world's test days were.

    Attributes:
        verdicts: Of each finding: true, explained by what patterns tell, or false.
        episodes: True changes of activity, and whether each was found.
        site_days: Sites times test days.
    """

    verdicts: list[str]
    episodes: pl.DataFrame
    site_days: int


def told(root: Path, level: Level, *, seed: int, sites: int, test_days: int) -> Told:
    """A world, and what audits every quarter of an hour tell of its test days."""
    config = WorldConfig.at_level(level, seed=seed, sites=sites, learn_days=21, test_days=test_days)
    generate(config, root)
    company = root / read_manifest(root)["tenants"][0]["slug"]
    facts = read_facts(company)
    first = config.start_on + timedelta(days=config.learn_days)
    begin = datetime.combine(first, time(), UTC)
    left = what_left(measure(facts), first, first + timedelta(days=test_days - 1))
    moments = Moments.every(STEP, begin, begin + timedelta(days=test_days))
    looked_at = Facts(facts.tenant_id, {**facts.frames, FRAME: left})
    found = detect(looked_at, moments, patterns=())
    codes = {str(UUID(bytes=reference_bytes(facts.tenant_id, "site", c))): c for c in CODES}
    truth = read_truth(root).episodes
    rows = found.filter(is_anomaly(pl.col("type"))).with_columns(pl.col("site_id").replace(codes))
    verdicts, hit = [], set()
    for row in rows.sort("detected_at").iter_rows(named=True):
        verdict, episode = judged(row["site_id"], row["detected_at"], truth, hit)
        verdicts.append(verdict)
        hit |= {episode} - {None}
    changes = truth.filter(pl.col("class") == "ANOMALY")
    is_hit = pl.col("episode").is_in(list(hit))
    return Told(verdicts, changes.with_columns(is_found=is_hit), sites * test_days)


def judged(site: str, at: datetime, truth: pl.DataFrame, hit: set[str]) -> tuple[str, str | None]:
    """What a finding is, and the episode that it found."""
    here = truth.filter(pl.col("site") == site, pl.col("onset") <= at)
    change = here.filter(
        pl.col("class") == "ANOMALY",
        pl.col("end") + GRACE >= at,
        ~pl.col("episode").is_in(list(hit)),
    )
    if not change.is_empty():
        return "true", change["episode"][0]
    grave = here.filter(
        pl.col("class").is_in(["K01", "K09", "K11", "STAFFING_GAP"]), pl.col("end") + LASTING >= at
    )
    return ("false" if grave.is_empty() else "explained"), None


@pytest.mark.slow
def test_a_world_in_which_nothing_is_wrong_has_next_to_no_false_alarms(tmp_path: Path) -> None:
    quiet = told(tmp_path / "w", Level.QUIET, seed=31, sites=8, test_days=5)
    assert quiet.episodes.is_empty()
    assert quiet.verdicts.count("false") <= 0.05 * quiet.site_days


@pytest.mark.slow
def test_changes_of_activity_are_found_and_little_else_is(tmp_path: Path) -> None:
    world = told(tmp_path / "w", Level.STANDARD, seed=32, sites=12, test_days=7)
    assert world.episodes.height >= 3
    assert world.episodes["is_found"].mean() >= 0.5
    assert world.verdicts.count("false") <= world.verdicts.count("true")
    assert world.verdicts.count("false") <= 0.05 * world.site_days
