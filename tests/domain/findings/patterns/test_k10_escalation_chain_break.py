"""K10: grave alerts that nobody takes, chains that stand still, and what only looks like it."""

from __future__ import annotations

import orjson
import pytest

from tests.domain.findings.patterns.made import (
    Made,
    assert_nothing_later_counts,
    assert_one_by_one_is_all_at_once,
    at,
    every,
    found,
    minutes,
    named,
)
from vigia.domain.findings.detect import detect
from vigia.domain.findings.evidence import EVIDENCE
from vigia.domain.findings.known import KNOWN
from vigia.domain.findings.patterns.k10_escalation_chain_break import PATTERN
from vigia.domain.watch.moments import Moments

BREAK, HOLE = PATTERN.kinds


def of(made: Made, last: float = 60, step: float = 1):
    return found(made, every(0, last, step), PATTERN)


def alert(**values) -> Made:
    return Made().site().alert("A1", 0, **values)


def chain(made: Made, minute: float = 15, **values) -> Made:
    """The chain of A1 starts, as a rule with a quarter of an hour for its first step."""
    usual = {"step": 1, "state": "running", "next_step_at": at(minute + 15)}
    made.add(
        "escalation_run",
        minute,
        verb="started",
        source="control-room",
        run_id="R1",
        site_id="site",
        subject_kind="alert",
        subject_ref="A1",
        **usual | values,
    )
    return made


def chain_told(made: Made, minute: float, **values) -> Made:
    told = {"verb": "updated", "source": "control-room", "run_id": "R1", "site_id": "site"}
    return made.add("escalation_run", minute, **told | values)


def message(made: Made, minute: float = 15, step: int = 1, **values) -> Made:
    usual = {"run_id": "R1", "subject_ref": "A1", "site_id": "site", "target_id": "boss"}
    return made.add("escalation_event", minute, step=step, **usual | values)


def test_a_high_alert_that_nobody_takes_or_escalates_breaks_after_fifteen_minutes():
    episodes = of(alert(), step=0.5)
    assert episodes["type"].to_list() == [BREAK]
    # Word of a chain that started in time may take 20 seconds.
    assert minutes(episodes) == [15.5]
    (row,) = episodes.iter_rows(named=True)
    assert row["scope_id"] == row["subject_ref"] == named("alert", "A1")
    assert (row["severity"], row["subtype"], row["site_id"]) == ("CRITICAL", "nobody_acts", "site")


def test_a_critical_one_breaks_after_five_minutes():
    assert minutes(of(alert(severity="CRITICAL"))) == [6]


@pytest.mark.parametrize("severity", ["MEDIUM", "LOW", "INFO", None])
def test_lesser_alerts_never_do(severity):
    assert of(alert(severity=severity), 120).is_empty()


@pytest.mark.parametrize("verb", ["acknowledged", "resolved"])
def test_an_alert_that_is_taken_or_over_in_time_does_not(verb):
    assert of(alert().alert_told("A1", 15, verb)).is_empty()
    late = of(alert().alert_told("A1", 20, verb))
    assert (minutes(late), minutes(late, "cleared_at")) == ([16], [20])


def test_whoever_was_reached_by_telephone_about_it_has_taken_it():
    spoken = {"site_id": "site", "channel": "call", "direction": "in", "subject_ref": "A1"}
    assert of(alert().add("contact_log", 2, outcome="reached", **spoken)).is_empty()


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "no_answer", "subject_ref": "A1"},
        {"outcome": "voicemail", "subject_ref": "A1"},
        {"outcome": "reached", "subject_ref": "A2"},
        {"outcome": "reached", "subject_ref": None},
    ],
)
def test_a_call_that_reached_nobody_or_was_about_something_else_takes_nothing(values):
    made = alert().add("contact_log", 2, site_id="site", channel="call", direction="out", **values)
    assert minutes(of(made)) == [16]


def test_a_call_that_is_logged_later_counts_from_then_on():
    spoken = {"site_id": "site", "channel": "call", "subject_ref": "A1", "outcome": "reached"}
    episodes = of(alert().add("contact_log", 2, late_s=2400, **spoken))
    assert (minutes(episodes), minutes(episodes, "cleared_at")) == ([16], [42])


def test_a_chain_has_the_word_until_the_time_of_its_first_step_is_over():
    episodes = of(message(chain(alert()), result="delivered", delivered_at=at(16)), step=0.5)
    assert minutes(episodes) == [30.5]
    assert episodes["subtype"].to_list() == ["nobody_acts"]


def test_a_second_step_says_that_the_first_was_silent():
    made = message(chain(alert()), result="delivered", delivered_at=at(16))
    made = chain_told(made, 30, step=2, state="running", next_step_at=at(60))
    assert minutes(of(made)) == [31]


