"""Freshness: whether what people read was made again in time.

Dagster's own records are asked, once for all assets; nothing is computed and nothing heavy is
imported. How old which family may grow, and how often that is looked at, is said in
`orchestration`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from assets.platform import Platform

NAME = "fresh"
Allowed = Mapping[dg.AssetKey, timedelta]
"""Asset to how long ago it may have been made."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Age:
    """How old an asset is at an instant, and how old it may grow.

    Attributes:
        made_at: When it was made last; None when it never was.
    """

    key: dg.AssetKey
    made_at: datetime | None
    allowed: timedelta
    now: datetime

    @property
    def is_fresh(self) -> bool:
        """Whether it is young enough; where nothing was made yet, nobody reads anything old."""
        return self.made_at is None or self.now - self.made_at <= self.allowed

    @property
    def result(self) -> dict[str, Any]:
        """What a check says about it: arguments of its result."""
        made = {} if self.made_at is None else {"made": dg.MetadataValue.timestamp(self.made_at)}
        return {
            "asset_key": self.key,
            "check_name": NAME,
            "passed": self.is_fresh,
            "severity": dg.AssetCheckSeverity.WARN,
            "description": self._words(),
            "metadata": {**made, "allowed minutes": self.allowed // _MINUTE},
        }

    def _words(self) -> str:
        if self.made_at is None:
            return "Not made yet."
        made = f"Made {(self.now - self.made_at) // _MINUTE} minutes ago"
        if self.is_fresh:
            return f"{made}."
        return (
            f"{made}, and people read it as if it were newer. See whether the runs that make it "
            "fail, wait behind another or are not started (Runs, Automation)."
        )


def ages(instance: dg.DagsterInstance, allowed: Allowed, now: datetime) -> list[Age]:
    """How old some assets are by Dagster's records, in the order of `allowed`."""
    made: dict[dg.AssetKey, datetime] = {}
    for record in instance.get_asset_records(list(allowed)):
        if event := record.asset_entry.last_materialization:
            made[record.asset_entry.asset_key] = datetime.fromtimestamp(event.timestamp, UTC)
    return [Age(key, made.get(key), within, now) for key, within in allowed.items()]


def freshness_checks(allowed: Allowed) -> dg.AssetChecksDefinition:
    """One check on each of some assets; a person may run it too, besides the sensor."""

    @dg.multi_asset_check(
        name="freshness",
        specs=[
            dg.AssetCheckSpec(
                NAME, asset=key, description=f"Made again within {within // _MINUTE} minutes."
            )
            for key, within in allowed.items()
        ],
        can_subset=True,
    )
    def freshness(
        context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]
    ) -> Iterable[dg.AssetCheckResult]:
        asked = {check.asset_key for check in context.selected_asset_check_keys}
        chosen = {key: within for key, within in allowed.items() if key in asked}
        for age in ages(context.instance, chosen, platform.clock()):
            yield dg.AssetCheckResult(**age.result)

    return freshness
