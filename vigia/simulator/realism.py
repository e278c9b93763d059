"""Whether a world looks like the real thing: shares and quantiles against published rates.

Belongs here: what is counted while a world is made, and the report that its manifest carries. A
world too small to say something about a rate says so instead of failing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from vigia.simulator.desk.arrivals import expected_by_hour
from vigia.simulator.emit.gaps import GOOD_ACCURACY_M
from vigia.simulator.prepare import Made
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.model import EventFrames, Shard

TALLY = pl.Schema({"what": pl.String(), "key": pl.String(), "n": pl.Int64(), "total": pl.Float64()})
"""Counts that add up: how many, and the sum of a value where there is one."""

LEAST_LEARN_DAYS = 7
"""With so many days before anything is made to happen, people and tours are judged by these."""
_DELAYS_S = (("5 s", 5), ("2 min", 120), ("6 h", 6 * 3600), ("72 h", 72 * 3600))


@dataclass(frozen=True, slots=True)
class Check:
    """One rate of a world against its bounds.

    Attributes:
        name: What was measured.
        value: The figure.
        low: Least that is believable.
        high: Most that is believable.
        n: How many things it was measured on.
        least_n: Fewer than this say nothing.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    least_n: int

    @property
    def verdict(self) -> str:
        """`ok`, `off`, or `too few` things to say."""
        if self.n < self.least_n:
            return "too few"
        return "ok" if self.low <= self.value <= self.high else "off"

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self) | {"value": round(self.value, 5), "verdict": self.verdict}


def tally(shard: Shard, seen: EventFrames) -> pl.DataFrame:
    """Count what the report needs of the events of a piece (`TALLY`)."""
    parts = [TALLY.to_frame()]
    for table, frames in seen.items():
        for frame in frames:
            if table == "gps_fix":
                parts += [_delays(frame), _repeats(frame), _fixes(shard, frame)]
            if table == "device_heartbeat":
                parts.append(_battery(shard, frame))
    return pl.concat(parts).group_by("what", "key", maintain_order=True).sum()


def _delays(frame: pl.DataFrame) -> pl.DataFrame:
    """How long positions took to arrive."""
    delay_s = (frame["received_at"].to_physical() - frame["_true_us"]).to_numpy() / 1e6
    rows = [("delay", name, int((delay_s <= limit).sum()), 0.0) for name, limit in _DELAYS_S]
    return pl.DataFrame([*rows, ("delay", "all", len(delay_s), 0.0)], schema=TALLY, orient="row")


def _repeats(frame: pl.DataFrame) -> pl.DataFrame:
    name = pl.col("ce_source").hash() ^ pl.col("ce_id").hash(1)
    again = frame.height - int(frame.select(name.n_unique()).item())
    rows = [("repeat", "again", again, 0.0), ("repeat", "all", frame.height, 0.0)]
    return pl.DataFrame(rows, schema=TALLY, orient="row")


def _fixes(shard: Shard, frame: pl.DataFrame) -> pl.DataFrame:
    """Positions by surroundings: how many are usable, and how good they say they are."""
    ground = shard.world.sites["environment"].gather(frame["_site"])
    surroundings = pl.when(pl.col("provider") == "gps").then(ground).otherwise(pl.lit("indoor"))
    usable = (
        pl.col("valid").fill_null(value=True)
        & ~pl.col("outdated").fill_null(value=False)
        & (pl.col("accuracy_m").fill_null(0.0) <= GOOD_ACCURACY_M)
    )
    by = frame.group_by(surroundings.alias("key")).agg(
        pl.len().alias("all"), usable.sum().alias("usable"), pl.col("accuracy_m").sum().alias("sum")
    )
    good = by.select(pl.lit("usable").alias("what"), "key", n="usable", total=pl.lit(0.0))
    every = by.select(pl.lit("fix").alias("what"), "key", n="all", total="sum")
    return pl.concat([good, every]).cast(TALLY)


