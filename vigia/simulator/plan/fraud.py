"""Fraud with attendance and tours: who, on which duties, and how.

Shares are those of `domain.md` 7.1: 1.5 % of attendance events (breaks aside) and 2 % of tours,
four fifths of them by the few people who are crooked. A fraudulent duty is marked on the duty alone; what the
clock and the ground show of it follows from the effect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.plan.guards import TOURING
from vigia.simulator.plan.kinds import Claim, Kind
from vigia.simulator.plan.ledger import Ledger
from vigia.simulator.plan.model import FRAUDS
from vigia.simulator.plan.scene import (
    FIRST_TOUR_US,
    HOUR_US,
    MINUTE_US,
    Scene,
    candidates,
    no_choice,
    no_effect,
    rows,
)

OF_EVENTS = 0.015
OF_TOURS = 0.02
BY_CROOKS = 0.8
CROOKED = 0.03
"""Share of the people who are crooked: the least honest."""
EVENTS_A_DUTY = 2
SHARES = {"buddy": 0.4, "spoof": 0.2, "time_theft": 0.25, "ghost": 0.05, "correction": 0.1}
"""Of fraudulent attendance events."""
FAKED_EVENTS = {"buddy": 2, "spoof": 1, "time_theft": 1, "ghost": 2, "correction": 1}
"""How many of a duty's attendance events are fraudulent."""
TOURS_A_FAKER = 3
"""Tours that one faker fakes in one duty."""


@dataclass(frozen=True, slots=True)
class Frauds:
    """Fraudulent duties (`FRAUDS`), and the effects that make them."""

    table: pl.DataFrame
    effects: list[pl.DataFrame]


def wanted_duties(scene: Scene, kind: str) -> int:
    """Fraudulent duties of a type: its share of the attendance events of the test span."""
    if scene.world.config.knobs.episodes <= 0:
        return 0
    events = EVENTS_A_DUTY * scene.planned.height * OF_EVENTS
    return max(1, round(events * SHARES[kind] / FAKED_EVENTS[kind]))


def commit_frauds(scene: Scene, ledger: Ledger) -> Frauds:
    """Choose fraudulent duties and fake tours, and book them."""
    frauds = [
        commit(scene, ledger, kind, offer(scene), wanted_duties(scene, kind))
        for kind, offer in OFFERS.items()
    ]
    fakers = _chosen(ledger, "fake_tour", _fakers(scene), _wanted_fakers(scene))
    faked = rows(fakers, Effect.FAKE_TOUR, value=pl.col("value"))
    table = pl.concat([FRAUDS.to_frame(), *(f.table for f in frauds)])
    return Frauds(table, [*(e for f in frauds for e in f.effects), faked])


def commit(scene: Scene, ledger: Ledger, kind: str, offered: pl.DataFrame, wanted: int) -> Frauds:
    """Choose fraudulent duties of one type among those offered, and book them."""
    picks = _chosen(ledger, kind, offered, wanted)
    if kind in ("ghost", "correction"):
        picks = _supervised(scene, picks)
    return Frauds(_table(scene, kind, picks), _attendance(kind, picks))


def _chosen(ledger: Ledger, name: str, offered: pl.DataFrame, wanted: int) -> pl.DataFrame:
    """Four fifths by crooked people, the rest by others."""
    crooked = pl.Series(crooked_people(ledger.scene)[offered["person"].to_numpy()])
    kind = Kind(f"fraud.{name}", 0, Claim.DEVICE, no_choice, no_effect)
    by_crooks = ledger.take(kind, offered.filter(crooked), round(wanted * BY_CROOKS))
    others = ledger.take(kind, offered.filter(~crooked), wanted - by_crooks.height)
    return pl.concat([by_crooks, others])


def crooked_people(scene: Scene) -> Bools:
    """Whether each person is one of the least honest of those who work."""
    honesty = scene.world.people["honesty"].to_numpy()
    working = np.unique(scene.planned["worker"].to_numpy())
    least = working[np.argsort(honesty[working], kind="stable")]
    crooked = np.zeros(len(honesty), dtype=bool)
    crooked[least[: max(1, round(CROOKED * len(least)))]] = True
    return crooked


def _duties(scene: Scene) -> pl.DataFrame:
    long = pl.col("ends_us") - pl.col("starts_us") >= 4 * HOUR_US
    around = {
        "from_us": pl.min_horizontal("starts_us", "arrives_us") - HOUR_US,
        "to_us": pl.max_horizontal("ends_us", "leaves_us") + HOUR_US,
    }
    return scene.planned.filter(long).with_columns(**around)


def _buddies(scene: Scene) -> pl.DataFrame:
    """Those who do not come, and whom a colleague on the same shift clocks in and out."""
    frame = _duties(scene)
    ends = frame.select("duty", "ends_us")
    pairs = scene.together().join(ends, on="duty", maintain_order="left")
    also = ends.rename({"duty": "partner"})
    pairs = pairs.join(also, on=["partner", "ends_us"], how="semi", maintain_order="left")
    first = pairs.group_by("duty", maintain_order=True).agg(pl.col("partner").first())
    return candidates(frame.join(first, on="duty", maintain_order="left"))


