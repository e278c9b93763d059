"""Shift patterns: which crew of a post works which shift on which day.

A *line* is one chair to be filled: the n-th person of a post. It has one to three *slots* (the
shifts of its day) and a few crews, who take turns in a fixed cycle; crews are single people.
Patterns (crews, hours of a week by head):

* `12h 4on4off`: fixed day and night crews, four days on, four off (4, 42 h).
* `12h 2D2N`: two days, two nights, six days off (5, 34 h).
* `8h 2-2-2`: two early, two late, two night shifts, four days off (5, 34 h).
* `days`, `nights`: one shift every day, four days on, four off (2, 42 h).
* `week`: one shift on working days, by one person (1, up to 50 h) or two in turn.
* `two shifts`: early and late, changed every week (2, 48 h).

With the relief of each site that is five people for a post that is manned round the clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.simulator.draws import Ints, Stream

MOST_SLOTS = 3
MOST_WEEKLY_H_ALONE = 50
RELIEF = {"12h 4on4off": 1.0, "12h 2D2N": 0.0, "8h 2-2-2": 0.0, "days": 0.5, "nights": 0.5}
OTHER_RELIEF = 0.34
"""People without a crew of their own by line of the pattern; at least one a site."""


def _turns(cycle: int, shifts: str) -> Ints:
    """Crew by day of the cycle and slot, where each crew works `shifts` in turn, days apart.

    `shifts` names the slot of each day of one crew's cycle, or - for a day off.
    """
    slots = max(int(s) for s in shifts if s != "-") + 1
    apart = shifts.count("0")
    table = np.full((cycle, slots), -1, dtype=np.int64)
    for crew in range(cycle // apart):
        for day in range(cycle):
            slot = shifts[(day - apart * crew) % cycle]
            if slot != "-":
                table[day, int(slot)] = crew
    return table


_FOUR = _turns(8, "0000----")
CYCLES: dict[str, Ints] = {
    "12h 4on4off": np.concatenate([_FOUR, _FOUR + 2], axis=1),
    "12h 2D2N": _turns(10, "0011------"),
    "8h 2-2-2": _turns(10, "001122----"),
    "days": _FOUR,
    "nights": _FOUR,
    "week": np.zeros((1, 1), dtype=np.int64),
    "week, in turn": _FOUR,
    "two shifts": np.repeat(np.array([[0, 1], [1, 0]], dtype=np.int64), 7, axis=0),
}
"""Crew by day of the cycle and slot of the day."""
PATTERNS = tuple(CYCLES)


@dataclass(frozen=True, slots=True)
class Lines:
    """Every chair to be filled, one a row, and the slots of each.

    Attributes:
        post: Post.
        site: Site.
        pattern: Position in `PATTERNS`.
        crews: How many people take turns.
        first: Position of its first person among the site's guards.
        slot_line: Line of each slot.
        slot_number: Which shift of the line's day it is, from 0.
        slot_start: Start, minutes of the wall clock.
        slot_minutes: Length by the wall clock.
        slot_days: Weekdays as bits; 1 is Monday.
        staff: Guards of each site, relief included, by site number.
    """

    post: Ints
    site: Ints
    pattern: Ints
    crews: Ints
    first: Ints
    slot_line: Ints
    slot_number: Ints
    slot_start: Ints
    slot_minutes: Ints
    slot_days: Ints
    staff: Ints


def lines(seed: int, sites: int, post: pl.DataFrame, requirement: pl.DataFrame) -> Lines:
    """The chairs that the requirements ask for, by site and post."""
    slots = _slots(post, requirement)
    chairs = slots.group_by("line", "post", "site", maintain_order=True).agg(
        pl.col("minutes").max(),
        pl.len().alias("slots"),
        pl.col("days").max(),
        pl.col("start").min(),
    )
    site = chairs["site"].to_numpy()
    pattern = _patterns(seed, site, chairs)
    crews = np.array([int(CYCLES[p].max()) + 1 for p in PATTERNS])[pattern]
    relief = np.array([RELIEF.get(p, OTHER_RELIEF) for p in PATTERNS])[pattern]
    spare = np.maximum(np.ceil(np.bincount(site, relief, sites) - 0.05), 1).astype(np.int64)
    before = np.cumsum(crews) - crews
    first = before - before[np.searchsorted(site, site)]
    return Lines(
        post=chairs["post"].to_numpy(),
        site=site,
        pattern=pattern,
        crews=crews,
        first=first,
        slot_line=slots["line"].to_numpy(),
        slot_number=slots["number"].to_numpy(),
        slot_start=slots["start"].to_numpy(),
        slot_minutes=slots["minutes"].to_numpy(),
        slot_days=slots["days"].to_numpy(),
        staff=np.bincount(site, crews, sites).astype(np.int64) + spare,
    )


def _slots(post: pl.DataFrame, requirement: pl.DataFrame) -> pl.DataFrame:
    """One row a line and shift of its day."""
    minutes = (pl.col("end_min") - pl.col("start_min") - 1) % 1440 + 1
    shifts = (
        requirement.join(post.select("post", "site"), on="post")
        .with_columns(minutes=minutes)
        .group_by("site", "post", "start_min", "minutes")
        .agg(pl.col("headcount").max(), (2 ** pl.col("dow")).sum().cast(pl.Int64).alias("days"))
    )
    chairs = shifts.with_columns(chair=pl.int_ranges("headcount")).explode("chair")
    chairs = chairs.sort("site", "post", "chair", "start_min").rename({"start_min": "start"})
    return chairs.with_columns(
        line=pl.struct("post", "chair").rle_id().cast(pl.Int64),
        number=pl.int_range(pl.len()).over("post", "chair"),
    )


def _patterns(seed: int, site: Ints, chairs: pl.DataFrame) -> Ints:
    """Pattern of each line, by its shifts and the custom of the site."""
    slots, minutes = chairs["slots"].to_numpy(), chairs["minutes"].to_numpy()
    every_day = chairs["days"].to_numpy() == 127
    weekly_h = np.array([d.bit_count() for d in chairs["days"]]) * minutes / 60
    fixed = Stream(seed, "rota").chance(0.6, site)
    name = np.select(
        [
            slots == 3,
            (slots == 2) & every_day & (minutes == 720) & fixed,
            (slots == 2) & every_day & (minutes == 720),
            slots == 2,
            every_day & (chairs["start"].to_numpy() >= 1080),
            every_day,
            weekly_h <= MOST_WEEKLY_H_ALONE,
        ],
        ["8h 2-2-2", "12h 4on4off", "12h 2D2N", "two shifts", "nights", "days", "week"],
        "week, in turn",
    )
    found: Ints = np.array([PATTERNS.index(n) for n in name], dtype=np.int64)
    return found
