from __future__ import annotations

import polars as pl
import pytest

from tests.simulator.plan.conftest import planned
from vigia.simulator.plan.catalogue import POSITIVES
from vigia.simulator.plan.fraud import crooked_people

EPISODES = {
    "K01": 25,
    "K02": 40,
    "K03": 12,
    "K04": 40,
    "K05": 60,
    "K06": 40,
    "K07": 30,
    "K08": 25,
    "K09": 60,
    "K10": 25,
    "K11": 3,
    "K12": 10,
    "DEVICE_FAILURE": 80,
    "SLA_BREACH": 60,
    "ANOMALY": 60,
}
"""Per 100 sites and 14 days (`domain.md` 6.5)."""
TRAPS = {
    "maintenance_window": 28,
    "planned_shutdown": 12,
    "closed_holiday": 20,
    "static_post": 40,
    "indoor_no_gps": 40,
    "fence_drift": 60,
    "handover_jitter": 60,
    "offline_scans": 40,
    "unrecorded_swap": 20,
    "kiosk_down": 5,
    "app_update_cohort": 2,
    "bulk_tickets": 5,
    "drill": 5,
    "charger_on_desk": 20,
    "test_panic": 20,
    "pocket_press": 20,
    "voice_acknowledged": 15,
    "flapping_device": 10,
    "tracker_and_phone": 10,
}


def _counts(frame, kind, number):
    counts = frame.group_by(kind).agg(pl.col(number).n_unique())
    return dict(counts.iter_rows())


def test_a_standard_world_has_as_many_episodes_of_each_class_as_the_specification(standard):
    assert _counts(standard.plan.intents, "class", "episode") == EPISODES


def test_the_distress_of_guards_is_two_thirds_direct(standard):
    direct = standard.meant("K07")["subtype"].is_in(["panic", "duress", "missed_check"])
    assert direct.sum() == 20


def test_about_seven_failures_in_ten_announce_themselves(standard):
    gradual = (standard.meant("DEVICE_FAILURE")["subtype"] == "gradual").mean()
    assert 0.58 <= gradual <= 0.82


def test_traps_are_half_again_as_many_as_the_episodes_and_of_every_kind(standard):
    counts = _counts(standard.plan.traps, "kind", "trap")
    assert sum(counts.values()) >= 1.5 * sum(EPISODES.values())
    assert sum(EPISODES.values()) == POSITIVES
    assert {kind: n for kind, n in TRAPS.items() if counts.get(kind, 0) < n} == {}


def test_traps_of_a_kind_are_as_frequent_as_the_listed_proportions(standard):
    counts = _counts(standard.plan.traps, "kind", "trap")
    factors = [counts[kind] / n for kind, n in TRAPS.items() if n >= 15]
    assert max(factors) - min(factors) < 0.1


def test_half_a_world_has_half_the_episodes_and_never_fewer_than_three():
    small = planned(sites=30, learn_days=0, test_days=7)
    counts = _counts(small.plan.intents, "class", "episode")
    assert counts["K05"] == round(60 * 30 * 7 / 1400)
    assert counts["K03"] >= 1
    assert min(n for name, n in counts.items() if name not in ("K03", "K11")) >= 3


def test_a_quiet_world_has_no_episode_and_no_fraud_but_the_traps_of_the_standard(quiet):
    assert quiet.plan.intents.is_empty()
    assert quiet.plan.frauds.is_empty()
    counts = _counts(quiet.plan.traps, "kind", "trap")
    assert sum(counts.values()) >= 1.5 * POSITIVES * 20 * 7 / 1400
    assert counts["fence_drift"] >= 60 * 20 * 7 / 1400


def test_fewer_episodes_are_planned_where_the_knob_says_so():
    hard = planned(sites=40, learn_days=0, test_days=14, knobs={"episodes": 0.5, "traps": 0.0})
    assert _counts(hard.plan.intents, "class", "episode")["K05"] == round(60 * 0.4 * 0.5)
    assert hard.plan.traps.is_empty()


def test_frauds_are_one_and_a_half_percent_of_attendance_events_in_the_listed_shares(standard):
    events = 2 * standard.scene.planned.height
    faked = {"buddy": 2, "ghost": 2, "spoof": 1, "time_theft": 1, "correction": 1}
    counts = _counts(standard.plan.frauds, "type", "duty")
    total = sum(faked[kind] * n for kind, n in counts.items())
    assert total / events == pytest.approx(0.015, rel=0.1)
    shares = {"buddy": 0.4, "spoof": 0.2, "time_theft": 0.25, "ghost": 0.05, "correction": 0.1}
    for kind, share in shares.items():
        assert faked[kind] * counts[kind] / total == pytest.approx(share, abs=0.03)


def test_four_frauds_in_five_are_by_the_few_who_are_crooked(standard):
    duties = standard.duties.select("duty", "worker")
    person = standard.plan.frauds.join(duties, on="duty")["worker"]
    crooked = crooked_people(standard.scene)
    assert crooked.sum() <= 0.031 * standard.duties["worker"].n_unique()
    assert 0.7 <= crooked[person.to_numpy()].mean() <= 0.9


def test_about_two_tours_in_a_hundred_are_faked(standard):
    interval = standard.effects("fake_tour")
    tours = standard.scene.tours_due
    lasted = (interval["to_us"] - interval["from_us"]).to_numpy() / 60e6
    assert 0.013 <= (lasted / 120).sum() / tours.starts.size <= 0.03


def test_devices_die_by_themselves_about_once_in_two_thousand_days(standard):
    deaths = standard.effects("dark").filter(pl.col("episode") == -1)
    days = standard.world.devices.height * standard.world.config.days
    assert deaths.height / days == pytest.approx(0.0005, rel=0.6)


def test_about_fifteen_episodes_in_a_hundred_overlap_another_of_their_site(standard):
    meant = standard.plan.intents.filter(~pl.col("class").is_in(["ANOMALY", "K11"]))
    pairs = meant.join(meant, on="site", suffix="_other").filter(
        (pl.col("episode") != pl.col("episode_other"))
        & (pl.col("from_us") < pl.col("to_us_other"))
        & (pl.col("to_us") > pl.col("from_us_other"))
    )
    # Each of those that overlap meets one that need not have.
    assert 0.13 <= pairs["episode"].n_unique() / meant.height <= 0.34
