"""The life of a finding against a table and a model written apart from it (U11, R-21)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.domain.errors import VigiaError
from vigia.domain.findings.categorise import resolve
from vigia.domain.findings.lifecycle import (
    RULES,
    Actor,
    IllegalMoveError,
    Life,
    Move,
    Need,
    Party,
    Request,
    judged,
    moved,
    needs,
    open_moves,
    refusal,
)
from vigia.domain.findings.types import Category, EvidenceState, State

COLUMNS = [
    *("acknowledge", "lapse", "start", "resolve", "reject"),
    *("suppress", "restore", "supersede", "reopen"),
]
LETTERS = dict(zip("NAPRFSU", map(str, State), strict=True))
# One letter a move, in the order of COLUMNS: where it leads, or a dot.
REFERENCE = {
    ("person", "other"): {
        "new": "A.PRFS.U.",
        "acknowledged": "..PRFS.U.",
        "in_progress": "...RFS.U.",
        "resolved": "....F...P",
        "false_positive": "........P",
        "suppressed": "...RF.NU.",
        "superseded": ".........",
    },
    ("system", "other"): {
        "new": "...R.S.U.",
        "acknowledged": ".N.R.S.U.",
        "in_progress": "...R.S.U.",
        "resolved": ".........",
        "false_positive": ".........",
        "suppressed": "...R..NU.",
        "superseded": ".........",
    },
    ("person", "safety"): {
        "new": "A.PRF..U.",
        "acknowledged": "..PRF..U.",
        "in_progress": "...RF..U.",
        "resolved": "....F...P",
        "false_positive": "........P",
        "suppressed": "...RF.NU.",
        "superseded": ".........",
    },
    ("system", "safety"): {
        "new": ".........",
        "acknowledged": ".N.......",
        "in_progress": ".........",
        "resolved": ".........",
        "false_positive": ".........",
        "suppressed": "......N..",
        "superseded": ".........",
    },
}
WANTS_A_REASON = {"lapse", "resolve", "reject", "suppress", "reopen"}
ENDS = {"resolve", "reject", "supersede"}
EVIDENCE = {
    ("provisional", "confirmed"),
    ("provisional", "retracted"),
    ("confirmed", "retracted"),
    ("retracted", "confirmed"),
}
START = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
SELF, OTHER = UUID(int=1), UUID(int=2)
PERSON, SYSTEM = Actor(Party.PERSON, "controller-7"), Actor(Party.SYSTEM, "audit")
MINUTE = timedelta(minutes=1)


def life(state=State.NEW, category=Category.SECURITY, *, two=False, **rest) -> Life:
    return Life(SELF, category, START, START, State(state), needs_two_people=two, **rest)


def request(move, actor=PERSON, at=START, **rest) -> Request:
    given = {"reason": "seen", "confirmed_by": "controller-9", "successor": OTHER}
    return Request(Move(move), actor, at, **(given | rest))


@dataclass
class Model:
    """The life of a finding as plainly as it can be told."""

    safety: bool
    two: bool
    state: str = "new"
    evidence: str = "provisional"
    last: int = 0
    noticed: int | None = None
    closed: int | None = None
    refused: Counter[str] = field(default_factory=Counter)

    def move(self, move, party, at, *, reason, successor, second) -> bool:
        row = REFERENCE[party, "safety" if self.safety else "other"][self.state]
        letter = row[COLUMNS.index(move)]
        why = (
            ("table" if letter == "." else None)
            or ("time" if at < self.last else None)
            or ("reason" if move in WANTS_A_REASON and not reason else None)
            or ("successor" if move == "supersede" and not successor else None)
            or ("second" if self.two and move in ENDS and not second else None)
        )
        if why:
            self.refused[why] += 1
            return False
        target = LETTERS[letter]
        if self.state == "new" and party == "person" and self.noticed is None:
            self.noticed = at
        closed = {"resolved", "false_positive"}
        if target not in closed:
            self.closed = None
        elif self.state not in closed:
            self.closed = at
        self.state, self.last = target, at
        return True

    def judge(self, evidence, at) -> bool:
        if evidence == self.evidence:
            return True
        if (self.evidence, evidence) not in EVIDENCE or at < 0:
            return False
        self.evidence = evidence
        return True


def live_through(commands: bytes) -> Model:
    """Send one sequence through the model and the product, and compare after every command."""
    safety, two = bool(commands[0] & 1), bool(commands[0] & 2)
    model = Model(safety, two)
    real = life(category=Category.SAFETY if safety else Category.OPERATIONAL, two=two)
    at = 0
    for what, how in zip(commands[1::2], commands[2::2], strict=False):
        at += (how >> 5) - 1  # now and then a minute back
        when = START + at * MINUTE
        if what % 11 > 8:
            evidence = list(EvidenceState)[how % 3]
            allowed = model.judge(str(evidence), at)
            after = _tried(lambda e=evidence, w=when, r=real: judged(r, e, w))
        else:
            move, actor = COLUMNS[what % 11], (PERSON, SYSTEM)[how & 1]
            reason, successor = (
                ("", " ", "seen", "seen")[how >> 1 & 3],
                (None, SELF, OTHER)[how % 3],
            )
            second = (None, actor.id, "controller-9")[(how >> 3) % 3]
            wish = Request(Move(move), actor, when, reason, second, successor)
            allowed = model.move(
                move,
                str(actor.party),
                at,
                reason=bool(reason.strip()),
                successor=successor is OTHER,
                second=second == "controller-9",
            )
            assert (refusal(real, wish) is None) == allowed
            after = _tried(lambda w=wish, r=real: moved(r, w))
        assert (after is not None) == allowed
        real = after or real
        at = max(at, model.last)
        assert (real.state, real.evidence) == (model.state, model.evidence)
        assert real.changed_at == START + model.last * MINUTE
        assert _minutes(real.resolution) == model.closed
        assert _minutes(real.response) == model.noticed
    return model


def _tried(attempt):
    try:
        return attempt()
    except IllegalMoveError:
        return None


def _minutes(span):
    return None if span is None else span // MINUTE


SEQUENCES, COMMANDS = 20, 15
BYTES = 1 + 2 * COMMANDS


@given(st.binary(min_size=SEQUENCES * BYTES, max_size=SEQUENCES * BYTES))
@settings(max_examples=500)
def test_ten_thousand_sequences_live_as_the_model_says(commands):
    for start in range(0, len(commands), BYTES):
        live_through(commands[start : start + BYTES])


@pytest.mark.slow
@given(st.binary(min_size=SEQUENCES * BYTES, max_size=SEQUENCES * BYTES))
@settings(max_examples=2500)
def test_fifty_thousand_sequences_live_as_the_model_says(commands):
    for start in range(0, len(commands), BYTES):
        live_through(commands[start : start + BYTES])


@pytest.mark.parametrize(("party", "kind"), REFERENCE)
def test_every_move_from_every_state_is_as_the_table_says(party, kind):
    category = Category.SAFETY if kind == "safety" else Category.COMPLIANCE
    actor = PERSON if party == "person" else SYSTEM
    for state, move in product(State, Move):
        letter = REFERENCE[party, kind][state][COLUMNS.index(move)]
        before = life(state, category)
        assert (move in open_moves(before, actor.party)) == (letter != ".")
        if letter == ".":
            with pytest.raises(IllegalMoveError):
                moved(before, request(move, actor))
        else:
            assert moved(before, request(move, actor)).state == LETTERS[letter]


def test_every_state_and_move_is_in_the_table():
    assert set(COLUMNS) == set(Move) == set(RULES)
    assert all(set(rows) == set(State) for rows in REFERENCE.values())


@pytest.mark.parametrize("state", State)
def test_nothing_closes_or_mutes_a_safety_finding_by_itself(state):
    over = {State.RESOLVED, State.FALSE_POSITIVE, State.SUPPRESSED, State.SUPERSEDED}
    allowed = open_moves(life(state, Category.SAFETY), Party.SYSTEM)
    assert not [move for move in allowed if RULES[move].to in over]
    assert Move.SUPPRESS not in open_moves(life(state, Category.SAFETY), Party.PERSON)


def test_a_call_for_help_is_closed_by_two_different_people():
    distress = resolve("CORRELATION_GUARD_DISTRESS")
    found = Life.begun(SELF, distress, distress.category, START)
    assert Need.SECOND_PERSON in needs(found, Move.RESOLVE)
    for alone in (None, "", " ", PERSON.id, f" {PERSON.id}"):
        with pytest.raises(IllegalMoveError, match="takes a second person"):
            moved(found, request("resolve", confirmed_by=alone))
    assert moved(found, request("resolve", confirmed_by="controller-9")).state is State.RESOLVED
    assert moved(found, request("acknowledge", confirmed_by=None)).state is State.ACKNOWLEDGED


def test_resolution_runs_from_detection_to_the_closing_and_again_after_a_reopening():
    found = life()
    assert found.resolution is None
    found = moved(found, request("acknowledge", at=START + 3 * MINUTE))
    found = moved(found, request("start", at=START + 5 * MINUTE))
    found = moved(found, request("resolve", at=START + 30 * MINUTE))
    assert found.response == 3 * MINUTE
    assert found.resolution == 30 * MINUTE
    assert moved(found, request("reject", at=START + 60 * MINUTE)).resolution == 30 * MINUTE
    found = moved(found, request("reopen", at=START + 40 * MINUTE))
    assert found.resolution is None
    assert moved(found, request("resolve", at=START + 90 * MINUTE)).resolution == 90 * MINUTE
    assert moved(life(), request("suppress")).resolution is None
    assert moved(life(), request("supersede")).resolution is None


def test_a_lapsed_notice_was_a_notice_still():
    found = moved(life(), request("acknowledge", at=START + MINUTE))
    found = moved(found, request("lapse", SYSTEM, at=START + 31 * MINUTE))
    assert (found.state, found.response) == (State.NEW, MINUTE)
    again = moved(found, request("acknowledge", at=START + 40 * MINUTE))
    assert again.response == MINUTE


def test_late_data_change_the_evidence_and_leave_the_work_alone():
    found = moved(life(category=Category.SAFETY), request("acknowledge"))
    later = judged(found, EvidenceState.RETRACTED, START + MINUTE)
    assert later.evidence is EvidenceState.RETRACTED
    assert (later.state, later.changed_at) == (found.state, found.changed_at)
    assert judged(later, EvidenceState.RETRACTED, START) is later
    assert judged(later, EvidenceState.CONFIRMED, START + MINUTE).evidence == "confirmed"


@pytest.mark.parametrize(
    ("before", "wish", "text"),
    [
        (
            life(State.RESOLVED),
            request("acknowledge"),
            "cannot acknowledge a finding that is resolved; from there a person can: reject, reopen",
        ),
        (
            life(State.SUPERSEDED),
            request("start"),
            "cannot start a finding that is superseded; from there a person can: nothing",
        ),
        (
            life(category=Category.SAFETY),
            request("resolve", SYSTEM),
            "a system cannot resolve a SAFETY finding: only a person can",
        ),
        (
            life(category=Category.SAFETY),
            request("suppress"),
            "a person cannot suppress a SAFETY finding: safety is never muted",
        ),
        (life(), request("resolve", reason="  "), "to resolve a finding takes a reason"),
        (
            life(),
            request("supersede", successor=SELF),
            "to supersede a finding takes the id of the finding that takes its place",
        ),
        (
            life(),
            request("acknowledge", at=START - MINUTE),
            (
                "2026-03-01T21:59:00+00:00 is before the last change of the finding, "
                "2026-03-01T22:00:00+00:00"
            ),
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_can_be_done(before, wish, text):
    with pytest.raises(VigiaError) as refused:
        moved(before, wish)
    assert str(refused.value) == text


def test_evidence_never_becomes_provisional_again():
    found = life(evidence=EvidenceState.CONFIRMED)
    with pytest.raises(IllegalMoveError, match="cannot become provisional"):
        judged(found, EvidenceState.PROVISIONAL, START)
    with pytest.raises(IllegalMoveError, match="before the finding was detected"):
        judged(found, EvidenceState.RETRACTED, START - MINUTE)


def test_a_move_without_a_name_to_it_is_refused():
    with pytest.raises(IllegalMoveError, match="names who makes it"):
        Actor(Party.PERSON, " ")


def test_the_model_is_brought_to_every_state_and_every_refusal():
    """So that agreement of model and product is worth something."""
    import numpy as np

    rng = np.random.default_rng(7)
    seen = [live_through(rng.bytes(BYTES)) for _ in range(1500)]
    assert {model.state for model in seen} == set(State)
    assert {model.evidence for model in seen} == set(EvidenceState)
    refused = sum((model.refused for model in seen), Counter())
    assert set(refused) == {"table", "time", "reason", "successor", "second"}
    assert any(model.closed is not None for model in seen)