def _spoofers(scene: Scene) -> pl.DataFrame:
    """Those who clock in from elsewhere and come 40 to 150 minutes later."""
    frame = _duties(scene).filter((pl.col("device") >= 0) & pl.col("gps_expected"))
    return candidates(frame, value=_minutes(scene, frame, "spoof", 40.0, 150.0))


def _thieves(scene: Scene) -> pl.DataFrame:
    """Those who leave 45 to 180 minutes early and are clocked out at the end."""
    frame = _duties(scene)
    return candidates(frame, value=_minutes(scene, frame, "theft", 45.0, 180.0))


def _ghosts(scene: Scene) -> pl.DataFrame:
    """Guards who are on the roster only, at posts where nobody misses them."""
    return candidates(_duties(scene).filter(~pl.col("must_man")))


def _corrected(scene: Scene) -> pl.DataFrame:
    """Late-comers whose supervisor makes them punctual; towards the end of the period."""
    config = scene.world.config
    late = config.test_us + (config.end_us - config.test_us) // 2
    return candidates(_duties(scene).filter(pl.col("starts_us") >= late))


def _minutes(scene: Scene, frame: pl.DataFrame, name: str, low: float, high: float) -> pl.Series:
    """Stolen minutes by duty; careful people steal a third of that at a time."""
    duty = frame["duty"].to_numpy()
    drawn = scene.stream(f"fraud.{name}").uniform(duty, low=low, high=high)
    return pl.Series((drawn * np.where(_careful(scene, duty), 0.33, 1.0)).round(1))


def _careful(scene: Scene, duty: Ints) -> Bools:
    """Whether the fraud of a duty keeps within what honest people do now and then."""
    share = scene.world.config.knobs.adversarial_fraud
    return scene.stream("fraud.careful").chance(share, duty)


def _supervised(scene: Scene, picks: pl.DataFrame) -> pl.DataFrame:
    """Picks with the supervisor of their person as partner."""
    leader = scene.world.people["supervisor"].to_numpy()
    return picks.with_columns(partner=pl.Series(leader[picks["person"].to_numpy()]))


def _wanted_fakers(scene: Scene) -> int:
    if scene.world.config.knobs.episodes <= 0:
        return 0
    return max(1, round(scene.tours_due.starts.size * OF_TOURS / TOURS_A_FAKER))


def _fakers(scene: Scene) -> pl.DataFrame:
    """Those who scan without walking, on some tours in a row."""
    stream = scene.stream("fraud.tour")
    frame = scene.planned.filter(TOURING)
    step = frame["interval_min"].to_numpy() * MINUTE_US
    duty = frame["duty"].to_numpy()
    count = np.where(_careful(scene, duty), 1, TOURS_A_FAKER)
    length = (frame["ends_us"] - frame["starts_us"]).to_numpy()
    free = np.maximum((length - FIRST_TOUR_US) // step - count, 0)
    first = frame["starts_us"].to_numpy() + FIRST_TOUR_US
    first = first + stream.integers(free + 1, duty, 0) * step
    return candidates(
        frame,
        from_us=pl.Series(first - 2 * MINUTE_US),
        to_us=pl.Series(first + count * step - 5 * MINUTE_US),
        value=pl.Series(stream.choice([5, 3, 2], duty, 1).astype(np.float64)),
    )


OFFERS: dict[str, Callable[[Scene], pl.DataFrame]] = {
    "ghost": _ghosts,
    "correction": _corrected,
    "buddy": _buddies,
    "time_theft": _thieves,
    "spoof": _spoofers,
}
_EFFECTS = {
    "buddy": Effect.BUDDY_PUNCHED,
    "time_theft": Effect.TIME_STOLEN,
    "ghost": Effect.GHOST,
    "correction": Effect.CORRECTED,
}


def _attendance(kind: str, picks: pl.DataFrame) -> list[pl.DataFrame]:
    """What befalls the attendance of fraudulent duties."""
    amount = pl.col("value")
    if kind in _EFFECTS:
        helped = pl.col("partner").cast(pl.Float64)
        return [rows(picks, _EFFECTS[kind], value=amount if kind == "time_theft" else helped)]
    # A punch with a made-up position comes first, the person later.
    arrival = pl.col("from_us") + HOUR_US + (amount * MINUTE_US).cast(pl.Int64)
    return [
        rows(picks, Effect.SPOOFED, "device", to_us=arrival),
        rows(picks, Effect.LATE_BY, value=amount),
    ]


def _table(scene: Scene, kind: str, picks: pl.DataFrame) -> pl.DataFrame:
    """The picks in the columns of `FRAUDS`."""
    return picks.select(
        "duty",
        "partner",
        type=pl.lit(kind),
        minutes=pl.max_horizontal(pl.col("value"), 0.0),
        adversarial=pl.Series(_careful(scene, picks["duty"].to_numpy())),
    ).select(pl.col(name).cast(dtype) for name, dtype in FRAUDS.items())