@pytest.mark.parametrize("state", ["acknowledged", "stopped"])
def test_a_chain_that_is_answered_in_time_has_done_its_work(state):
    made = chain_told(chain(alert()), 29, state=state)
    assert of(made, 120).is_empty()


def test_an_answered_message_counts_from_its_answer_on_and_not_from_when_it_was_sent():
    made = message(chain(alert()), result="acked", delivered_at=at(16), answered_at=at(29))
    assert of(made, 120).is_empty()
    late = message(chain(alert()), result="acked", delivered_at=at(16), answered_at=at(40))
    episodes = of(late)
    assert (minutes(episodes), minutes(episodes, "cleared_at")) == ([31], [40])


def test_a_chain_without_a_time_for_its_next_step_is_broken_at_once():
    episodes = of(chain(alert(), next_step_at=None))
    assert minutes(episodes) == [15]
    assert episodes["subtype"].to_list() == ["system"]


def test_a_later_step_without_a_time_of_its_own_does_not_inherit_that_of_the_first():
    made = chain_told(chain(alert(), 5, next_step_at=at(25)), 20, step=2, state="running")
    assert minutes(of(made)) == [20]


def test_a_next_step_that_is_overdue_by_a_minute_breaks_the_chain():
    made = chain(alert(severity="CRITICAL"), 2, next_step_at=at(4))
    (subtype,) = of(made, step=0.25)["subtype"]
    assert subtype == "nobody_acts"
    on_time = chain_told(made, 4.9, step=2, state="running", next_step_at=at(50))
    assert minutes(of(on_time, step=0.25)) == [4.5]


def test_a_step_that_reaches_nobody_is_known_at_once():
    episodes = of(message(chain(alert()), result="no_target", target_id=None))
    assert minutes(episodes) == [15]
    assert episodes["subtype"].to_list() == ["system"]


def test_a_message_that_is_neither_delivered_nor_failed_breaks_it_after_five_minutes():
    sent = message(chain(alert()), result="sent")
    assert minutes(of(sent)) == [20]
    final = message(message(chain(alert()), result="sent"), 19, result="failed")
    assert minutes(of(final)) == [31]


def test_the_same_alert_again_within_ten_minutes_is_seen_to_with_the_first():
    made = alert(device_id="door").alert_told("A1", 3, "acknowledged")
    assert of(made.alert("A2", 8, device_id="door")).is_empty()
    assert len(of(made.alert("A3", 12, device_id="window"))) == 1
    again = alert(device_id="door").alert_told("A1", 3, "acknowledged")
    assert minutes(of(again.alert("A2", 10, device_id="door"))) == [26]


def test_a_repeat_for_which_a_chain_was_started_is_an_alert_of_its_own():
    made = Made().site().alert("A0", -8).alert_told("A0", -7, "acknowledged").alert("A1", 0)
    assert of(made).is_empty()
    assert minutes(of(chain(made, next_step_at=None))) == [15]


def test_danger_to_life_is_asked_after_each_time():
    made = alert(severity="CRITICAL").alert_told("A1", 3, "acknowledged")
    assert minutes(of(made.alert("A2", 8, severity="CRITICAL"))) == [14]


def test_planned_work_explains_an_alert_but_no_call_for_help():
    assert of(alert().window(-10, 100)).is_empty()
    assert minutes(of(alert(type="panic", severity="CRITICAL").window(-10, 100))) == [6]
    # What is still open when the work is over and has settled is found then.
    assert minutes(of(alert().window(-10, 20))) == [30]


def test_an_alert_that_arrives_late_with_its_answer_behind_it_is_none():
    made = alert(late_s=1800)
    made.add(
        "alert",
        3,
        late_s=1800,
        verb="acknowledged",
        source="monitoring",
        alert_id=named("alert", "A1"),
        site_id="site",
        state="acknowledged",
    )
    assert of(made, 60, 0.1).is_empty()


def test_an_alert_of_no_known_site_is_still_an_alert():
    assert len(of(Made().alert("A1", 0, site="elsewhere"))) == 1


def test_chains_of_nothing_known_raise_nothing():
    assert of(chain(Made().site(), next_step_at=None)).is_empty()
    assert of(Made().site()).is_empty()


WEEK = 7 * 24 * 60


def chained(step: str = "ops_manager", target: str = "role", **values) -> Made:
    """A chain of one step, and two managers."""
    made = (
        Made()
        .site()
        .add(
            "escalation_step",
            step_id="s",
            policy_id="p",
            order_no=1,
            target=target,
            target_ref=step,
            **{"min_severity": "HIGH"} | values,
        )
    )
    for manager in ("ann", "bob"):
        made.add("person", person_id=manager, role="ops_manager", status="active")
    return made


def on_call(made: Made, first: float, last: float, person: str = "ann", **values) -> Made:
    return made.add(
        "on_call_shift",
        on_call_id=f"{person} {first}",
        person_id=person,
        from_at=at(first),
        to_at=at(last),
        **{"role": "ops_manager", "schedule_code": "managers"} | values,
    )


