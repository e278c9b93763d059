"""Which runs of audits to start, decided from values alone. What is due: `vigia.domain.findings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vigia.domain.findings.audit import Cadence

CADENCE = "vigia/cadence"
AUDIT = "vigia/audit"
"""Run tags: the cadence, and cadence with slot, which tells tries of the same audit."""
MAX_TRIES = 3
"""So often is a run of one slot started before the next slot takes its work over."""


@dataclass(frozen=True, slots=True)
class AuditRun:
    """One run for all sites of a cadence that are due.

    Attributes:
        cadence: Which audit.
        slot: The newest slot that is due at any site.
        failed: Runs of it that ended without success.
    """

    cadence: Cadence
    slot: datetime
    failed: int = 0

    @property
    def name(self) -> str:
        """Cadence and slot: the same audit has the same name."""
        return f"{self.cadence}:{self.slot.isoformat()}"

    @property
    def run_key(self) -> str:
        """What makes a run the same run; one that failed may be tried again under another."""
        return f"{self.name}:{self.failed}" if self.failed else self.name

    @property
    def tags(self) -> dict[str, str]:
        """Run tags."""
        return {CADENCE: str(self.cadence), AUDIT: self.name}


def audit_runs(
    due: Mapping[Cadence, datetime | None], failed: Mapping[str, int] | None = None
) -> list[AuditRun]:
    """The runs to start, the most urgent first.

    Args:
        due: Cadence to the newest slot that is due anywhere; None where nothing is.
        failed: Name of an audit to how many of its runs failed.
    """
    runs = [AuditRun(cadence, slot) for cadence in Cadence if (slot := due.get(cadence))]
    tried = [AuditRun(run.cadence, run.slot, (failed or {}).get(run.name, 0)) for run in runs]
    return [run for run in tried if run.failed < MAX_TRIES]
