"""The life of a finding: which moves there are, who may make them, and what they need.

Two things change apart. The *state* is what people do about it; the *evidence state* is how sure
the data are, and never moves the state. Safety is never closed, muted or replaced by the system:
only a person does, and closing a call for help takes two. Keeping findings and their events
belongs to `vigia.store`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from vigia.domain.errors import VigiaError
from vigia.domain.findings.known import FindingType
from vigia.domain.findings.types import OPEN, Category, EvidenceState, State


class IllegalMoveError(VigiaError):
    """A move that the life of a finding does not allow."""


class Move(StrEnum):
    """What can be done to a finding."""

    ACKNOWLEDGE = "acknowledge"
    LAPSE = "lapse"
    """The acknowledgement expires: nothing came of it."""
    START = "start"
    RESOLVE = "resolve"
    REJECT = "reject"
    """It was no case: a false positive."""
    SUPPRESS = "suppress"
    RESTORE = "restore"
    """What muted it is over, and it is still true."""
    SUPERSEDE = "supersede"
    """Another finding tells the same, better."""
    REOPEN = "reopen"


class Party(StrEnum):
    """Who moves."""

    PERSON = "person"
    SYSTEM = "system"


class Need(StrEnum):
    """What a move has to come with."""

    REASON = "reason"
    SUCCESSOR = "successor"
    SECOND_PERSON = "second person"


@dataclass(frozen=True, slots=True)
class Rule:
    """When a move is allowed.

    Attributes:
        states: From which states.
        to: Where it leads.
        who: Who may make it.
        needs: What it has to come with.
        who_on_safety: Who may make it where the category is SAFETY.
        is_closing: It ends the work, so a finding that needs two people takes two.
    """

    states: frozenset[State]
    to: State
    who: frozenset[Party]
    needs: frozenset[Need] = frozenset()
    who_on_safety: frozenset[Party] = frozenset({Party.PERSON})
    is_closing: bool = False


_PERSON, _SYSTEM = frozenset({Party.PERSON}), frozenset({Party.SYSTEM})
_BOTH, _NOBODY = _PERSON | _SYSTEM, frozenset[Party]()
_REASON = frozenset({Need.REASON})
_MUTED = frozenset({State.SUPPRESSED})
_CLOSED = frozenset({State.RESOLVED, State.FALSE_POSITIVE})

RULES: Mapping[Move, Rule] = {
    Move.ACKNOWLEDGE: Rule(frozenset({State.NEW}), State.ACKNOWLEDGED, _PERSON),
    Move.LAPSE: Rule(
        frozenset({State.ACKNOWLEDGED}), State.NEW, _SYSTEM, _REASON, who_on_safety=_SYSTEM
    ),
    Move.START: Rule(frozenset({State.NEW, State.ACKNOWLEDGED}), State.IN_PROGRESS, _PERSON),
    Move.RESOLVE: Rule(OPEN | _MUTED, State.RESOLVED, _BOTH, _REASON, is_closing=True),
    Move.REJECT: Rule(
        OPEN | _MUTED | {State.RESOLVED}, State.FALSE_POSITIVE, _PERSON, _REASON, is_closing=True
    ),
    Move.SUPPRESS: Rule(OPEN, State.SUPPRESSED, _BOTH, _REASON, who_on_safety=_NOBODY),
    Move.RESTORE: Rule(_MUTED, State.NEW, _BOTH, who_on_safety=_BOTH),
    Move.SUPERSEDE: Rule(
        OPEN | _MUTED, State.SUPERSEDED, _BOTH, frozenset({Need.SUCCESSOR}), is_closing=True
    ),
    Move.REOPEN: Rule(_CLOSED, State.IN_PROGRESS, _PERSON, _REASON),
}
"""Every move there is. What is not here cannot happen."""

EVIDENCE_MOVES: frozenset[tuple[EvidenceState, EvidenceState]] = frozenset(
    {
        (EvidenceState.PROVISIONAL, EvidenceState.CONFIRMED),
        (EvidenceState.PROVISIONAL, EvidenceState.RETRACTED),
        (EvidenceState.CONFIRMED, EvidenceState.RETRACTED),
        (EvidenceState.RETRACTED, EvidenceState.CONFIRMED),
    }
)
"""What later data may do. Nothing becomes provisional again: the watermark does not go back."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a move: a person's id, or the name of the part of the system."""

    party: Party
    id: str

    def __post_init__(self) -> None:
        if not self.id.strip():
            raise IllegalMoveError("a move names who makes it: the person's or the part's id")


