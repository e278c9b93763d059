"""Grave alerts and their escalation, as far as was known at each instant.

Belongs here: who has taken an alert, by whatever channel, and what stands still in its chain.
Does not belong here: how long that may last (`findings.patterns.k10_escalation_chain_break`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from vigia.domain.watch.facts import Facts
from vigia.domain.watch.moments import NEVER_US
from vigia.domain.watch.work import Work, known_us

SUBJECT = "alert"
ANSWERED = ("acknowledged", "stopped")
"""States of a chain that somebody has taken over."""
REFUSED = ("failed", "declined")
"""Results of a message that nobody is going to answer, but that are final."""


@dataclass(frozen=True)
class Chains:
    """Chains of escalation.

    Attributes:
        facts: What arrived.
        work: Alerts.
    """

    facts: Facts
    work: Work

    @cached_property
    def alerts(self) -> pl.DataFrame:
        """Alerts as in `Work.alerts`, with `taken_us`: known to be in somebody's hands.

        An acknowledgement, an answered message of the chain, and a call about it in which
        somebody was reached are the same.
        """
        told = self.work.alerts
        ways = [told.select("alert_id", us="taken_us"), self._spoken, self._answered]
        first = pl.concat(ways).group_by("alert_id").agg(taken_us=pl.col("us").min())
        both = told.drop("taken_us").join(first, on="alert_id", how="left", maintain_order="left")
        return both.with_columns(pl.col("taken_us").fill_null(NEVER_US))

    @cached_property
    def _spoken(self) -> pl.DataFrame:
        """Calls about an alert that reached somebody."""
        calls = self.facts["contact_log"].filter(pl.col("outcome") == "reached")
        return self._about(calls).select("alert_id", us=known_us())

    @cached_property
    def _answered(self) -> pl.DataFrame:
        """Messages that were answered, and chains that somebody has taken over."""
        sent = self._about(self.facts["escalation_event"]).filter(pl.col("result") == "acked")
        at = pl.max_horizontal(known_us(), pl.col("answered_at").to_physical())
        over = self.facts["escalation_run"].filter(pl.col("state").is_in(ANSWERED))
        owner = self.runs.select("run_id", "alert_id").unique("run_id")
        runs = over.join(owner, on="run_id").select("alert_id", us=known_us())
        return pl.concat([sent.select("alert_id", us=at), runs])

    def _about(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows that name an alert, with its `alert_id`."""
        named = self.facts.named(SUBJECT, rows["subject_ref"])
        return rows.with_columns(named.alias("alert_id")).drop_nulls("alert_id")

    @cached_property
    def runs(self) -> pl.DataFrame:
        """Chains of alerts while they run, one row a stretch of one step.

        `run_id`, `alert_id`, `step`, `next_us` (when the next step is due; null: nobody knows),
        `from_us`, `until_us` (known to be at another step, or not to run any more).
        """
        rows = self.facts["escalation_run"]
        first = (
            rows.drop_nulls("subject_ref")
            .unique("run_id", keep="first", maintain_order=True)
            .filter(pl.col("subject_kind").fill_null(SUBJECT) == SUBJECT)
        )
        owner = self._about(first).select("run_id", "alert_id")
        told = rows.sort("run_id", "at", maintain_order=True).join(
            owner, on="run_id", maintain_order="left"
        )
        # A step that comes without a time for the next one has none: that of another is not its.
        told = told.with_columns(
            pl.col("step", "state").forward_fill().over("run_id"),
            from_us=known_us().cum_max().over("run_id"),
        ).with_columns(pl.col("next_step_at").forward_fill().over("run_id", "step"))
        told = told.with_columns(
            until_us=pl.col("from_us").shift(-1).over("run_id").fill_null(NEVER_US)
        )
        return told.filter(
            pl.col("state").fill_null("running") == "running",
            pl.col("until_us") > pl.col("from_us"),
        ).select(
            "run_id",
            "alert_id",
            pl.col("step").fill_null(1),
            pl.col("next_step_at").to_physical().alias("next_us"),
            "from_us",
            "until_us",
        )

    @cached_property
    def messages(self) -> pl.DataFrame:
        """Messages of chains, one row a message.

        `alert_id`, `sent_us`, `from_us` (known), `has_target`, `final_us` (known to be delivered
        or not; `NEVER_US`).
        """
        rows = self._about(self.facts["escalation_event"])
        arrived = pl.coalesce("delivered_at", "answered_at").to_physical()
        final = pl.when(
            pl.col("result").is_in([*REFUSED, "acked", "delivered"]) | arrived.is_not_null()
        )
        told = rows.with_columns(
            from_us=known_us(), final_us=final.then(pl.max_horizontal(known_us(), arrived))
        )
        return (
            told.group_by("alert_id", "run_id", "step", maintain_order=True)
            .agg(
                pl.col("at").min().to_physical().alias("sent_us"),
                pl.col("from_us").min(),
                pl.col("result").ne("no_target").fill_null(value=True).all().alias("has_target"),
                pl.col("final_us").min(),
            )
            .with_columns(pl.col("final_us").fill_null(NEVER_US))
            .drop("run_id", "step")
        )
