"""Everything that the labels judge, in one place and joined once.

Belongs here: the material. What it means is for the class that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from vigia.simulator.draws import Stream
from vigia.simulator.effects import Effect, Effects
from vigia.simulator.emit.gaps import GAP
from vigia.simulator.plan.crowd import Crowd
from vigia.simulator.plan.model import Plan
from vigia.simulator.world.model import World

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
NONE = -1

_I, _S, _F = pl.Int64(), pl.String(), pl.Float64()

FACTS: dict[str, pl.Schema] = {
    "tour_run": pl.Schema(
        {
            "run_code": _S,
            "duty": _I,
            "site": _I,
            "tour": _I,
            "due_us": _I,
            "deadline_us": _I,
            "started_us": _I,
            "ended_us": _I,
            "planned": _I,
            "scanned": _I,
            "last_scan_us": _I,
            "scan_before_us": _I,
            "resumed": pl.Boolean(),
            "status": _S,
            "out_from_us": _I,
            "out_to_us": _I,
            "fake": _I,
        }
    ),
    "task": pl.Schema(
        {
            "task_code": _S,
            "duty": _I,
            "site": _I,
            "kind": _S,
            "priority": _S,
            "created_us": _I,
            "due_us": _I,
            "done_us": _I,
            "closed_us": _I,
        }
    ),
    "welfare": pl.Schema(
        {
            "check_code": _S,
            "duty": _I,
            "site": _I,
            "due_us": _I,
            "closes_us": _I,
            "answered_us": _I,
            "result": _S,
        }
    ),
    "panic": pl.Schema(
        {"panic_code": _S, "duty": _I, "site": _I, "device": _I, "at_us": _I, "value": _I}
    ),
    "intrusion": pl.Schema({"site": _I, "from_us": _I, "to_us": _I}),
    "work": pl.Schema({"duty": _I, "slot_us": _I, "w_count": _I}),
    "attendance": pl.Schema(
        {
            "duty": _I,
            "source": _S,
            "event_id": _S,
            "kind": _S,
            "at_us": _I,
            "entered_us": _I,
            "fraud": _S,
        }
    ),
    "ticket": pl.Schema(
        {
            "number": _S,
            "site": _I,
            "opened_us": _I,
            "responded_us": _I,
            "resolved_us": _I,
            "paused_us": _I,
            "priority": _S,
            "due_us": _I,
            "would_breach": pl.Boolean(),
            "sentiment": _F,
            "intent": _S,
            "urgency": _I,
            "impact": _I,
            "language": _S,
        }
    ),
    "alert": pl.Schema(
        {
            "alert_code": _S,
            "site": _I,
            "device": _I,
            "type": _S,
            "severity": _S,
            "raised_us": _I,
            "acked_us": _I,
            "resolved_us": _I,
            "root": _S,
            "episode": _I,
            "repeat": pl.Boolean(),
        }
    ),
    "escalation": pl.Schema(
        {
            "run_code": _S,
            "alert_code": _S,
            "started_us": _I,
            "next_due_us": _I,
            "acked_us": _I,
            "state": _S,
            "fault": _S,
        }
    ),
}
"""What the processes know to be true: the columns that the labels read, -1 for none."""

DRAINED = pl.Schema({"device": _I, "from_us": _I, "to_us": _I})
"""One row per phone that was dark because its battery was empty."""

_OF_POST = ("post", "kind", "must_man", "armed", "gps_expected", "work_expected", "indoor")
_OF_SITE = ("site", "tenant", "risk_tier", "gps_expectation", "region", "network_operator")


@dataclass(frozen=True)
class Case:
    """What happened, as far as anybody can know it.

    Attributes:
        world: The world.
        duties: `DUTIES`, after everything that befell them.
        plan: What was meant to happen.
        facts: True facts by name, in any columns; read them with `fact`.
        gaps: Silence by the clock of arrival (`emit.gaps.GAP`).
        drained: Phones whose battery died by itself (`DRAINED`).
    """

    world: World
    duties: pl.DataFrame
    plan: Plan
    facts: Mapping[str, pl.DataFrame]
    gaps: pl.DataFrame
    drained: pl.DataFrame = field(default_factory=DRAINED.to_frame)

    def fact(self, name: str) -> pl.DataFrame:
        """A table of facts in the columns of `FACTS`; empty where no process made one."""
        schema = FACTS[name]
        found = self.facts.get(name)
        if found is None:
            return schema.to_frame()
        missing = [
            pl.lit(NONE if dtype == _I else None, dtype=dtype).alias(column)
            for column, dtype in schema.items()
            if column not in found.columns
        ]
        return found.with_columns(missing).select(
            pl.col(column).cast(dtype) for column, dtype in schema.items()
        )

    def stream(self, name: str) -> Stream:
        """Draws of the labels for one purpose."""
        return Stream(self.world.config.seed, f"label.{name}")

    @property
    def effects(self) -> Effects:
        """Everything that was made to happen, and what happened by itself."""
        return self.plan.effects

    def effect(self, *effects: Effect) -> pl.DataFrame:
        """Rows of some effects (`effects.SCHEMA`)."""
        names = [effect.value for effect in effects]
        return self.effects.table.filter(pl.col("effect").is_in(names))

    @cached_property
    def manned(self) -> pl.DataFrame:
        """Duties that somebody worked or clocked, with what is known of post and site.

        `on_from_us` and `on_to_us`: on duty, checked in and not out (-1 never checked in);
        `here_from_us` and `here_to_us`: true presence (-1 never there). What a supervisor enters
        is known when it is entered.
        """
        entered = self.fact("attendance").filter(kind="clock_in").group_by("duty")
        known = entered.agg(entered_us=pl.col("entered_us").min())
        clocked = pl.col("clock_in_us") >= 0
        left = pl.max_horizontal("leaves_us", "ends_us")
        out = pl.when(pl.col("clock_out_us") >= 0).then("clock_out_us").otherwise(left)
        return (
            self.duties.filter(clocked | (pl.col("arrives_us") >= 0))
            .join(known, on="duty", how="left", maintain_order="left")
            .with_columns(
                on_from_us=pl.when(clocked)
                .then(pl.max_horizontal("clock_in_us", "entered_us"))
                .otherwise(NONE),
                on_to_us=pl.when(clocked).then(out).otherwise(NONE),
                here_from_us=pl.col("arrives_us"),
                here_to_us=pl.col("leaves_us"),
            )
            .join(self.world.posts.select(_OF_POST), on="post", how="left", maintain_order="left")
            .join(self.world.sites.select(_OF_SITE), on="site", how="left", maintain_order="left")
        )

    @cached_property
    def present(self) -> Crowd:
        """How many people are on duty at a site at an instant."""
        on = self.manned.filter(pl.col("on_from_us") >= 0)
        return Crowd.of(on, "site", "on_from_us", "on_to_us")

    def gap(self, kind: str, least_us: int) -> pl.DataFrame:
        """Silences of one kind that last so long: `number`, `from_us`, `to_us`."""
        long = pl.col("to_us") - pl.col("from_us") >= least_us
        found = self.gaps.filter((pl.col("kind") == kind) & long)
        return found.select(pl.col(GAP.names()[1:])).sort("number", "from_us")
