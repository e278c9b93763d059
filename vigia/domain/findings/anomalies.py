"""Anomalies as findings: one a site while what people do there is not what it usually is.

A change of activity shows in several metrics, now in one and then in another. It is told once, by
the metric that told it first, as long as it lasts; what else shows it is on the page of the site.
Which slots are anomalies is decided in `vigia.domain.anomalies`; what planned work mutes, and how
findings go on, by the same modules as for patterns.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from vigia.domain.anomalies.policy import ANOMALY_POLICY, AnomalyPolicy
from vigia.domain.findings.categorise import resolve
from vigia.domain.findings.episodes import EPISODES, track
from vigia.domain.findings.known import Direction, anomaly_type
from vigia.domain.findings.pattern import Leg, Verdict, scopes
from vigia.domain.findings.severity import Context, severity_of
from vigia.domain.findings.types import ScopeKind
from vigia.domain.watch.moments import Bools, Floats, Ints, Moments
from vigia.domain.windows import INSTANT, SLOT, SLOT_US

CODE = "ANOMALY"
"""Stands for the pattern of a finding, and for its type until it is known which metric told it."""
FRAME = "anomaly"
"""Name under which `Facts` may carry `LEFT`."""
KNOWN_AFTER = 2 * SLOT
"""An anomaly of a slot is known so long after the slot began: its end, and a wait for stragglers."""

LEFT = pl.Schema(
    {
        "site_id": pl.String(),
        "metric": pl.String(),
        "slot": INSTANT,
        "direction": pl.String(),
        "over_slots": pl.Int32(),
        "observed": pl.Float64(),
        "expected": pl.Float64(),
        "score": pl.Float64(),
        "tail_p": pl.Float64(),
    }
)
"""Anomalies that count for findings: some columns of `ops.anomaly`."""

_SIDES: dict[str, Direction] = {"below": "BELOW", "above": "ABOVE", "absent": "ABSENT"}
_FIGURES = ("over_slots", "observed", "expected", "score", "tail_p")


@dataclass(frozen=True, slots=True)
class Telling:
    """When anomalies are told.

    Attributes:
        least: Slots of the newest `of_slots` that must be anomalies.
        of_slots: How many slots are looked at.
        clear_h: So long there must be none for the finding to be over.
    """

    least: int = 6
    of_slots: int = 12
    clear_h: float = 6.0


TELLING = Telling()


def anomaly_verdict(
    left: pl.DataFrame, site_ids: pl.Series, moments: Moments, telling: Telling = TELLING
) -> Verdict:
    """What anomalies say of sites: raised while enough of the newest slots are any.

    Args:
        left: `LEFT`, from `telling.of_slots` before the first instant on.
        site_ids: Of all sites.
        moments: When it is looked at.
        telling: How many slots, and for how long.
    """
    newest = (moments.at_us - KNOWN_AFTER // timedelta(microseconds=1)) // SLOT_US
    first = int(newest[0]) - telling.of_slots + 1
    worst = _worst(left, site_ids, first, int(newest[-1]))
    row = np.full((len(site_ids), int(newest[-1]) - first + 1), -1, np.int64)
    row[worst["site"].to_numpy(), worst["number"].to_numpy() - first] = np.arange(worst.height)
    count = _in_last(row >= 0, telling.of_slots)[:, newest - first]
    shown = _latest(row)[:, newest - first]
    kinds = worst["type"].unique().sort()
    place = worst["type"].replace_strict(kinds, range(len(kinds)), return_dtype=pl.Int64)
    return Verdict(
        CODE,
        ScopeKind.SITE,
        scopes(site_ids, site_id=site_ids),
        raised=count >= telling.least,
        severity=_picked(worst["severity"], shown, 0).astype(np.int64),
        window=telling.of_slots * SLOT,
        cleared=count == 0,
        hold=timedelta(hours=telling.clear_h),
        legs=(Leg("anomalous slots of the last hour", count, telling.least),),
        figures={name: _picked(worst[name], shown, np.nan) for name in _FIGURES},
        subtype=_picked(place, shown, 0).astype(np.int64),
        subtypes=tuple(kinds),
    )


def followed(verdict: Verdict, moments: Moments, before: pl.DataFrame) -> pl.DataFrame:
    """Follow the verdict of anomalies through its instants, as `track` does those of patterns.

    Args:
        verdict: What `anomaly_verdict` says, less what mutes it.
        moments: The instants of its columns.
        before: `EPISODES` of earlier runs, of any type.

    Returns:
        `EPISODES` of anomalies, each of the type by which it was told first.
    """
    earlier = before.filter(is_anomaly(pl.col("type"))).with_columns(
        subtype=pl.col("type"), type=pl.lit(CODE)
    )
    found = track(CODE, verdict, moments, earlier)
    return found.with_columns(type=pl.col("subtype"), subtype=pl.lit(None, pl.String)).cast(
        EPISODES
    )


def raised_types(policy: AnomalyPolicy = ANOMALY_POLICY) -> list[str]:
    """Types that built-in metrics raise; those of imported series are named like them."""
    return [anomaly_type(name, side) for name in policy.raising for side in _SIDES.values()]


def is_anomaly(kind: pl.Expr) -> pl.Expr:
    """Whether types of findings are those of anomalies."""
    return kind.str.starts_with(f"{CODE}_")


def _worst(left: pl.DataFrame, site_ids: pl.Series, first: int, last: int) -> pl.DataFrame:
    """The most improbable anomaly of each site and slot: `LEFT` with numbers, type and severity."""
    sites = pl.DataFrame({"site_id": site_ids.cast(pl.String), "site": range(len(site_ids))})
    number = pl.col("slot").to_physical() // SLOT_US
    rows = (
        left.with_columns(number=number)
        .filter(pl.col("number").is_between(first, last))
        .join(sites, on="site_id")
        .sort("tail_p", "metric", "direction")
        .unique(["site", "number"], keep="first", maintain_order=True)
    )
    names = rows.select("metric", "direction").unique().rows()
    kinds = [(*each, anomaly_type(each[0], _SIDES[each[1]])) for each in names]
    schema = {"metric": pl.String, "direction": pl.String, "type": pl.String}
    typed = rows.join(pl.DataFrame(kinds, schema, orient="row"), on=["metric", "direction"])
    severity = [
        severity_of(resolve(kind), Context(z_score=score)).rank
        for kind, score in typed.select("type", "score").iter_rows()
    ]
    return typed.with_columns(severity=pl.Series(severity, dtype=pl.Int64)).sort("site", "number")


def _in_last(cells: Bools, slots: int) -> Ints:
    """How many of the newest slots up to each hold."""
    total = np.cumsum(cells, axis=1, dtype=np.int64)
    total[:, slots:] -= total[:, :-slots].copy()
    return total


def _latest(row: Ints) -> Ints:
    """The newest row up to each slot; -1 before all."""
    columns = np.arange(row.shape[1])
    newest = np.maximum.accumulate(np.where(row >= 0, columns, -1), axis=1)
    latest: Ints = np.where(newest >= 0, np.take_along_axis(row, np.maximum(newest, 0), axis=1), -1)
    return latest


def _picked(values: pl.Series, row: Ints, none: float) -> Floats:
    """Values by row; `none` where there is no row."""
    padded = np.append(values.cast(pl.Float64).to_numpy(), none)
    picked: Floats = padded[row]
    return picked