def _battery(shard: Shard, frame: pl.DataFrame) -> pl.DataFrame:
    """Charge by hour since the worker came, while the phone is on no charger."""
    came = shard.duties.select(pl.col("duty").alias("_duty"), "arrives_us")
    hour = ((pl.col("_true_us") - pl.col("arrives_us")) // HOUR_US).clip(-1, 12)
    known = frame.filter(~pl.col("charging").fill_null(value=False)).join(came, on="_duty")
    by = known.group_by(hour.cast(pl.String).alias("key")).agg(
        pl.len().alias("n"), pl.col("battery_pct").cast(pl.Float64).sum().alias("total")
    )
    return by.select(pl.lit("battery").alias("what"), "key", "n", "total").cast(TALLY)


def realism(made: Made, facts: Mapping[str, pl.DataFrame]) -> list[Check]:
    """The report of a whole world.

    Args:
        made: The world, its roster and desk.
        facts: `tally` and the ground's facts, of all pieces.
    """
    natural = pl.lit(value=True)
    if made.world.config.learn_days >= LEAST_LEARN_DAYS:
        natural = pl.col("at_us") < made.world.config.test_us
    duties = made.duties.with_columns(at_us="starts_us").filter(natural)
    runs = facts["tour_run"].with_columns(at_us="due_us").filter(natural)
    counted = facts["tally"].group_by("what", "key").sum()
    counts = {(what, key): n for what, key, n, _ in counted.iter_rows()}
    totals = {(what, key): total for what, key, _, total in counted.iter_rows()}
    return [
        *_people(duties),
        *_tours(runs),
        *_travel(counts),
        *_positions(counts, totals, made.world.config.knobs.noise),
        *_charge(counts, totals),
        _tickets(made),
    ]


def _people(duties: pl.DataFrame) -> list[Check]:
    worked = duties.filter(outcome="worked")
    late = worked["arrives_us"] - worked["starts_us"] > 10 * 60_000_000
    planned = duties.filter(pl.col("outcome") != "stood_down")
    absent = planned["outcome"] == "no_show"
    return [
        Check("late more than 10 min", _true_share(late), 0.05, 0.08, worked.height, 500),
        Check("no-shows", _true_share(absent), 0.003, 0.006, planned.height, 2000),
    ]


def _tours(runs: pl.DataFrame) -> list[Check]:
    done = runs.filter(pl.col("status").is_in(["completed", "partial", "missed", "abandoned"]))
    completed = _true_share(done["status"] == "completed")
    # Those of a tour that nobody walked are missed too.
    planned, scanned = (int(done[name].sum()) for name in ("planned", "scanned"))
    missed = 1 - scanned / max(planned, 1)
    return [
        Check("tours completed", completed, 0.92, 0.97, done.height, 300),
        Check("scans missed", missed, 0.02, 0.05, planned, 2000),
    ]


def _true_share(values: pl.Series) -> float:
    """Share of true values; 0 of none."""
    return int(values.sum()) / max(len(values), 1)


def _travel(counts: Mapping[tuple[str, str], int]) -> list[Check]:
    events = counts.get(("delay", "all"), 0)
    bounds = {"5 s": (0.85, 0.97), "2 min": (0.93, 0.999), "6 h": (0.99, 1.0), "72 h": (1.0, 1.0)}
    checks = [
        Check(
            f"arrived within {name}", _share(counts, ("delay", name), events), *bound, events, 5000
        )
        for name, bound in bounds.items()
    ]
    every = counts.get(("repeat", "all"), 0)
    again = _share(counts, ("repeat", "again"), every)
    return [*checks, Check("sent twice", again, 0.003, 0.008, every, 5000)]


def _positions(
    counts: Mapping[tuple[str, str], int], totals: Mapping[tuple[str, str], float], noise: float
) -> list[Check]:
    """Better under the open sky than between houses, and worst under a roof."""
    checks = []
    usable = {
        "open": (0.97, 1.0),
        "urban": (0.95, 1.0),
        "canyon": (0.7, 1.0),
        "indoor": (0.2, 0.98),
    }
    accuracy = {"open": (3, 12), "urban": (8, 35), "canyon": (20, 90), "indoor": (25, 200)}
    for key, bounds in usable.items():
        n = counts.get(("fix", key), 0)
        share = _share(counts, ("usable", key), n)
        checks.append(Check(f"usable positions, {key}", share, *bounds, n, 500))
        mean = totals.get(("fix", key), 0.0) / max(n, 1)
        low, high = accuracy[key]
        checks.append(
            Check(f"mean accuracy in metres, {key}", mean, low * noise, high * noise, n, 500)
        )
    return checks


def _charge(
    counts: Mapping[tuple[str, str], int], totals: Mapping[tuple[str, str], float]
) -> list[Check]:
    """Charge lost an hour, from the first hour of a duty to the tenth."""
    first, later = ("battery", "0"), ("battery", "9")
    n = min(counts.get(first, 0), counts.get(later, 0))
    if not n:
        return [Check("battery lost per hour in %", 0.0, 2.5, 8.0, 0, 200)]
    lost = (totals[first] / counts[first] - totals[later] / counts[later]) / 9
    return [Check("battery lost per hour in %", lost, 2.5, 8.0, n, 200)]


def _tickets(made: Made) -> Check:
    """Chi-square of the hours of tickets against the rates they were drawn from, per degree."""
    expected = expected_by_hour(made.world, made.weather)
    tickets = made.desk_facts["ticket"].filter(cause="usual")
    hour = (tickets["opened_us"].to_numpy() // HOUR_US) % 24
    found = np.bincount(hour, minlength=24).reshape(8, 3).sum(axis=1)
    wanted = expected.reshape(8, 3).sum(axis=1)
    wanted = wanted * found.sum() / max(wanted.sum(), 1e-9)
    chi = float((((found - wanted) ** 2) / np.maximum(wanted, 1e-9)).sum() / 7)
    return Check("tickets by hour, chi-square per degree", chi, 0.0, 5.0, int(found.sum()), 150)


def _share(counts: Mapping[tuple[str, str], int], key: tuple[str, str], of: int) -> float:
    return counts.get(key, 0) / max(of, 1)
