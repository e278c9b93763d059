"""Why an event is put aside: every reason with a code and what to do about it.

Belongs here: codes and texts. Does not belong here: deciding (`normalise`) or storing.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Codes of the reasons for which an event is quarantined."""

    MALFORMED = "malformed"
    NOT_AN_EVENT = "not_an_event"
    TOO_LARGE = "too_large"
    UNKNOWN_TYPE = "unknown_type"
    WRONG_TENANT = "wrong_tenant"
    MISSING_FIELD = "missing_field"
    BAD_TYPE = "bad_type"
    BAD_TEXT = "bad_text"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_STATE = "unknown_state"
    ID_MISMATCH = "id_mismatch"
    BROKEN_RULE = "broken_rule"
    ABSURD_TIME = "absurd_time"
    FROM_THE_FUTURE = "from_the_future"
    LATE_OVER_72H = "late_over_72h"
    UNKNOWN_SITE = "unknown_site"
    UNKNOWN_REFERENCE = "unknown_reference"
    CONFLICTING_DUPLICATE = "conflicting_duplicate"
    REFUSED = "refused"

    @property
    def explanation(self) -> str:
        """What it means and what to do about it, for people."""
        return EXPLANATIONS[self]


EXPLANATIONS: dict[Reason, str] = {
    Reason.MALFORMED: (
        "Not readable. Send one complete UTF-8 JSON object a line; in a table, a row with as many "
        "fields as the header."
    ),
    Reason.NOT_AN_EVENT: (
        "Not a CloudEvents 1.0 object. Send specversion 1.0, id, source, type and a data object."
    ),
    Reason.TOO_LARGE: (
        "Larger than an event may be. Send a reference to large content, not the content."
    ),
    Reason.UNKNOWN_TYPE: "No event has this type. The events page lists the types that exist.",
    Reason.WRONG_TENANT: (
        "It names another tenant than the one it was sent to. Send it with that tenant's key."
    ),
    Reason.MISSING_FIELD: "A required field is missing. Send it; the events page marks what is.",
    Reason.BAD_TYPE: "A field does not read as its type. See its type and unit on the events page.",
    Reason.BAD_TEXT: (
        "A text holds a NUL character, which no text column can store. Remove it and send again."
    ),
    Reason.OUT_OF_RANGE: "A number is outside what is possible. Check the unit, then send again.",
    Reason.UNKNOWN_STATE: (
        "A field holds a state that is not in its list. Map it to one on the events page."
    ),
    Reason.ID_MISMATCH: (
        "It carries an id and a code that belong to different things. Leave the id out: it is "
        "computed from the code."
    ),
    Reason.BROKEN_RULE: "Fields contradict each other. Correct them, then send again.",
    Reason.ABSURD_TIME: (
        "Its time is before 1990 or years ahead: the device's clock was not set. Set the clock; "
        "what it recorded meanwhile cannot be placed in time."
    ),
    Reason.FROM_THE_FUTURE: (
        "Its time lies after its arrival by more than two minutes. Correct the device's clock or "
        "the time zone of the export."
    ),
    Reason.LATE_OVER_72H: (
        "It arrived more than 72 hours after it happened. If it is right, accept it with "
        "`vigia quarantine replay --accept-late`."
    ),
    Reason.UNKNOWN_SITE: (
        "Its site is not known. Send the site first or later: it is tried again by itself."
    ),
    Reason.UNKNOWN_REFERENCE: (
        "It names a thing that is not known. Send that thing first or later: it is tried again "
        "by itself."
    ),
    Reason.CONFLICTING_DUPLICATE: (
        "An event with this source and id but other content was accepted before. Give every "
        "event its own id."
    ),
    Reason.REFUSED: (
        "The database refused it for a reason that no rule here foresaw. Please report it; the "
        "event is kept and can be replayed once a release accepts it."
    ),
}
