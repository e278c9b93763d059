"""All episodes of a world: found class by class, muted, explained by each other, and named.

Belongs here: what holds for every class. What makes an episode is in the module of its class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.label.case import MINUTE_US, Case
from vigia.simulator.label.chains import chain_breaks
from vigia.simulator.label.coverage import Deficits, coverage_gaps, staffing_gaps
from vigia.simulator.label.distress import distress
from vigia.simulator.label.failures import (
    anomalies,
    broken_promises,
    device_failures,
    intrusions,
)
from vigia.simulator.label.outages import Outages, network_outages
from vigia.simulator.label.rounds import abandoned_tours, phantom_guards
from vigia.simulator.label.silence import gps_failures, phone_failures, silent_sites
from vigia.simulator.label.workload import resource_shortages, sla_storms
from vigia.simulator.truth import EPISODE, INSTANT

NEVER_MUTED = ("K07", "DEVICE_FAILURE", "SLA_BREACH", "STAFFING_GAP", "K11")
MUTED_BY_HOLIDAY = ("K01", "K02", "K03", "K04", "K08", "K09", "ANOMALY")
MATCHED_BY = {
    "K02": "duty",
    "K04": "duty",
    "K05": "device",
    "K06": "device",
    "K07": "duty",
    "K09": "post",
    "STAFFING_GAP": "post",
}
"""What an intention and an episode of it share, besides class, site and time."""
SLACK_US = 20 * MINUTE_US
_PARENTS = {
    "K01": ("K11",),
    "K05": ("K11", "K01"),
    "K06": ("K11", "K01"),
    "K04": ("K09",),
    "K08": ("K03",),
    "STAFFING_GAP": ("K09",),
    "ANOMALY": ("K11", "K01"),
}
"""Classes that explain a class, the strongest first (`domain.md` 2, inhibition)."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """Every episode, numbered in the order of its onset.

    Attributes:
        table: Found episodes (`found.FOUND`), with `number` and `parent` (-1 none).
    """

    table: pl.DataFrame

    def named(self, case: Case) -> pl.DataFrame:
        """The episodes as truth names them (`truth.EPISODE`)."""
        table = self.table
        world = case.world
        owner = world.tenants["slug"].gather(world.sites["tenant"].gather(table["site"]))
        # A region belongs to no site; a number tells the tenant only.
        site = table["site"].set(table["scope_kind"] == "region", -1)
        columns = {
            "episode": episode_code(pl.col("number")),
            "tenant": pl.lit(owner),
            "site": pl.lit(_codes(world.sites, site)),
            "person": pl.lit(_codes(world.people, table["person"])),
            "device": pl.lit(_codes(world.devices, table["device"])),
            "onset": pl.col("onset_us").cast(INSTANT),
            "detectable_at": pl.col("detectable_us").cast(INSTANT),
            "end": pl.col("end_us").cast(INSTANT),
            "parent": pl.when(pl.col("parent") >= 0).then(episode_code(pl.col("parent"))),
        }
        return table.with_columns(**columns).select(
            pl.col(name).cast(dtype) for name, dtype in EPISODE.items()
        )


def episode_code(number: pl.Expr) -> pl.Expr:
    """The name of an episode by its number."""
    return pl.format("E{}", (number + 1).cast(pl.String).str.zfill(6))


def _codes(frame: pl.DataFrame, number: pl.Series) -> pl.Series:
    """Codes of things by number; null for -1."""
    codes = pl.concat([frame["code"], pl.Series("code", [None], dtype=pl.String)])
    return codes.gather(number.set(number < 0, len(codes) - 1))


def all_episodes(
    case: Case, lack: Deficits, shifts: pl.DataFrame, deaths: pl.DataFrame
) -> Episodes:
    """Find every episode of a world.

    Args:
        case: What happened.
        lack: Who was missing at the posts.
        shifts: Shifts with their gap (`coverage.shift_gaps`).
        deaths: Phones that died on duty (`failures.device_deaths`).
    """
    parts = [
        silent_sites(case),
        abandoned_tours(case),
        sla_storms(case),
        phantom_guards(case),
        gps_failures(case),
        phone_failures(case),
        distress(case),
        resource_shortages(case),
        coverage_gaps(case, lack),
        chain_breaks(case),
        intrusions(case),
        device_failures(case, deaths),
        broken_promises(case),
        staffing_gaps(case, shifts),
        anomalies(case),
    ]
    return settled(case, parts)


def settled(case: Case, parts: Sequence[pl.DataFrame]) -> Episodes:
    """Found episodes, and the outages that explain some of them, muted, numbered and explained.

    Args:
        case: What happened.
        parts: Found episodes (`FOUND`) of all classes but K11.
    """
    outages = network_outages(case)
    table = pl.concat([outages.episodes, *parts]).with_row_index("found")
    table = _muted(case, table.with_columns(pl.col("found").cast(pl.Int64)))
    table = _within(case, table)
    table = table.sort("onset_us", "class", "scope", "found").with_columns(
        number=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    table = table.with_columns(cause=_cause(case, table))
    return Episodes(table.with_columns(parent=_parents(table, outages)))


def _within(case: Case, table: pl.DataFrame) -> pl.DataFrame:
    """Only what can be known before the world ends, in the order in which time goes."""
    end = case.world.config.end_us
    return table.filter(pl.col("detectable_us") < end).with_columns(
        pl.min_horizontal("onset_us", "detectable_us").alias("onset_us"),
        pl.max_horizontal("end_us", "detectable_us").alias("end_us"),
    )


def _muted(case: Case, table: pl.DataFrame) -> pl.DataFrame:
    """Without what the reference data explain; what outlasts a window is known at its end."""
    mutes = case.plan.mutes.select("kind", "site", "post", mute_from="from_us", mute_to="to_us")
    hit = table.join(mutes, on="site", suffix="_muted").filter(
        pl.col("detectable_us").is_between("mute_from", "mute_to", "left")
        & ~pl.col("class").is_in(NEVER_MUTED)
    )
    window = pl.col("kind") == "maintenance"
    holiday = (pl.col("kind") == "holiday") & pl.col("class").is_in(MUTED_BY_HOLIDAY)
    same_post = (pl.col("kind") == "stand_down") & (pl.col("post") == pl.col("post_muted"))
    hit = hit.filter(window | holiday | same_post)
    until = hit.group_by("found").agg(until_us=pl.col("mute_to").max(), by=pl.col("kind").min())
    table = table.join(until, on="found", how="left", maintain_order="left")
    outlasts = (pl.col("by") == "maintenance") & (pl.col("end_us") > pl.col("until_us") + MINUTE_US)
    later = pl.when(outlasts).then("until_us").otherwise("detectable_us")
    kept = table.filter(pl.col("until_us").is_null() | outlasts)
    return kept.with_columns(detectable_us=later).drop("until_us", "by")


def _cause(case: Case, table: pl.DataFrame) -> pl.Series:
    """Injected where an intention of the same class met it, else natural."""
    duties = case.duties.select("duty", "post")
    meant = case.plan.intents.join(duties, on="duty", how="left", maintain_order="left")
    meant = meant.select(
        "class",
        "site",
        "device",
        "duty",
        pl.col("post").fill_null(-1),
        meant_from="from_us",
        meant_to="to_us",
    )
    gaps = meant.filter(pl.col("class") == "K09").with_columns(
        pl.lit("STAFFING_GAP").alias("class")
    )
    meant = pl.concat([meant, gaps])
    both = table.filter(pl.col("cause") == "").join(meant, on=["class", "site"], suffix="_meant")
    same = pl.lit(value=True)
    for name in ("duty", "device", "post"):
        asked = pl.col("class").replace_strict(MATCHED_BY, default="") == name
        same = same & (~asked | (pl.col(name) == pl.col(f"{name}_meant")))
    met = (pl.col("onset_us") - SLACK_US < pl.col("meant_to")) & (
        pl.col("end_us") + SLACK_US > pl.col("meant_from")
    )
    injected = both.filter(same & met)["found"].unique()
    known = pl.when(pl.col("found").is_in(injected.implode())).then(pl.lit("injected"))
    cause = (
        pl.when(pl.col("cause") != "").then("cause").otherwise(known.otherwise(pl.lit("natural")))
    )
    return table.select(cause.alias("cause"))["cause"]


def _parents(table: pl.DataFrame, outages: Outages) -> pl.Series:
    """Number of the episode that explains each one; -1 none."""
    parent = np.full(table.height, -1, dtype=np.int64)
    for child, classes in _PARENTS.items():
        for parents in reversed(classes):
            over = _outage_spans(table, outages) if parents == "K11" else _spans(table, parents)
            _explain(table, child, over, parent)
    return pl.Series(_first_of_group(table, parent))


def _spans(table: pl.DataFrame, name: str) -> pl.DataFrame:
    rows = table.filter(pl.col("class") == name)
    return rows.select("site", "post", from_us="onset_us", to_us="end_us", over="number")


def _outage_spans(table: pl.DataFrame, outages: Outages) -> pl.DataFrame:
    """Each site of each outage, with the number of the outage."""
    numbers = table.filter(pl.col("class") == "K11").select(outage="found", over="number")
    # The outages were found first, so that their position is their number among all found.
    spans = outages.members.join(numbers, on="outage")
    return spans.select(
        "site", pl.lit(-1, dtype=pl.Int64).alias("post"), "from_us", "to_us", "over"
    )


def _explain(table: pl.DataFrame, child: str, over: pl.DataFrame, parent: Ints) -> None:
    """Give parents to the episodes of a class that lie in a stronger one of the same place."""
    rows = table.filter(pl.col("class") == child).select("number", "site", "post", "detectable_us")
    both = rows.join(over, on="site", suffix="_over")
    inside = pl.col("detectable_us").is_between("from_us", pl.col("to_us") + SLACK_US) & (
        ~pl.lit(child in ("K04", "STAFFING_GAP")) | (pl.col("post") == pl.col("post_over"))
    )
    hit = both.filter(inside).sort("number", "from_us", "over").unique("number", keep="first")
    parent[hit["number"].to_numpy()] = hit["over"].to_numpy()


def _first_of_group(table: pl.DataFrame, parent: Ints) -> Ints:
    """Let the first of each group explain the others."""
    first = pl.col("number").first().over("group")
    rows = table.filter(pl.col("group") != "").select("number", first=first)
    later: Bools = (rows["number"] != rows["first"]).to_numpy()
    parent[rows["number"].to_numpy()[later]] = rows["first"].to_numpy()[later]
    return parent
