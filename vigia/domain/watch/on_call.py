"""Whom each step of an escalation would reach, now and in the hours ahead, as far as is known.

A role with a plan of who is on call is reached through the plan: the person, or who stands in. One
without a plan is anybody at work in it. Who is on leave or has left is not reached. A chain is
asked for hour by hour, since plans are made by the hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import LONG_AGO_US, NEVER_US, Bools, Ints
from vigia.domain.watch.things import latest
from vigia.domain.watch.work import HOUR_US, stretches

ROLE_OF_TARGET = {"site_supervisor": "supervisor"}
"""Targets whose name is not that of a role."""
_PLACE = ("person_id", "schedule_code", "role", "region", "first_us", "last_us")
_KNOWN = ("from_us", "until_us")


@dataclass(frozen=True)
class OnCall:
    """Chains and the people in them.

    Attributes:
        facts: What arrived.
    """

    facts: Facts

    @cached_property
    def steps(self) -> pl.DataFrame:
        """Steps of chains: `severity` (from which it applies), `order_no`, `target`, `target_ref`."""
        told = latest(self.facts["escalation_step"], "step_id")
        return told.drop_nulls(["target", "target_ref"]).select(
            "order_no", "target", "target_ref", severity=pl.col("min_severity").fill_null("HIGH")
        )

    @cached_property
    def _plan(self) -> pl.DataFrame:
        """Who is on call or stands in, when, and from when to when that was the plan."""
        columns = ("schedule_code", "role", "region", "person_id", "backup_id", "from_at", "to_at")
        told = stretches(self.facts["on_call_shift"], "on_call_id", columns).with_columns(
            first_us=pl.col("from_at").to_physical().fill_null(LONG_AGO_US),
            last_us=pl.col("to_at").to_physical().fill_null(NEVER_US),
        )
        others = told.with_columns(person_id=pl.col("backup_id"))
        return pl.concat([told, others]).drop_nulls("person_id").select(*_PLACE, *_KNOWN)

    @cached_property
    def _people(self) -> pl.DataFrame:
        """Role and status of people, and from when to when that was known."""
        return stretches(self.facts["person"], "person_id", ("role", "status"))

    @cached_property
    def _away(self) -> pl.DataFrame:
        """Approved leave: `person_id`, `first_us`, `last_us`, and when it was known."""
        columns = ("person_id", "from_at", "to_at", "status")
        told = stretches(self.facts["leave_request"], "leave_id", columns)
        return told.filter(pl.col("status") == "approved").select(
            "person_id",
            first_us=pl.col("from_at").to_physical(),
            last_us=pl.col("to_at").to_physical(),
            from_us="from_us",
            until_us="until_us",
        )

    def _candidates(self, target: str, ref: str) -> pl.DataFrame:
        """Who could be meant by a step: as `_plan`."""
        if target == "person":
            one = self.facts.named("person", pl.Series([ref]))
            return self._at_work(pl.col("person_id").is_in([ref, one[0]]))
        if target == "client_contact":
            return self._at_work(pl.col("role") == "client_contact")
        if target == "on_call_schedule":
            return self._plan.filter(pl.col("schedule_code") == ref)
        role = pl.col("role") == ROLE_OF_TARGET.get(ref, ref)
        plan = self._plan.filter(role)
        # Until a plan is told, everybody at work in the role may be meant.
        until_us = pl.min_horizontal("until_us", pl.lit(plan["from_us"].min()))
        return pl.concat([plan, self._at_work(role).with_columns(until_us=until_us)])

    def _at_work(self, which: pl.Expr) -> pl.DataFrame:
        return self._people.filter(which, pl.col("status").fill_null("active") == "active").select(
            "person_id",
            pl.lit(None, pl.String).alias("schedule_code"),
            "role",
            pl.lit(None, pl.String).alias("region"),
            first_us=pl.lit(LONG_AGO_US),
            last_us=pl.lit(NEVER_US),
            from_us="from_us",
            until_us="until_us",
        )

    def reached(
        self, target: str, ref: str, regions: Sequence[str], at_us: Ints, hours: int
    ) -> Bools:
        """Whether a step reaches somebody at that hour and each of the next, by region and instant.

        Args:
            target: Kind of target.
            ref: Which role, schedule or person.
            regions: Of sites.
            at_us: Instants at which it is asked.
            hours: How many hours ahead count.
        """
        who = self._candidates(target, ref)
        everywhere = pl.col("region").is_null()
        common = self._covered(who.filter(everywhere), at_us, hours)
        own = {
            region: self._covered(rows, at_us, hours)
            for (region,), rows in who.filter(~everywhere)
            .partition_by("region", as_dict=True)
            .items()
        }
        covered = [common | own[region] if region in own else common for region in regions]
        reached: Bools = np.array(covered, dtype=bool).reshape(len(regions), *common.shape)
        return np.asarray(reached.all(axis=2), dtype=bool)

    def _covered(self, who: pl.DataFrame, at_us: Ints, hours: int) -> Bools:
        """Whether somebody of them is to be reached, by instant and hour from then on."""
        then = at_us[:, None] + np.arange(hours + 1, dtype=np.int64) * HOUR_US
        found = np.zeros(then.shape, dtype=bool)
        for person, first, last, known, void in who.select(
            "person_id", "first_us", "last_us", *_KNOWN
        ).iter_rows():
            there: Bools = _held(first, last, then)
            there[~_held(known, void, at_us)] = False
            for away_from, away_to, heard, unsaid in self._absences.get(person, ()):
                is_heard = _held(heard, unsaid, at_us)[:, None]
                there[is_heard & _held(away_from, away_to, then)] = False
            np.logical_or(found, there, out=found)
            if found.all():
                break
        return found

    @cached_property
    def _absences(self) -> dict[str, list[tuple[int, ...]]]:
        """By person, from when to when they are not to be reached, and when that was known."""
        left = self._people.filter(pl.col("status").fill_null("active") != "active").select(
            "person_id",
            pl.lit(LONG_AGO_US).alias("first_us"),
            pl.lit(NEVER_US).alias("last_us"),
            *_KNOWN,
        )
        rows = pl.concat([left, self._away]).rows_by_key("person_id")
        return dict(rows)


def _held(first: int, until: int, at_us: Ints) -> Bools:
    held: Bools = (first <= at_us) & (at_us < until)
    return held
