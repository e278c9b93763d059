"""Punches: whose phone, where against the fence, what face; honest and otherwise."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.simulator.field import small
from vigia.simulator.draws import Stream
from vigia.simulator.effects import Effect
from vigia.simulator.field import attendance

HOUR_US, MINUTE_US = small.HOUR_US, small.MINUTE_US


def around(duty):
    return duty["starts_us"] - HOUR_US, duty["ends_us"] + HOUR_US


@pytest.fixture(scope="module")
def pair():
    """Two duties of one site that start and end together, the first clocking by app."""
    at = small.plain()[0]
    known = small.duties(at)
    both = known.join(known, on=["site", "starts_us", "ends_us"], suffix="_other")
    both = both.filter(pl.col("duty") != pl.col("duty_other"))
    row = both.row(0, named=True)
    return (
        known.filter(duty=row["duty"]).row(0, named=True),
        known.filter(duty=row["duty_other"]).row(0, named=True),
    )


def punches(made, duty):
    told = small.of_duty(made, "attendance_event", duty["duty"])
    return told.filter(~pl.col("kind").str.starts_with("break"))


def fraud_of(made, duty):
    facts = made.facts["attendance"].filter(duty=duty["duty"])
    return dict(zip(facts["kind"], facts["fraud"], strict=True))


def test_on_an_ordinary_day_people_clock_for_themselves():
    at, made = small.plain()
    facts = made.facts["attendance"]
    assert set(facts["fraud"]) == {""}
    assert facts["present"].all()
    told = small.events(made, "attendance_event").filter(kind="clock_in")
    clocked = at.duties.filter(pl.col("clock_in_us") >= 0)
    assert told.height == clocked.height
    # A few think of it only later.
    later = set(told["ce_time"].to_physical()) - set(clocked["clock_in_us"])
    assert len(later) <= 0.02 * told.height
    assert all(at_us % 1_000_000 == 0 for at_us in later)


def test_supervisors_move_honest_punches_too_that_came_late_or_were_not_quite_right(monkeypatch):
    assert attendance.CLOCKS_LATE > 0
    assert attendance.ADJUSTED > 0
    monkeypatch.setattr(attendance, "CLOCKS_LATE", 0.2)
    monkeypatch.setattr(attendance, "ADJUSTED", 0.2)
    at, made = small.ground([])
    facts = made.facts["attendance"]
    assert set(facts["fraud"]) == {""}
    assert facts["present"].all()
    clocked = facts.filter(kind="clock_in").select("duty", first_us="at_us")
    came = at.duties.select("duty", "arrives_us", "clock_in_us")
    # Others were entered for a way out that nobody clocked.
    near = (pl.col("first_us") - pl.col("at_us")).abs() < 4 * small.HOUR_US
    both = facts.filter(kind="correction").join(clocked, on="duty").filter(near)
    both = both.join(came, on="duty")
    assert 0.2 < both.height / clocked.height < 0.5
    assert (both["entered_us"] > both["first_us"]).all()
    late = both.filter(pl.col("first_us") > pl.col("clock_in_us"))
    assert late.height > 5
    assert ((late["at_us"] - late["arrives_us"]) / small.MINUTE_US).is_between(0, 3).all()
    assert ((late["first_us"] - late["clock_in_us"]) / small.MINUTE_US).is_between(19, 111).all()
    told = small.events(made, "attendance_event").filter(kind="correction")
    assert set(told["method"]) == {"supervisor"}


def test_ordinary_punches_are_inside_or_uncertain_and_faces_match():
    told = small.events(small.plain()[1], "attendance_event")
    at_gate = told.filter(pl.col("kind").is_in(["clock_in", "clock_out"]))
    assert (at_gate["geo"] == "outside").mean() < 0.02
    assert (at_gate["geo"] == "inside").mean() > 0.7
    faces = at_gate["face_score"].drop_nulls()
    assert faces.median() > 0.9
    assert (faces < 0.6).mean() < 0.03
    assert not told["mock"].drop_nulls().any()


def test_a_kiosk_is_one_device_for_many_people():
    told = small.events(small.plain()[1], "attendance_event").filter(method="kiosk")
    people = told.group_by("device_id").agg(pl.col("person_id").n_unique())
    assert people["person_id"].max() > 3
    assert told["ce_source"].str.starts_with("kiosk/").all()
    assert told["lat"].null_count() == told.height


def test_breaks_start_and_end():
    told = small.events(small.plain()[1], "attendance_event")
    breaks = told.filter(pl.col("kind").str.starts_with("break")).sort("_duty", "ce_time")
    kinds = breaks.group_by("_duty", maintain_order=True).agg("kind", "ce_time")
    assert kinds.height > 5
    for row in kinds.iter_rows(named=True):
        assert row["kind"] == ["break_start", "break_end"] * (len(row["kind"]) // 2)
        first, second = row["ce_time"][:2]
        assert 15 < (second - first).total_seconds() / 60 < 40


def test_a_buddy_clocks_on_the_own_phone_and_the_face_does_not_match(pair):
    absent, buddy = pair
    rows = [(Effect.BUDDY_PUNCHED, absent["duty"], *around(absent), float(buddy["duty"]))]
    at, made = small.ground(rows)
    told = punches(made, absent).filter(kind="clock_in")
    code = at.world.devices["code"][buddy["device"]]
    assert told["device_id"].to_list() == [code]
    assert told["ce_source"].to_list() == [f"phone/{code}"]
    assert told["person_id"].to_list() == [at.world.people["code"][absent["person"]]]
    face = told["face_score"][0]
    assert face is None or face < 0.7
    assert fraud_of(made, absent)["clock_in"] == "buddy"
    own = punches(made, buddy).filter(kind="clock_in")
    assert fraud_of(made, buddy)["clock_in"] == ""
    assert abs((own["ce_time"][0] - told["ce_time"][0]).total_seconds()) < 300


def test_a_colleague_clocks_out_whoever_left_early(pair):
    thief, colleague = pair
    rows = [(Effect.TIME_STOLEN, thief["duty"], *around(thief), 90.0)]
    at, made = small.ground(rows)
    told = punches(made, thief).filter(kind="clock_out")
    lived = at.duties.filter(duty=thief["duty"]).row(0, named=True)
    assert told["ce_time"].to_physical()[0] > lived["leaves_us"] + 30 * MINUTE_US
    assert told["device_id"][0] != at.world.devices["code"][thief["device"]]
    assert fraud_of(made, thief) == fraud_of(made, thief) | {
        "clock_in": "",
        "clock_out": "time_theft",
    }
    assert colleague["duty"] != thief["duty"]


def test_a_ghost_is_entered_by_the_leader_and_seen_by_nobody(pair):
    ghost, _ = pair
    leader = small.plain()[0].world.people["supervisor"][ghost["person"]]
    rows = [(Effect.GHOST, ghost["duty"], *around(ghost), float(leader))]
    at, made = small.ground(rows)
    told = punches(made, ghost)
    assert told["kind"].to_list() == ["clock_in", "clock_out"]
    assert set(told["method"]) == {"supervisor"}
    assert set(told["corrected_by"]) == {at.world.people["code"][leader]}
    assert (told["received_at"] > told["ce_time"]).all()
    assert set(fraud_of(made, ghost).values()) == {"ghost"}
    assert small.of_duty(made, "checkpoint_scan", ghost["duty"]).is_empty()
    answered = small.of_duty(made, "welfare_check", ghost["duty"])
    assert answered["answered_at"].null_count() == answered.height


def test_a_late_arrival_is_corrected_to_the_planned_start(pair):
    late, _ = pair
    leader = small.plain()[0].world.people["supervisor"][late["person"]]
    rows = [(Effect.CORRECTED, late["duty"], *around(late), float(leader))]
    at, made = small.ground(rows)
    told = punches(made, late)
    entered = told.filter(kind="correction")
    assert entered.height >= 1
    first = entered.row(0, named=True)
    assert -6 * 60 < (first["ce_time"].timestamp() - late["starts_us"] / 1e6) <= 1
    assert first["received_at"].timestamp() > late["starts_us"] / 1e6 + 1800
    assert first["corrected_by"] == at.world.people["code"][leader]
    assert fraud_of(made, late)["correction"] == "correction"


def test_a_spoofed_punch_is_in_time_at_a_made_up_place(pair):
    liar, _ = pair
    start = liar["starts_us"]
    span = start - HOUR_US, start + 80 * MINUTE_US
    rows = [
        (Effect.SPOOFED, liar["device"], *span, 0.0),
        (Effect.LATE_BY, liar["duty"], *around(liar), 80.0),
    ]
    at, made = small.ground(rows)
    told = punches(made, liar).filter(kind="clock_in").row(0, named=True)
    assert told["ce_time"].timestamp() * 1e6 < start + 15 * MINUTE_US
    assert told["geo"] == "inside"
    assert told["accuracy_m"] in (3.0, 5.0, 10.0)
    assert told["device_id"] == at.world.devices["code"][liar["device"]]
    drawn = Stream(at.world.config.seed, "spoof.mock").chance(0.65, liar["device"], span[0])
    assert told["mock"] == bool(drawn)
    assert fraud_of(made, liar)["clock_in"] == "spoof"
    arrives = at.duties.filter(duty=liar["duty"])["arrives_us"][0]
    before = np.arange(start, arrives - 11 * MINUTE_US, MINUTE_US)
    found = made.movement.at(np.full(len(before), liar["duty"]), before)
    assert np.hypot(found.x_m, found.y_m).min() > liar["fence_radius_m"]


def test_whoever_works_unplanned_clocks_without_an_assignment(pair):
    gone, _ = pair
    at = small.plain()[0]
    working = set(at.duties["person"])
    guards = at.world.people.filter(pl.col("role") == "guard", home_site=gone["site"])
    spare = next(p for p in guards["person"] if p not in working)
    rows = [(Effect.SWAP_UNRECORDED, gone["duty"], *around(gone), float(spare))]
    at, made = small.ground(rows)
    told = punches(made, gone)
    assert set(told["person_id"]) == {at.world.people["code"][spare]}
    assert told["assignment_id"].null_count() == told.height
    runs = small.of_duty(made, "tour_run", gone["duty"])
    planned = runs.filter(status="scheduled")
    assert set(planned["person_id"]) <= {at.world.people["code"][gone["person"]]}


def test_forgotten_punches_are_mostly_entered_afterwards():
    at = small.plain()[0]
    everybody = small.duties(at).filter(pl.col("clock_in_us") >= 0)
    rows = [(Effect.UNCLOCKED, d["duty"], *around(d), 0.0) for d in everybody.iter_rows(named=True)]
    made = small.ground(rows)[1]
    told = small.events(made, "attendance_event")
    entered = told.filter(pl.col("corrected_by").is_not_null(), pl.col("kind") != "clock_out")
    assert set(entered["kind"]) == {"correction", "clock_in"}
    assert 0.6 < entered.height / everybody.height < 0.95
    assert (entered["received_at"] > entered["ce_time"]).all()
    assert (entered["method"] == "supervisor").all()
    assert set(made.facts["attendance"]["fraud"]) == {""}
