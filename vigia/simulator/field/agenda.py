"""One thing at a time: when a guard gets round to what there is to do.

Things of a guard are taken in the order in which they are wanted; each starts when it is wanted
and the one before is over. That is a running maximum, so it is solved for all guards at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigia.simulator.draws import Bools, Ints

PASSES = 2


@dataclass(frozen=True, slots=True)
class Wishes:
    """Things to do.

    Attributes:
        row: Row of the crew.
        want_us: When it would start if nothing else were to do.
        length_us: How long it takes, the ways included.
        latest_us: After this it is not started any more.
    """

    row: Ints
    want_us: Ints
    length_us: Ints
    latest_us: Ints

    @classmethod
    def together(cls, *parts: Wishes) -> Wishes:
        """Wishes of several kinds, one kind after another."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in names))


def settle(wishes: Wishes, willing: Bools) -> tuple[Ints, Bools]:
    """When each thing starts, and whether it does at all.

    Args:
        wishes: Things to do, in any order.
        willing: False where nobody would do it anyway.

    Returns:
        Start of each, and False where its latest start passed; in the order of the wishes.
    """
    order = np.lexsort((wishes.want_us, wishes.row))
    row, want = wishes.row[order], wishes.want_us[order]
    length, latest = wishes.length_us[order], wishes.latest_us[order]
    start, kept = want.copy(), willing[order] & (want <= latest)
    for _ in range(PASSES):
        mine = np.flatnonzero(kept)
        start[mine] = _in_turn(row[mine], want[mine], length[mine])
        missed = kept & (start > latest)
        if not missed.any():
            break
        kept &= ~missed
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return start[back], kept[back]


def _in_turn(row: Ints, want_us: Ints, length_us: Ints) -> Ints:
    """Starts of things in their order: wanted, and the one before of the same row over."""
    if not len(row):
        return want_us
    before = np.cumsum(length_us) - length_us
    # start[k] - before[k] = max over j <= k of (want[j] - before[j]), row by row: rows are kept
    # apart by a step that is larger than any difference.
    lead = want_us - before
    low = int(lead.min())
    step = int(lead.max()) - low + 1
    packed = lead - low + row * step
    start: Ints = np.maximum.accumulate(packed) - row * step + low + before
    return start