@dataclass(frozen=True, slots=True)
class Request:
    """A move that somebody wants to make.

    Attributes:
        move: Which.
        actor: Who.
        at: When; never before the finding's last change.
        reason: Why.
        confirmed_by: Id of the second person.
        successor: Id of the finding that takes its place.
    """

    move: Move
    actor: Actor
    at: datetime
    reason: str = ""
    confirmed_by: str | None = None
    successor: UUID | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """A finding as far as its life goes.

    Attributes:
        finding: Its id.
        category: Whose concern it is; SAFETY is closed by people only.
        needs_two_people: Closing it takes a second person.
        detected_at: When it was raised.
        changed_at: When it changed last.
        acknowledged_at: When somebody first took notice; stays though the notice lapses.
        closed_at: When it was resolved or rejected; missing while it is not.
    """

    finding: UUID
    category: Category
    detected_at: datetime
    changed_at: datetime
    state: State = State.NEW
    evidence: EvidenceState = EvidenceState.PROVISIONAL
    needs_two_people: bool = False
    acknowledged_at: datetime | None = None
    closed_at: datetime | None = None

    @classmethod
    def begun(
        cls, finding: UUID, kind: FindingType, category: Category, detected_at: datetime
    ) -> Life:
        """The life of a finding that was raised just now."""
        return cls(
            finding, category, detected_at, detected_at, needs_two_people=kind.needs_two_people
        )

    @property
    def resolution(self) -> timedelta | None:
        """From detection to the move that closed it; None while it is not closed."""
        return None if self.closed_at is None else self.closed_at - self.detected_at

    @property
    def response(self) -> timedelta | None:
        """From detection until somebody first took notice; None while nobody has."""
        return None if self.acknowledged_at is None else self.acknowledged_at - self.detected_at


def moved(life: Life, request: Request) -> Life:
    """The life after a move.

    Raises:
        IllegalMoveError: The move is not allowed; the text says why and what is.
    """
    if problem := refusal(life, request):
        raise IllegalMoveError(problem)
    rule = RULES[request.move]
    noticed = life.acknowledged_at
    if noticed is None and request.actor.party is Party.PERSON and life.state is State.NEW:
        noticed = request.at
    closed_at = life.closed_at
    if rule.to not in _CLOSED:
        closed_at = None
    elif life.state not in _CLOSED:
        closed_at = request.at
    return replace(
        life, state=rule.to, changed_at=request.at, acknowledged_at=noticed, closed_at=closed_at
    )


def refusal(life: Life, request: Request) -> str | None:
    """Why a move is not allowed, for people; None where it is."""
    rule, actor = RULES[request.move], request.actor
    if life.state not in rule.states:
        can = ", ".join(open_moves(life, actor.party)) or "nothing"
        return (
            f"cannot {request.move} a finding that is {life.state}; "
            f"from there a {actor.party} can: {can}"
        )
    if actor.party not in _who(rule, life):
        return f"a {actor.party} cannot {request.move} {_called(life)}: {_only(rule, life)}"
    if request.at < life.changed_at:
        return (
            f"{request.at.isoformat()} is before the last change of the finding, "
            f"{life.changed_at.isoformat()}"
        )
    return _what_is_missing(life, request)


def needs(life: Life, move: Move) -> frozenset[Need]:
    """What a move of this finding has to come with, for a form that asks for it."""
    rule = RULES[move]
    twice = rule.is_closing and life.needs_two_people
    return rule.needs | ({Need.SECOND_PERSON} if twice else frozenset())


def open_moves(life: Life, party: Party) -> tuple[Move, ...]:
    """What that party can do now, in the order of `Move`."""
    return tuple(
        move
        for move, rule in RULES.items()
        if life.state in rule.states and party in _who(rule, life)
    )


def judged(life: Life, evidence: EvidenceState, at: datetime) -> Life:
    """The life after the data were judged again; what people do about it stays as it is.

    Args:
        life: As it was.
        evidence: What the data say now; the same as before changes nothing.
        at: When they were judged.

    Raises:
        IllegalMoveError: A finding became provisional again, or time went backwards.
    """
    if evidence is life.evidence:
        return life
    if (life.evidence, evidence) not in EVIDENCE_MOVES:
        raise IllegalMoveError(
            f"evidence that was {life.evidence} cannot become {evidence}: "
            "until when a device has sent everything never moves back"
        )
    if at < life.detected_at:
        raise IllegalMoveError(f"{at.isoformat()} is before the finding was detected")
    return replace(life, evidence=evidence)


def _who(rule: Rule, life: Life) -> frozenset[Party]:
    return rule.who_on_safety & rule.who if life.category is Category.SAFETY else rule.who


def _called(life: Life) -> str:
    return "a SAFETY finding" if life.category is Category.SAFETY else "a finding"


def _only(rule: Rule, life: Life) -> str:
    who = sorted(_who(rule, life))
    return f"only a {' or a '.join(who)} can" if who else "safety is never muted"


def _what_is_missing(life: Life, request: Request) -> str | None:
    wanted = needs(life, request.move)
    if Need.REASON in wanted and not request.reason.strip():
        return f"to {request.move} a finding takes a reason"
    if Need.SUCCESSOR in wanted and request.successor in (None, life.finding):
        return f"to {request.move} a finding takes the id of the finding that takes its place"
    if Need.SECOND_PERSON in wanted and not _is_another(request.confirmed_by, request.actor):
        return f"to {request.move} this finding takes a second person who confirms it"
    return None


def _is_another(confirmed_by: str | None, actor: Actor) -> bool:
    second = (confirmed_by or "").strip()
    return bool(second) and second != actor.id.strip()
