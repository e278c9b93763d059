"""What the plan makes happen to duties: absence, lateness, unrecorded swaps, punches lost or faked.

The effects and their values are those of `vigia.simulator.effects`; nothing else of a duty
changes, so what was made to happen looks like what happens by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from vigia.domain.calendar import MINUTE_US
from vigia.simulator.draws import Bools, Floats, Ints, Stream
from vigia.simulator.effects import Effect, Effects

LEAST_PRESENCE_US = 10 * MINUTE_US
CORRECTED_LATE_MIN = (30.0, 120.0)
OUTCOMES_OF_ABSENCE = ("absent", "no_show", "stood_down")
"""By the value of the effect."""
_TIMES = ("arrives_us", "leaves_us", "clock_in_us", "clock_out_us")


def befallen(
    duties: pl.DataFrame, effects: Effects, phones: Ints, seed: int, careful: float = 0.0
) -> pl.DataFrame:
    """The duties after everything that befell them.

    Args:
        duties: `DUTIES`.
        effects: Of the whole world; those of duties, kiosks and spoofed phones are used.
        phones: The phone of each person, -1 without one.
        seed: Of the world.
        careful: Share of false punches that look like what honest people clock.
    """
    lived = _Lived(duties, effects, phones, seed, careful)
    happenings: tuple[tuple[Effect, Callable[[Ints, Floats], None]], ...] = (
        (Effect.SWAP_UNRECORDED, lived.swap),
        (Effect.LATE_BY, lived.come_late),
        (Effect.CORRECTED, lived.come_late_and_be_corrected),
        (Effect.LEAVES_EARLY, lived.leave_early),
        (Effect.TIME_STOLEN, lived.slip_away),
        (Effect.BUDDY_PUNCHED, lived.be_punched_by_a_buddy),
        (Effect.GHOST, lived.be_a_ghost),
        (Effect.ABSENT, lived.stay_away),
        (Effect.UNCLOCKED, lived.forget_to_clock),
    )
    for effect, happens in happenings:
        found = effects.intervals(effect)
        happens(found.scope, found.value)
    lived.lose_kiosk_punches()
    return lived.frame()


class _Lived:
    """The columns of duties that effects change, by name, as arrays."""

    def __init__(
        self, duties: pl.DataFrame, effects: Effects, phones: Ints, seed: int, careful: float
    ) -> None:
        self._duties = duties
        self._effects = effects
        self._phones = phones
        self._seed = seed
        self._careful = careful
        self._starts = duties["starts_us"].to_numpy()
        self._ends = duties["ends_us"].to_numpy()
        names = ("worker", "device", "relieved_by", *_TIMES)
        self._column: dict[str, Ints] = {n: duties[n].to_numpy().copy() for n in names}
        self._text = {n: np.array(duties[n].to_list(), dtype=object) for n in ("outcome", "method")}

    def frame(self) -> pl.DataFrame:
        """The duties with the changed columns."""
        numbers = [pl.Series(name, values) for name, values in self._column.items()]
        texts = [pl.Series(n, v.tolist(), dtype=pl.String()) for n, v in self._text.items()]
        return self._duties.with_columns(*numbers, *texts)

    def swap(self, duty: Ints, value: Floats) -> None:
        """Somebody else works and clocks, and the roster is not told."""
        worker = value.astype(np.int64)
        self._column["worker"][duty] = worker
        self._column["device"][duty] = self._phones[worker]

    def come_late(self, duty: Ints, value: Floats) -> None:
        """Come so many minutes after the start; a punch with a made-up position stays in time."""
        kept = self._column["clock_in_us"].copy()
        spoofed = self._effects.intervals(Effect.SPOOFED)
        device, punched = self._column["device"][duty], kept[duty]
        early = duty[spoofed.covers(device, punched) & (device >= 0)]
        self._arrive(duty, self._starts[duty] + _minutes(value))
        self._column["clock_in_us"][early] = kept[early]

    def come_late_and_be_corrected(self, duty: Ints, _value: Floats) -> None:
        """Come late; what the supervisor makes of it is a later event."""
        low, high = CORRECTED_LATE_MIN
        drawn = Stream(self._seed, "attendance.corrected").uniform(duty, low=low, high=high)
        self._arrive(duty, self._starts[duty] + _minutes(drawn))

    def leave_early(self, duty: Ints, value: Floats) -> None:
        """Leave so many minutes before the end, and clock out."""
        self._leave(duty, self._ends[duty] - _minutes(value))

    def slip_away(self, duty: Ints, value: Floats) -> None:
        """Leave so many minutes before the end; a colleague clocks out in time."""
        kept = self._column["clock_out_us"][duty]
        self._leave(duty, self._ends[duty] - _minutes(value))
        self._column["clock_out_us"][duty] = kept

    def be_punched_by_a_buddy(self, duty: Ints, value: Floats) -> None:
        """Nobody comes; the colleague of duty `value` clocks for both, one right after the other.

        The careful ones let some minutes pass.
        """
        partner = value.astype(np.int64)
        draw = Stream(self._seed, "attendance.buddy")
        for name in ("clock_in_us", "clock_out_us"):
            own, other = self._column[name][duty], self._column[name][partner]
            after = (15 + draw.integers(75, duty)) * 1_000_000
            after *= np.where(draw.chance(self._careful, duty, 1), 12, 1)
            self._column[name][duty] = np.where(other < 0, own, other + after)
        self._text["method"][duty] = "app"
        self._be_missing(duty)

    def be_a_ghost(self, duty: Ints, _value: Floats) -> None:
        """Nobody comes; a supervisor enters both punches as planned, or nearly so."""
        draw = Stream(self._seed, "attendance.ghost")
        near = draw.chance(self._careful, duty, 0)
        for part, (name, planned) in enumerate(
            (("clock_in_us", self._starts), ("clock_out_us", self._ends)), 1
        ):
            off = (draw.integers(9 * 60, duty, part) - 6 * 60) * 1_000_000
            self._column[name][duty] = planned[duty] + np.where(near, off, 0)
        self._text["method"][duty] = "supervisor"
        self._be_missing(duty)

    def stay_away(self, duty: Ints, value: Floats) -> None:
        """Nobody comes and nothing is clocked."""
        kind = np.clip(value, 0, len(OUTCOMES_OF_ABSENCE) - 1).astype(np.int64)
        self._text["outcome"][duty] = np.array(OUTCOMES_OF_ABSENCE, dtype=object)[kind]
        for name in ("relieved_by", "clock_in_us", "clock_out_us"):
            self._column[name][duty] = -1
        self._be_missing(duty)

    def forget_to_clock(self, duty: Ints, _value: Floats) -> None:
        """Work without a clock-in."""
        self._column["clock_in_us"][duty] = -1

    def lose_kiosk_punches(self) -> None:
        """Lose what was clocked at a kiosk while it was down."""
        down = self._effects.intervals(Effect.KIOSK_DOWN)
        site, kiosk = self._duties["site"].to_numpy(), self._text["method"] == "kiosk"
        for name in ("clock_in_us", "clock_out_us"):
            lost: Bools = kiosk & down.covers(site, self._column[name])
            self._column[name][lost] = -1

    def _be_missing(self, duty: Ints) -> None:
        for name in ("worker", "device", "arrives_us", "leaves_us"):
            self._column[name][duty] = -1

    def _arrive(self, duty: Ints, at_us: Ints) -> None:
        latest = self._column["leaves_us"][duty] - LEAST_PRESENCE_US
        self._move(duty, "arrives_us", "clock_in_us", np.minimum(at_us, latest))

    def _leave(self, duty: Ints, at_us: Ints) -> None:
        earliest = self._column["arrives_us"][duty] + LEAST_PRESENCE_US
        self._move(duty, "leaves_us", "clock_out_us", np.maximum(at_us, earliest))

    def _move(self, duty: Ints, being: str, punch: str, to: Ints) -> None:
        """Move a time of presence and the punch that goes with it, where somebody was there."""
        there = self._column[being][duty] >= 0
        duty, to = duty[there], to[there]
        punched = self._column[punch][duty]
        after = punched - self._column[being][duty]
        self._column[punch][duty] = np.where(punched < 0, -1, to + after)
        self._column[being][duty] = to


def _minutes(value: Floats) -> Ints:
    """Minutes as whole seconds, in microseconds."""
    return np.rint(value * 60).astype(np.int64) * 1_000_000
