"""Who may see what of the evidence: roles, classes of fields, and the evidence as a role sees it.

Rules as data, applied to one piece of evidence; a query layer applies them to what it reads. What
nobody classified is hidden from everybody: whoever adds a field to evidence says how private it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from vigia.domain.dictionary.model import UNITS_BY_SUFFIX
from vigia.domain.findings.evidence import EVIDENCE, RedactionClass
from vigia.domain.findings.personal_data import ANYBODY, Scanner

HIDDEN = "[hidden]"
_LONGEST_CODE = 64
_VALUES = (bool, int, float, str, date, UUID)
_P = RedactionClass

_AT_THE_DESK = frozenset({_P.PLAIN, _P.PERSON, _P.LOCATION, _P.CONTACT, _P.CONTENT})
VISIBLE: Mapping[str, frozenset[RedactionClass]] = {
    "controller": _AT_THE_DESK,
    "supervisor": _AT_THE_DESK,
    "area_officer": _AT_THE_DESK,
    "ops_manager": _AT_THE_DESK,
    "senior_manager": _AT_THE_DESK,
    "compliance": frozenset({_P.PLAIN, _P.PERSON, _P.CONTENT}),
    "logistics": frozenset({_P.PLAIN, _P.PERSON}),
    "technician": frozenset({_P.PLAIN}),
    "guard": frozenset({_P.PLAIN}),
    "client_contact": frozenset({_P.PLAIN}),
}
"""Classes that a role sees. A role that is not here sees nothing; biometrics nobody sees here."""

_FIELDS = {
    _P.PLAIN: """
        count expected observed n z_score tail_p support metric unit direction slot window_from
        window_to kind status state result severity category type subtype verdict version priority
        cadence charging network app_state platform model os_version app_version valid outdated
        mock provider motion permission gps_enabled power_save queue_depth seq code site post
        tour_run task ticket alert run device region is_present is_late hour_of_week rank step
        events sites devices tours tasks tickets alerts checkpoints steps segments samples
    """,
    _P.PERSON: """
        person persons initials employee_no role supervisor holder assignee
    """,
    _P.LOCATION: """
        lat lon x_m y_m altitude_m course_deg position positions fixes trail geohash
    """,
    _P.CONTACT: """
        phone email channel outcome number subject_ref target contacts
    """,
    _P.CONTENT: """
        text note notes narrative message body subject comment reason audio_ref
    """,
    _P.BIOMETRIC: """
        face_score face_template_ref voice_score photo_hash
    """,
}
FIELDS: Mapping[str, RedactionClass] = {
    name: level for level, names in _FIELDS.items() for name in names.split()
}
"""How private a field is, by its name."""

_PEOPLE = (
    "person_id",
    "supervisor_id",
    "holder_id",
    "assignee_id",
    "from_person_id",
    "to_person_id",
)


def class_of(field: str) -> RedactionClass | None:
    """How private a field is; None where nobody said.

    Names that carry a unit are quantities, and ids name things, unless it is said otherwise.
    """
    if field in FIELDS:
        return FIELDS[field]
    if field in _PEOPLE or field.endswith("_by"):
        return _P.PERSON
    if field.endswith(("_id", "_count", *UNITS_BY_SUFFIX)):
        return _P.PLAIN
    return None


def redacted(
    kind: str, snapshot: Mapping[str, Any], role: str, scanner: Scanner = ANYBODY
) -> dict[str, Any]:
    """One piece of evidence as a role may see it.

    Args:
        kind: Of evidence.
        snapshot: What was stored: plain values, lists and mappings.
        role: Of whoever looks.
        scanner: Looks through texts of plain fields; one that knows the tenant's names sees more.

    Returns:
        The same shape, with `HIDDEN` in place of what the role may not see, names of fields that
        nobody classified included. Empty where the role may not see the kind at all, or nobody
        knows it.
    """
    allowed = VISIBLE.get(role, frozenset())
    known = EVIDENCE.get(kind)
    if known is None or known[0] not in allowed:
        return {}
    return _Sight(allowed, scanner).mapping(snapshot)


@dataclass(frozen=True, slots=True)
class _Sight:
    """What one role sees."""

    allowed: frozenset[RedactionClass]
    scanner: Scanner

    def mapping(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            HIDDEN if class_of(name) is None else name: self.field(name, value)
            for name, value in values.items()
        }

    def field(self, name: str, value: Any) -> Any:
        level = class_of(name)
        if level is None or level not in self.allowed:
            return HIDDEN
        if isinstance(value, Mapping):
            return self.mapping(value)
        if isinstance(value, list | tuple):
            return [self.field(name, item) for item in value]
        odd = isinstance(value, str) and level is _P.PLAIN and not self._is_plain(value)
        if odd and _P.CONTENT not in self.allowed:
            return HIDDEN
        return value if value is None or isinstance(value, _VALUES) else HIDDEN

    def _is_plain(self, value: str) -> bool:
        """Whether a text is a code, a state or an instant, and none of it personal."""
        words = value.split()
        is_code = any(map(str.isdigit, value)) or not any(
            w[:1].isupper() and not w.isupper() for w in words
        )
        short = len(value) <= _LONGEST_CODE and len(words) <= 2
        return value.isascii() and short and is_code and not self.scanner.hits(value)
