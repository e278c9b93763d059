"""What is said about a delivery before it starts, and how it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Kind = Literal["live", "import", "replay"]


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """What is said about a delivery.

    Attributes:
        kind: `live` events arrive now; an `import` is a history with its own arrival clock.
        origin: File name, endpoint or the like.
        mapping: Mapping that was used, if any.
    """

    kind: Kind
    origin: str
    mapping: str | None = None


@dataclass(slots=True)
class Report:
    """How a delivery went: `rows == accepted + duplicate + quarantined`, always.

    Attributes:
        rows: Events offered.
        accepted: Events stored.
        duplicate: Events that were known.
        quarantined: Events put aside.
        reasons: Reason code to number of quarantined events.
        replayed: Events put aside earlier (or by this delivery) that it made acceptable and
            that were stored as a batch of their own; not part of the sum above.
        batch_id: The delivery; None for a dry run.
    """

    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    replayed: int = 0
    batch_id: UUID | None = None

    def add(self, other: Report) -> None:
        """Add the account of a chunk."""
        self.rows += other.rows
        self.accepted += other.accepted
        self.duplicate += other.duplicate
        self.quarantined += other.quarantined
        self.replayed += other.replayed
        for code, count in other.reasons.items():
            self.reasons[code] = self.reasons.get(code, 0) + count
