"""Arithmetic of grouped rows: spreading counts, ranks and runs of equal keys.

Belongs here: positions only. What a row means is for its owner.
"""

from __future__ import annotations

import numpy as np

from vigia.simulator.draws import Bools, Ints


def spread(counts: Ints) -> tuple[Ints, Ints]:
    """Owner and position within the owner of each of so many things an owner.

    >>> [a.tolist() for a in spread(np.array([2, 0, 3]))]
    [[0, 0, 2, 2, 2], [0, 1, 0, 1, 2]]
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - first[owner]


def rank_in_runs(changed: Bools) -> tuple[Ints, Ints]:
    """Rank of each row in its run of equal rows, and the length of the run.

    Args:
        changed: Where a run starts; the first row always does.

    >>> [a.tolist() for a in rank_in_runs(np.array([True, False, True]))]
    [[0, 1, 0], [2, 2, 1]]
    """
    starts = np.flatnonzero(changed)
    lengths = np.diff(starts, append=len(changed))
    run = np.cumsum(changed) - 1
    rank: Ints = np.arange(len(changed)) - starts[run]
    return rank, lengths[run]


def new_run(*keys: Ints) -> Bools:
    """Where any key differs from the row before."""
    changed = np.ones(len(keys[0]), dtype=bool)
    if len(changed):
        changed[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return changed


def by_row_and_time(row: Ints, at_us: Ints) -> Ints:
    """The order by row, then time, then as it was; quick where most of it is in order.

    >>> by_row_and_time(np.array([1, 0, 0]), np.array([5, 9, 7])).tolist()
    [2, 1, 0]
    """
    if not len(row):
        return np.zeros(0, dtype=np.int64)
    first = at_us.min()
    return np.argsort(row * (at_us.max() - first + 1) + at_us - first, kind="stable")


def stretches(keys: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Where the rows of each wanted key begin and end among sorted keys.

    >>> [a.tolist() for a in stretches(np.array([4, 4, 7]), np.array([4, 5]))]
    [[0, 2], [2, 2]]
    """
    first = np.searchsorted(keys, wanted, side="left").astype(np.int64)
    return first, np.searchsorted(keys, wanted, side="right").astype(np.int64)


def total_before(values: Ints, starts: Ints, owner: Ints) -> Ints:
    """Running total within each owner, the row itself excluded; exact, for whole numbers.

    Args:
        values: One number a row, rows of one owner next to each other.
        starts: Position of the first row of each owner.
        owner: Owner of each row.
    """
    running = np.cumsum(values) - values
    if not len(values):
        return running
    return running - running[np.minimum(starts, len(values) - 1)][owner]
