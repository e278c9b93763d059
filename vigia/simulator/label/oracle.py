"""`gt_resolution` and `gt_verdict`: what would have helped, and what an operator would say.

Simulated, and to be called so: probabilities and times are assumptions. Actions are those of the
allow-list of `domain.md` 5: notify a person, request a position, open a ticket, advance an
escalation, page who is on call, collect diagnostics, ask the relief pool, generate a report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.label.case import Case
from vigia.simulator.truth import RESOLUTION, VERDICT

RIGHT = 0.95
MEDIAN_DELAY_S = 420.0
DELAY_SIGMA = 0.9
ALLOWED = (
    "notify_person",
    "request_position",
    "open_ticket",
    "advance_escalation",
    "page_on_call",
    "collect_diagnostics",
    "ask_relief_pool",
    "generate_report",
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What an action does to episodes of a class.

    Attributes:
        action: One of `ALLOWED`.
        target: Whom or what it is addressed to.
        probability: Chance that it ends the episode.
        after_min: Median of the minutes until then.
    """

    action: str
    target: str
    probability: float
    after_min: float


REMEDIES: dict[str, tuple[Remedy, ...]] = {
    "K01": (
        Remedy("notify_person", "person", 0.25, 6),
        Remedy("page_on_call", "site_supervisor", 0.7, 18),
        Remedy("open_ticket", "site", 0.3, 90),
    ),
    "K02": (
        Remedy("notify_person", "person", 0.5, 8),
        Remedy("request_position", "person", 0.15, 5),
        Remedy("page_on_call", "site_supervisor", 0.6, 20),
    ),
    "K03": (
        Remedy("page_on_call", "ops_manager", 0.55, 35),
        Remedy("ask_relief_pool", "site", 0.4, 70),
    ),
    "K04": (
        Remedy("notify_person", "person", 0.35, 10),
        Remedy("page_on_call", "site_supervisor", 0.5, 40),
    ),
    "K05": (
        Remedy("notify_person", "person", 0.55, 12),
        Remedy("collect_diagnostics", "device", 0.2, 15),
        Remedy("open_ticket", "device", 0.5, 240),
    ),
    "K06": (
        Remedy("notify_person", "person", 0.35, 12),
        Remedy("collect_diagnostics", "device", 0.25, 15),
        Remedy("open_ticket", "device", 0.5, 240),
    ),
    "K07": (
        Remedy("page_on_call", "controller", 0.85, 4),
        Remedy("request_position", "person", 0.1, 2),
        Remedy("advance_escalation", "chain", 0.6, 8),
    ),
    "K08": (
        Remedy("ask_relief_pool", "site", 0.45, 60),
        Remedy("page_on_call", "ops_manager", 0.35, 45),
    ),
    "K09": (
        Remedy("notify_person", "person", 0.4, 15),
        Remedy("ask_relief_pool", "site", 0.5, 55),
        Remedy("page_on_call", "site_supervisor", 0.45, 30),
    ),
    "K10": (
        Remedy("advance_escalation", "chain", 0.8, 4),
        Remedy("page_on_call", "ops_manager", 0.75, 6),
    ),
    "K11": (
        Remedy("page_on_call", "ops_manager", 0.1, 30),
        Remedy("open_ticket", "operator", 0.15, 120),
    ),
    "K12": (
        Remedy("page_on_call", "controller", 0.55, 15),
        Remedy("open_ticket", "site", 0.2, 120),
    ),
    "DEVICE_FAILURE": (
        Remedy("notify_person", "person", 0.45, 10),
        Remedy("open_ticket", "device", 0.4, 180),
    ),
    "SLA_BREACH": (
        Remedy("notify_person", "assignee", 0.45, 40),
        Remedy("advance_escalation", "chain", 0.5, 60),
    ),
    "STAFFING_GAP": (
        Remedy("ask_relief_pool", "site", 0.6, 60),
        Remedy("notify_person", "person", 0.3, 30),
    ),
    "ANOMALY": (
        Remedy("notify_person", "site_supervisor", 0.25, 60),
        Remedy("collect_diagnostics", "site", 0.1, 30),
    ),
}
"""What helps against each class. Nothing here unlocks, dispatches, disciplines or closes."""


def resolutions(case: Case, episodes: pl.DataFrame) -> pl.DataFrame:
    """What each action would have done about each episode (`truth.RESOLUTION`).

    Args:
        case: What happened.
        episodes: `truth.EPISODE`.
    """
    remedies = pl.DataFrame(
        [
            (name, place, r.action, r.target, r.probability, r.after_min * 60.0)
            for name, some in REMEDIES.items()
            for place, r in enumerate(some)
        ],
        schema={
            "class": pl.String,
            "place": pl.Int64,
            "action": pl.String,
            "target": pl.String,
            "probability": pl.Float64,
            "after_s": pl.Float64,
        },
        orient="row",
    )
    numbered = episodes.with_columns(number=pl.int_range(pl.len(), dtype=pl.Int64))
    rows = numbered.join(remedies, on="class").sort("number", "place")
    key = rows["number"].to_numpy(), rows["place"].to_numpy()
    stream = case.stream("resolution")
    chance = rows["probability"].to_numpy() + 0.08 * stream.normal(*key, 0)
    after = stream.lognormal(rows["after_s"].to_numpy(), 0.5, *key, 1)
    return rows.with_columns(
        probability=pl.Series(np.clip(chance, 0.02, 0.98).round(3)),
        after_s=pl.Series(after.round(1)),
    ).select(pl.col(name).cast(dtype) for name, dtype in RESOLUTION.items())


def verdicts(case: Case, episodes: pl.DataFrame, traps: pl.DataFrame) -> pl.DataFrame:
    """What an operator would answer to a finding of each episode or trap (`truth.VERDICT`).

    Args:
        case: What happened.
        episodes: `truth.EPISODE`.
        traps: `truth.TRAP`.
    """
    named = traps.unique("trap", keep="first", maintain_order=True)
    both = [
        episodes.select("tenant", subject="episode", reason="class", right=pl.lit("true_positive")),
        named.select("tenant", subject="trap", reason="kind", right=pl.lit("false_positive")),
    ]
    rows = pl.concat(
        part.with_columns(subject_kind=pl.lit(kind), place=pl.int_range(pl.len(), dtype=pl.Int64))
        for kind, part in zip(("episode", "trap"), both, strict=True)
    )
    group = (rows["subject_kind"] == "trap").cast(pl.Int64).to_numpy()
    key = group, rows["place"].to_numpy()
    stream = case.stream("verdict")
    wrong = pl.Series(~stream.chance(RIGHT, *key, 0))
    other = pl.col("right").replace_strict(
        {"true_positive": "false_positive", "false_positive": "true_positive"}
    )
    scale = MEDIAN_DELAY_S * case.world.config.knobs.label_delay
    delay = stream.lognormal(scale, DELAY_SIGMA, *key, 1)
    return rows.with_columns(
        answer=pl.when(wrong).then(other).otherwise("right"), delay_s=pl.Series(delay.round(1))
    ).select(pl.col(name).cast(dtype) for name, dtype in VERDICT.items())
