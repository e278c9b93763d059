"""A whole standard world, made and labelled: what was planned did happen, and no trap is an episode."""

from __future__ import annotations

import polars as pl
import pytest

from tests.simulator.plan.test_counts import EPISODES
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.generate import generate

pytestmark = pytest.mark.slow

CLEAN = (
    "maintenance_window",
    "static_post",
    "fence_drift",
    "offline_scans",
    "unrecorded_swap",
    "kiosk_down",
    "app_update_cohort",
    "drill",
    "charger_on_desk",
    "test_panic",
    "pocket_press",
    "voice_acknowledged",
    "flapping_device",
    "tracker_and_phone",
    "forgotten_clock_in",
    "planned_shutdown",
    "misdated_tasks",
    "bulk_tickets",
    "stood_down",
)


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """The truth about 100 sites and 14 days; about a minute and a half on two cores."""
    folder = tmp_path_factory.mktemp("standard") / "world"
    config = WorldConfig.at_level(Level.STANDARD, sites=100, learn_days=0, test_days=14, seed=3)
    generate(config, folder, workers=2)
    return {path.stem: pl.read_parquet(path) for path in folder.rglob("gt_*.parquet")}


def test_what_was_planned_happened_within_a_fifth(truth):
    injected = truth["gt_episode"].filter(
        (pl.col("cause") == "injected") & pl.col("parent").is_null()
    )
    counts = dict(injected.group_by("class").len().iter_rows())
    off = {
        name: counts.get(name, 0)
        for name, wanted in EPISODES.items()
        if abs(counts.get(name, 0) - wanted) > max(0.2 * wanted, 1)
    }
    assert not off


def test_what_happens_by_itself_is_labelled_too(truth):
    natural = truth["gt_episode"].filter(pl.col("cause") == "natural")
    counts = dict(natural.group_by("class").len().iter_rows())
    for name in ("K01", "K04", "K05", "K07", "K09", "K11", "SLA_BREACH", "STAFFING_GAP"):
        assert counts.get(name, 0) > 0, name


def test_a_trap_is_no_episode_of_what_it_tempts_to(truth):
    traps = truth["gt_trap"].filter(pl.col("kind").is_in(CLEAN))
    both = traps.join(
        truth["gt_episode"].select("class", "site", "scope", "person", "onset", "end"),
        left_on=["tempting_type", "site"],
        right_on=["class", "site"],
        suffix="_episode",
    )
    met = both.filter(
        (pl.col("onset") < pl.col("to"))
        & (pl.col("end") > pl.col("from"))
        & (
            (pl.col("scope") == pl.col("scope_episode"))
            | (pl.col("person") == pl.col("person_episode"))
        )
    )
    guilty = dict(met.group_by("kind").agg(pl.col("trap").n_unique()).iter_rows())
    total = dict(traps.group_by("kind").agg(pl.col("trap").n_unique()).iter_rows())
    assert {kind: n for kind, n in guilty.items() if n > 0.1 * total[kind] + 1} == {}


def test_about_one_and_a_half_percent_of_clockings_and_two_percent_of_tours_are_fraudulent(truth):
    labels = truth["gt_label"]
    clocked = labels.filter(pl.col("label") == "fraud")
    # In and out: a break is nobody's fraud, and half of all events are breaks.
    in_and_out = 2 * labels.filter(pl.col("label") == "gap_minutes").height
    assert 0.010 <= clocked["value"].sum() / in_and_out <= 0.020
    fakes = labels.filter(pl.col("label") == "fake")["value"].mean()
    assert 0.013 <= fakes <= 0.027