def away(made: Made, person: str, first: float, last: float, minute: float = -60, **values) -> Made:
    told = {"verb": "decided", "source": "roster", "status": "approved"}
    who = {"leave_id": f"{person} {first}", "person_id": person}
    return made.add(
        "leave_request", minute, from_at=at(first), to_at=at(last), **who, **told | values
    )


def holes(made: Made, last: float = 300):
    return found(made, every(0, last, 15), PATTERN).filter(type=HOLE)


def test_a_chain_whose_every_step_reaches_somebody_has_no_hole():
    assert holes(chained()).is_empty()
    assert holes(on_call(chained(), -WEEK, WEEK)).is_empty()
    assert holes(Made().site()).is_empty()


@pytest.mark.parametrize(
    ("step", "target"),
    [
        ("area_officer", "role"),
        ("nights", "on_call_schedule"),
        ("client", "client_contact"),
        ("carl", "person"),
    ],
)
def test_a_step_to_which_nobody_belongs_is_a_hole(step, target):
    episodes = holes(chained(step, target))
    assert (minutes(episodes), episodes["severity"].to_list()) == ([0], ["MEDIUM"])
    assert episodes["scope_id"].to_list() == ["site"]


def test_a_step_for_one_person_reaches_that_person():
    assert holes(chained("bob", "person")).is_empty()


def test_a_plan_that_ends_within_twelve_hours_is_a_hole_until_it_goes_on():
    made = on_call(chained(), -WEEK, 14 * 60)
    assert minutes(holes(made)) == [120]
    longer = made.add(
        "on_call_shift",
        190,
        on_call_id="next",
        role="ops_manager",
        schedule_code="managers",
        person_id="bob",
        from_at=at(14 * 60),
        to_at=at(WEEK),
    )
    assert minutes(holes(longer), "cleared_at") == [240]


def test_who_is_on_leave_or_has_left_is_not_reached_but_who_stands_in_is():
    alone = on_call(chained(), -WEEK, WEEK)
    assert minutes(holes(away(alone, "ann", 14 * 60, WEEK))) == [120]
    assert holes(away(chained(), "ann", -60, WEEK)).is_empty()
    backed = on_call(chained(), -WEEK, WEEK, backup_id="bob")
    assert holes(away(backed, "ann", 0, WEEK)).is_empty()
    left = on_call(chained(), -WEEK, WEEK).add("person", 70, person_id="ann", status="left")
    assert minutes(holes(left)) == [120]


def test_leave_that_was_not_granted_or_is_not_told_yet_takes_nobody_away():
    made = on_call(chained(), -WEEK, WEEK)
    assert holes(away(made, "ann", 0, WEEK, status="rejected")).is_empty()
    assert minutes(holes(away(made, "ann", 0, WEEK, minute=130))) == [180]


def test_a_plan_of_another_region_reaches_nobody_here():
    made = on_call(chained(), -WEEK, WEEK, region="south").site("there", region="south")
    assert holes(made)["scope_id"].to_list() == ["site"]


def test_holes_are_told_by_severity():
    (row,) = holes(chained("nobody", min_severity="CRITICAL")).iter_rows(named=True)
    told = orjson.loads(row["figures"])
    assert told == {
        "steps that reach nobody": 1,
        "steps of HIGH that reach nobody": 0,
        "steps of CRITICAL that reach nobody": 1,
    }


def test_looking_at_instants_one_by_one_finds_the_same():
    made = on_call(chained(), -WEEK, 12 * 60 + 30).alert("A1", 0)
    made.alert_told("A1", 40, "acknowledged").alert("A2", 20, type="perimeter_sensor")
    episodes = assert_one_by_one_is_all_at_once(made, every(1, 60, 3), (PATTERN,))
    assert episodes["type"].to_list() == [BREAK, BREAK, HOLE]


def test_an_open_one_is_closed_however_long_ago_the_alert_ended():
    made = alert().alert_told("A1", 40, "acknowledged")
    found_then = found(made, every(0, 30), PATTERN).drop("inhibited_by")
    later = detect(made.facts(), Moments.of(at(600)), found_then, (PATTERN,))
    assert minutes(later, "cleared_at") == [600]


def test_nothing_that_arrives_later_counts():
    made = chained().alert("A1", 0, late_s=60)
    made = message(chain(made, late_s=90), result="sent", late_s=120)
    made.alert_told("A1", 30, "acknowledged", late_s=1200).alert("A2", 4, late_s=900)
    made = away(on_call(made, -WEEK, WEEK), "ann", 60, 90, minute=20)
    assert len(assert_nothing_later_counts(made, every(1, 100, 7), (PATTERN,)))


def test_the_declaration_names_types_and_evidence_that_exist():
    assert set(PATTERN.kinds) <= set(KNOWN)
    assert set(PATTERN.evidence) <= set(EVIDENCE)
