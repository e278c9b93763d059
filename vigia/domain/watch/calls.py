"""Calls for help, check calls that nobody answered, and whether people were reached by voice.

Whether a check was missed is for the system that runs the checks to say: it hears of answers by
telephone, and of some that reach the rest of the world late. Where it has called no check missed
for a day, the clock says so: a check is missed when its window closes without an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import LONG_AGO_US, MINUTE_US, NEVER_US
from vigia.domain.watch.presence import Presence
from vigia.domain.watch.signs import P_HUMAN, G, Signs, W
from vigia.domain.watch.things import Things
from vigia.domain.watch.work import first_known, known_us

TOLD_US = 24 * 60 * MINUTE_US
"""A system that called a check missed so lately says itself which ones are."""
HEARD_US = 60 * MINUTE_US
"""Who was heard of so shortly before a check is there."""
CLOSED = ("closed_true", "closed_false", "closed_test")


@dataclass(frozen=True)
class Calls:
    """Who asks for help, and who does not answer.

    Attributes:
        facts: What arrived.
        things: What exists.
        presence: Who is on duty.
        signs: Who is heard of.
    """

    facts: Facts
    things: Things
    presence: Presence
    signs: Signs

    @cached_property
    def help(self) -> pl.DataFrame:
        """Calls for help, one row each.

        `panic_id`, `person_id` (named, else who holds the device; null for nobody), `device_id`,
        `site_id`, `how` (button, duress_pin and so on), `at_us`, `from_us` (known), `until_us`
        (known to be closed by somebody; `NEVER_US`), `is_test` (and closed as a test).
        """
        rows = self.facts["panic_event"]
        made = rows.filter(pl.col("verb") == "triggered").unique(
            "panic_id", keep="first", maintain_order=True
        )
        closed = rows.filter(pl.col("state").is_in(CLOSED))
        over = first_known(closed, "panic_id", "until_us")
        tests = closed.filter(pl.col("state") == "closed_test")["panic_id"].unique()
        made = made.with_columns(self.things.carriers(made).alias("person_id"))
        return made.join(over, on="panic_id", how="left", maintain_order="left").select(
            "panic_id",
            "person_id",
            "device_id",
            "site_id",
            pl.col("panic_source").alias("how"),
            at_us=pl.coalesce("triggered_at", "at").to_physical(),
            from_us=known_us(),
            until_us=pl.col("until_us").fill_null(NEVER_US),
            is_test=pl.col("panic_id").is_in(tests.to_list()),
        )

    @cached_property
    def missed(self) -> pl.DataFrame:
        """Check calls that somebody on duty missed, or answered under duress; one row each.

        `check_id`, `person_id` (who was on that duty), `site_id`, `due_us`, `closes_us`, `from_us`
        (known to be missed), `answered_us` (an answer in time that came after that, and `NEVER_US`
        without one), `is_duress`.
        """
        known = self._checks.with_columns(from_us=self._missed_us())
        known = known.filter(pl.col("from_us") < NEVER_US)
        found = self._whose(known)
        return found.select(
            "check_id",
            "person_id",
            "site_id",
            "due_us",
            "closes_us",
            "from_us",
            "answered_us",
            is_duress=pl.col("duress_us") < NEVER_US,
        )

    @cached_property
    def _checks(self) -> pl.DataFrame:
        """Check calls with when it was known what became of them; `NEVER_US` for never."""
        rows = self.facts["welfare_check"]
        told = rows.filter(pl.col("verb") == "scheduled").unique(
            "check_id", keep="first", maintain_order=True
        )
        result = pl.col("result")
        parts = {
            "verdict_us": rows.filter(result.is_in(["missed", "late"])),
            "duress_us": rows.filter(result == "duress"),
            "answered_us": rows.filter(result == "ok"),
            "off_us": rows.filter(result == "cancelled"),
        }
        known = told.select(
            "check_id",
            "site_id",
            "person_id",
            "assignment_id",
            due_us=pl.col("due_at").to_physical(),
            closes_us=pl.coalesce("closes_at", "due_at").to_physical(),
            told_us=known_us(),
        )
        for name, frame in parts.items():
            when = first_known(frame, "check_id", name)
            known = known.join(when, on="check_id", how="left", maintain_order="left")
        return known.with_columns(pl.col(*parts).fill_null(NEVER_US)).drop_nulls("due_us")

    def _missed_us(self) -> pl.Series:
        """When each check was known to be missed; `NEVER_US` where it was not."""
        verdicts = self._checks.select(last_us="verdict_us").filter(pl.col("last_us") < NEVER_US)
        checks = self._checks.with_row_index("row").sort("closes_us")
        both = checks.join_asof(
            verdicts.sort("last_us"), left_on="closes_us", right_on="last_us"
        ).sort("row")
        says = pl.col("last_us").fill_null(LONG_AGO_US) >= pl.col("closes_us") - TOLD_US
        closes = pl.max_horizontal("closes_us", "told_us")
        unanswered = (pl.col("answered_us") > closes) & (pl.col("off_us") > closes)
        by_clock = pl.when(~says & unanswered).then(closes).otherwise(NEVER_US)
        # What answered in time and only came late is no missed check any more.
        missed = pl.min_horizontal("verdict_us", by_clock)
        valid = pl.when(missed < pl.col("off_us")).then(missed).otherwise(NEVER_US)
        return both.select(us=pl.min_horizontal(valid, "duress_us"))["us"]

    def _whose(self, checks: pl.DataFrame) -> pl.DataFrame:
        """Checks with the person who was on duty from when each was due until it closed.

        That is who clocked in for the duty that was to answer, else the person who was asked and
        who clocked in, or was heard of at work. Who was not there is for the cover of posts.
        """
        stays = self.presence.stays.select(
            "person_id", "in_us", "until_us", "assignment_id", here_us="from_us"
        )
        there = (pl.col("in_us") <= pl.col("due_us")) & (
            (pl.col("until_us") >= pl.col("closes_us")) | (pl.col("duress_us") < NEVER_US)
        )
        by_duty = checks.rename({"person_id": "asked_id"}).join(
            stays.drop_nulls("assignment_id"), on="assignment_id"
        )
        by_name = checks.join(stays.drop("assignment_id"), on="person_id")
        found = [by_duty.filter(there), by_name.filter(there), self._heard(checks)]
        both = pl.concat(found, how="diagonal").unique(
            "check_id", keep="first", maintain_order=True
        )
        return both.with_columns(from_us=pl.max_horizontal("from_us", "here_us"))

    def _heard(self, checks: pl.DataFrame) -> pl.DataFrame:
        """Checks of people who had been heard of at work shortly before.

        A clocking can get lost; then what somebody does is what shows that they are there.
        """
        asked = checks.with_columns(
            person=pl.Series(self.things.people(checks["person_id"]), dtype=pl.Int64)
        ).filter(pl.col("person") >= 0)
        signs = self.signs.table.filter(pl.col("family").is_in([P_HUMAN, G, W]))
        seen = signs.select("person", "at_us", here_us=pl.max_horizontal("at_us", "received_us"))
        both = asked.sort("due_us").join_asof(
            seen.sort("at_us"),
            left_on="due_us",
            right_on="at_us",
            by="person",
            tolerance=HEARD_US,
            check_sortedness=False,
        )
        return both.drop_nulls("here_us")

    @cached_property
    def contacts(self) -> pl.DataFrame:
        """Attempts to reach people by voice: `person_id`, `at_us`, `from_us`, `is_reached`."""
        rows = self.facts["contact_log"].drop_nulls("person_id")
        return rows.select(
            "person_id",
            at_us=pl.col("at").to_physical(),
            from_us=known_us(),
            is_reached=pl.col("outcome") == "reached",
        )
