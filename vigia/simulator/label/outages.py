"""K11: sites that share an operator or a power feeder and go dark together.

True failures of networks are known as effects; sites at which nobody works lose no signals.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.effects import Effect
from vigia.simulator.label.case import MINUTE_US, Case
from vigia.simulator.label.found import FOUND, found

TOGETHER_US = 10 * MINUTE_US
"""Sites that fail within this time fail together; and a loss is seen over as long."""
FEWEST = 3
MANY = 10
_SHARED = (["tenant", "region", "network_operator"], ["tenant", "power_feeder"])


@dataclass(frozen=True, slots=True)
class Outages:
    """Outages, and which sites each covers.

    Attributes:
        episodes: `FOUND`.
        members: `outage` (row of `episodes`), `site`, `from_us`, `to_us`.
    """

    episodes: pl.DataFrame
    members: pl.DataFrame


def network_outages(case: Case) -> Outages:
    """Every K11 of the world."""
    down = case.effect(Effect.NETWORK_DOWN).rename({"scope": "site"})
    down = down.filter(pl.col("to_us") - pl.col("from_us") > TOGETHER_US)
    down = down.join(
        case.world.sites.select(
            "site", "tenant", "region", "network_operator", "power_feeder", "risk_tier"
        ),
        on="site",
        how="left",
        maintain_order="left",
    )
    down = down.with_columns(manned=pl.Series(_manned(case, down)))
    groups = [group for key in _SHARED for group in _together(down, key)]
    kept, seen = [], set[tuple[int, int]]()
    for group in groups:
        rows = set(group.select("site", "from_us").iter_rows())
        # What fails with its operator is not told again by its feeder.
        if not rows & seen:
            kept.append(group)
            seen |= rows
    return _outages(case, kept)


def _manned(case: Case, down: pl.DataFrame) -> np.ndarray:
    middle = (down["from_us"] + down["to_us"]).to_numpy() // 2
    here = case.present.at(down["site"].to_numpy(), middle) > 0
    begins = case.present.at(down["site"].to_numpy(), down["from_us"].to_numpy()) > 0
    manned: np.ndarray = here | begins
    return manned


def _together(down: pl.DataFrame, key: list[str]) -> list[pl.DataFrame]:
    """Failures of sites with the same key that start within ten minutes of the first one."""
    groups = []
    for shared in (
        down.filter("manned").sort("from_us", "site").partition_by(key, maintain_order=True)
    ):
        if shared.height < FEWEST:
            continue
        start = shared["from_us"].to_numpy()
        at = 0
        while at < len(start):
            end = int(np.searchsorted(start, start[at] + TOGETHER_US, side="right"))
            if shared[at:end]["site"].n_unique() >= FEWEST:
                groups.append(shared[at:end])
                at = end
            else:
                at += 1
    return groups


def _outages(case: Case, groups: list[pl.DataFrame]) -> Outages:
    rows, members = [], []
    must_man = set(case.world.posts.filter("must_man")["site"])
    for number, group in enumerate(groups):
        grave = (group["risk_tier"] >= 4).any() or bool(must_man & set(group["site"]))
        critical = grave or group.height >= MANY
        third = int(group["from_us"].sort()[FEWEST - 1])
        codes = case.world.sites["code"].gather(group["site"].sort()).to_list()
        rows.append(
            {
                "scope": group["region"][0],
                "site": -1,
                "onset_us": int(group["from_us"].min()),  # type: ignore[arg-type]
                "detectable_us": third + TOGETHER_US,
                "end_us": int(np.median(group["to_us"].to_numpy())),
                "severity": "CRITICAL" if critical else "HIGH",
                "cause": "injected" if (group["episode"] >= 0).any() else "natural",
                "params": json.dumps({"sites": codes, "operator": group["network_operator"][0]}),
                "tenant": group["tenant"][0],
            }
        )
        members.append(
            group.select(pl.lit(number, dtype=pl.Int64).alias("outage"), "site", "from_us", "to_us")
        )
    empty = {"outage": pl.Int64, "site": pl.Int64, "from_us": pl.Int64, "to_us": pl.Int64}
    if not rows:
        return Outages(FOUND.to_frame(), pl.DataFrame(schema=empty))
    table = pl.DataFrame(rows)
    # A region has no site of its own; the first one tells the tenant.
    first = [int(group["site"].min()) for group in groups]  # type: ignore[arg-type]
    episodes = found(table, "K11", scope_kind="region", site=pl.lit(pl.Series(first)))
    return Outages(episodes, pl.concat(members))
