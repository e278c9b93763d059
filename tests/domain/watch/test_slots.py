"""The five-minute slots behind instants: which they are, and what lasts in them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.domain.findings.patterns.made import at, every
from vigia.domain.watch.moments import Moments
from vigia.domain.watch.slots import SLOT_US, Slots


def truths(text: str) -> np.ndarray:
    return np.array([[letter == "x" for letter in text]])


def test_an_instant_lies_in_the_slot_that_began_last():
    slots = Slots(Moments.of(at(4.9), at(5), at(12)), 2)
    assert slots.starts.at_us.tolist() == [
        round(at(m).timestamp() * 1e6) for m in range(-10, 11, 5)
    ]
    assert slots.of_moment.tolist() == [2, 3, 4]


def test_levels_by_slot_are_told_by_instant():
    slots = Slots(every(0, 9), 0)
    assert slots.spread(np.array([[7, 8]])).tolist() == [[7] * 5 + [8] * 5]


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ("xxxx", 2),
        ("-xxx", 2),
        ("--xx", 1),
        ("---x", 0),
        ("x-xx", 2),
        ("xx-x", 2),
        ("xxx-", -1),
        ("x--x", 0),
    ],
)
def test_what_lasts_holds_in_its_slot_and_those_before_but_for_one_between(held, told):
    slots = Slots(Moments.of(at(0)), 3)
    assert slots.lasted(truths(held), 2).tolist() == [[told]]


def test_a_slot_is_as_long_as_those_of_metrics():
    assert SLOT_US == 5 * 60_000_000
