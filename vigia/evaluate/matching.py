"""Which finding found which episode, and which of them was a false alarm.

The rule: same tenant, class and scope; detected between the onset and fifteen minutes after the
end; an episode takes one finding and a finding one episode. What that means in every corner, and
why, is docs/decisions/0008-what-counts-as-found.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.simulator.draws import Ints
from vigia.simulator.truth import INSTANT

GRACE = timedelta(minutes=15)
_GRACE_US = GRACE // timedelta(microseconds=1)
_S = pl.String()

DETECTIONS = pl.Schema(
    {
        "detection": _S,
        "tenant": _S,
        "class": _S,
        "scope_kind": _S,
        "scope": _S,
        "site": _S,
        "detected_at": INSTANT,
        "severity": _S,
        "inhibited": pl.Boolean(),
        "retracted": pl.Boolean(),
    }
)
"""One row per finding of any detector, with the classes and scopes of `truth.EPISODE`."""

NEUTRAL_TRAPS = ("test_panic", "pocket_press")
"""Kinds of traps that a good system reports as well: a call for help that turns out to be none."""
NEUTRAL_CLASS = {**dict.fromkeys(NEUTRAL_TRAPS, "K07"), "drill": "K07"}
"""By kind of trap, the class of which a finding in it is neither right nor wrong. In a drill people
press as well; to what a drill tempts otherwise it stays a trap."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Detections and episodes, with what became of each.

    Attributes:
        detections: `DETECTIONS` in their order, with `episode` (matched, else null) and `verdict`:
            true, false, repeat (false as well), child, neutral or inhibited.
        episodes: `truth.EPISODE` in their order, with `detection` (matched, else null),
            `verdict` (found, missed or covered), `delay_onset_s` and `delay_detectable_s`.
    """

    detections: pl.DataFrame
    episodes: pl.DataFrame


def match(detections: pl.DataFrame, episodes: pl.DataFrame, traps: pl.DataFrame) -> Matches:
    """Match what was found with what was true.

    Args:
        detections: `DETECTIONS`, in any order.
        episodes: `vigia.simulator.truth.EPISODE`; an episode without an end is still going on.
        traps: `vigia.simulator.truth.TRAP`; only the neutral kinds matter here.
    """
    found = _paired(detections, episodes)
    episodes = _with_verdict(episodes, found)
    detections = detections.join(
        found.select("detection", "episode"), on="detection", how="left", maintain_order="left"
    )
    return Matches(_judged(detections, episodes, traps), episodes)


def _paired(detections: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """Pairs of detection and episode, one to one, with the time of detection."""
    shown = detections.filter(~pl.col("inhibited"))
    keys = pl.concat_str(
        pl.col("tenant", "class", "scope_kind", "scope").fill_null(""), separator="\0"
    )
    shown = shown.with_columns(keys.alias("key")).sort("detected_at", "detection")
    wanted = episodes.with_columns(
        keys.alias("key"), pl.col("end").fill_null(pl.col("onset") + timedelta(days=36_500))
    )
    names = pl.concat([shown["key"], wanted["key"]]).unique().sort()
    pairs = _earliest_deadline_first(
        _ranks(names, shown["key"]),
        shown["detected_at"].to_physical().to_numpy(),
        _ranks(names, wanted["key"]),
        wanted["onset"].to_physical().to_numpy(),
        wanted["end"].to_physical().to_numpy() + _GRACE_US,
    )
    return pl.DataFrame(
        {
            "detection": shown["detection"].gather(pairs[:, 0]),
            "detected_at": shown["detected_at"].gather(pairs[:, 0]),
            "episode": wanted["episode"].gather(pairs[:, 1]),
        }
    )


def _ranks(names: pl.Series, keys: pl.Series) -> Ints:
    ranks: Ints = names.search_sorted(keys).cast(pl.Int64).to_numpy()
    return ranks


def _earliest_deadline_first(key: Ints, at: Ints, of: Ints, start: Ints, end: Ints) -> Ints:
    """Pairs of detection and episode, as many as there can be.

    Going through the detections of a key by time, each takes of the episodes that are open the
    one that closes first: for points and intervals that leaves the fewest without a partner
    (F. Glover, "Maximum matching in a convex bipartite graph", 1967).
    """
    order = np.lexsort((end, of))
    pairs: list[tuple[int, int]] = []
    waiting: dict[int, list[int]] = {}
    for episode in order.tolist():
        waiting.setdefault(int(of[episode]), []).append(episode)
    for detection in range(len(at)):
        open_ = waiting.get(int(key[detection]), [])
        moment = at[detection]
        chosen = next((e for e in open_ if start[e] <= moment <= end[e]), None)
        if chosen is not None:
            open_.remove(chosen)
            pairs.append((detection, chosen))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _with_verdict(episodes: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    parents = episodes.join(found.select("episode"), on="episode", how="semi")["episode"]
    is_child = pl.col("parent").is_in(parents.to_list())
    verdict = (
        pl.when(pl.col("detection").is_not_null())
        .then(pl.lit("found"))
        .when(is_child)
        .then(pl.lit("covered"))
        .otherwise(pl.lit("missed"))
    )
    joined = episodes.join(found, on="episode", how="left", maintain_order="left")
    return joined.with_columns(
        verdict.alias("verdict"),
        _seconds(pl.col("detected_at") - pl.col("onset")).alias("delay_onset_s"),
        _seconds(pl.col("detected_at") - pl.col("detectable_at")).alias("delay_detectable_s"),
    ).drop("detected_at")


def _seconds(span: pl.Expr) -> pl.Expr:
    return span.dt.total_microseconds() / 1e6


def _judged(detections: pl.DataFrame, episodes: pl.DataFrame, traps: pl.DataFrame) -> pl.DataFrame:
    """What each detection was."""
    during = detections.select("detection", "tenant", "class", "scope_kind", "scope", "detected_at")
    inside = pl.col("detected_at").is_between(pl.col("onset"), pl.col("end") + GRACE)
    scopes = ["tenant", "class", "scope_kind", "scope"]
    spans = episodes.select(
        *scopes,
        "onset",
        pl.col("end").fill_null(pl.col("onset") + timedelta(days=36_500)),
        "verdict",
    )
    touched = during.join(spans, on=scopes).filter(inside)
    covered = touched.filter(pl.col("verdict") == "covered")["detection"].unique()
    repeated = touched.filter(pl.col("verdict") == "found")["detection"].unique()
    presses = traps.filter(pl.col("kind").is_in(list(NEUTRAL_CLASS))).select(
        "tenant",
        pl.col("kind").replace_strict(NEUTRAL_CLASS).alias("class"),
        "site",
        pl.col("from").alias("onset"),
        pl.col("to").alias("end"),
    )
    at_site = detections.select("detection", "tenant", "class", "site", "detected_at")
    neutral = (
        at_site.join(presses, on=["tenant", "class", "site"]).filter(inside)["detection"].unique()
    )
    name = pl.col("detection")
    verdict = (
        pl.when(pl.col("inhibited"))
        .then(pl.lit("inhibited"))
        .when(pl.col("episode").is_not_null())
        .then(pl.lit("true"))
        .when(name.is_in(covered.to_list()))
        .then(pl.lit("child"))
        .when(name.is_in(neutral.to_list()))
        .then(pl.lit("neutral"))
        .when(name.is_in(repeated.to_list()))
        .then(pl.lit("repeat"))
        .otherwise(pl.lit("false"))
    )
    return detections.with_columns(verdict.alias("verdict"))
