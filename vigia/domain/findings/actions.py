"""What may be done about a finding by itself, and how far: the allow-list, modes, recommendations.

Everything is off until somebody enables it, and each action of a runbook has a mode that it may
never exceed. Limits, cool-downs and doing it belong to the part on response.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


class Action(StrEnum):
    """The allow-list: all that can ever happen without a person's hand."""

    NOTIFY_PERSON = "notify_person"
    """Push or text message to somebody."""
    REQUEST_POSITION = "request_position"
    OPEN_TICKET = "open_ticket"
    """A ticket, work order or incident."""
    UPDATE_TICKET = "update_ticket"
    """A note, link or assignment on something open."""
    ADVANCE_ESCALATION = "advance_escalation"
    """Start an escalation or its next step."""
    PAGE_ON_CALL = "page_on_call"
    COLLECT_DIAGNOSTICS = "collect_diagnostics"
    """Read what devices, neighbours and the network say."""
    ASK_RELIEF_POOL = "ask_relief_pool"
    GENERATE_REPORT = "generate_report"


class Mode(StrEnum):
    """How far an action goes by itself; each includes the ones before."""

    OBSERVE = "observe"
    """Write down that it would have happened."""
    SUGGEST = "suggest"
    """Show it beside the finding."""
    APPROVE = "approve"
    """Do it once somebody agreed."""
    AUTO = "auto"


MODES = tuple(Mode)
NEVER_AUTOMATIC: Mapping[str, str] = {
    "call_emergency_services": "calling emergency services",
    "dispatch_person": "sending a person anywhere",
    "discipline_person": "discipline",
    "change_pay": "anything about pay",
    "unlock": "unlocking anything",
    "disable": "disabling anything",
    "close_finding": "closing a finding (one about safety is closed by people alone)",
}
"""What a person does, whatever is enabled."""


@dataclass(frozen=True, slots=True)
class AutoAction:
    """One thing that a runbook may have done.

    Attributes:
        action: Its kind, from the allow-list.
        does: What exactly, in a few words.
        highest_mode: The mode it may never exceed.
        when: Under which condition; always where missing.
    """

    # Whoever reads one from a file refuses keys that mean nothing.
    __pydantic_config__: ClassVar = {"extra": "forbid"}

    action: str
    does: str
    highest_mode: Mode
    when: str | None = None

    def __post_init__(self) -> None:
        if self.action in NEVER_AUTOMATIC:
            raise ValueError(f"{self.action}: {NEVER_AUTOMATIC[self.action]} is never automatic")
        if self.action not in set(Action):
            raise ValueError(f"{self.action!r} is not on the allow-list: {', '.join(Action)}")
        if not self.does.strip():
            raise ValueError(f"{self.action}: say in `does` what exactly is done")

    def mode(self, enabled: Mode | None) -> Mode | None:
        """How far it goes where a site enabled so much of its runbook; None: it is off.

        >>> AutoAction("notify_person", "message the guard", Mode.APPROVE).mode(Mode.AUTO).value
        'approve'
        """
        if enabled is None:
            return None
        return min(enabled, self.highest_mode, key=MODES.index)


def recommended(
    steps: Sequence[str], owner: str, actions: Sequence[AutoAction]
) -> tuple[dict[str, Any], ...]:
    """What a finding recommends, as stored with it: the steps in order, then what can help.

    Args:
        steps: Steps of its runbook, for people.
        owner: Role that works them.
        actions: What the runbook may have done.

    Returns:
        One value per step and action; never none, as a runbook has steps.
    """
    by_people = [{"order": number, "do": text, "by": owner} for number, text in enumerate(steps, 1)]
    by_itself = [
        {
            "order": len(steps) + number,
            "do": found.does,
            "action": found.action,
            "highest_mode": str(found.highest_mode),
            **({"when": found.when} if found.when else {}),
        }
        for number, found in enumerate(actions, 1)
    ]
    return (*by_people, *by_itself)
