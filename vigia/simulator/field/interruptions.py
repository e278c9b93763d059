"""What breaks a tour off: something left out, an incident, and effects that take the guard away.

Belongs here: changes to planned tours. What the guard does meanwhile is in `diversions`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vigia.simulator.draws import Bools, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.agenda import Wishes
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, Crew
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.rounds import PACE_MPS, Runs, Visits
from vigia.simulator.field.sway import Sway

LOSES, LOSES_IF_CARELESS = 0.012, 0.11
"""Share of tours on which one to three checkpoints are left out."""
GIVES_UP = 0.003
"""Share of tours that are broken off and never ended on the phone."""
CALLED_AWAY = 0.003
"""Share of tours that an incident interrupts."""
COMES_BACK = 0.5
"""Share of guards who go on with a tour that they left."""
COMES_BACK_FROM_INCIDENT = 0.75
"""Of those who were called away; the others end the tour and say why."""
PULLS = (Effect.LEAVES_SITE, Effect.STALLED, Effect.ON_INCIDENT)
"""Effects that come in the middle of a tour."""
HOLDS = (
    *PULLS,
    Effect.STILL,
    Effect.SILENCE,
    Effect.PARKED,
    Effect.CARRIED,
    Effect.ON_CHARGER,
)
"""Effects during which nothing else is begun."""
PULLED_BEFORE_US = 75 * MINUTE_US
PULLED_AFTER_US = 10 * MINUTE_US
KEEPS_CLEAR_US = 40 * MINUTE_US
CHARGES_LATER_US = 25 * MINUTE_US
"""Who is about to charge the phone sets out on no tour any more."""


@dataclass(frozen=True, slots=True)
class Holds:
    """Times in which a guard begins nothing, or nothing away from the desk.

    Attributes:
        row: Row of the crew.
        from_us: Start.
        to_us: End, excluded.
        at_desk: What can be done at the desk is begun all the same.
    """

    row: Ints
    from_us: Ints
    to_us: Ints
    at_desk: Bools


@dataclass(frozen=True, slots=True)
class _Pull:
    """A run that an effect must find half done.

    Attributes:
        run: Which.
        done: After how many visits.
        wants_us: When it must start.
        pause_us: For how long it is interrupted.
        comes_back: The guard goes on with it.
        called: By an incident.
    """

    run: int
    done: int
    wants_us: int
    pause_us: int
    comes_back: bool
    called: bool


def interrupt(crew: Crew, sway: Sway, runs: Runs, visits: Visits) -> tuple[Runs, Visits, Holds]:
    """Break tours off, by chance and by effect; say when their guards begin nothing else."""
    runs, kept = _by_chance(crew, runs, visits)
    pulls, holds = _by_effect(crew, sway, runs, visits)
    for pull in pulls:
        first = runs.first_visit[pull.run]
        mine = slice(first, first + runs.planned[pull.run])
        kept[mine] = pull.comes_back | (visits.order[mine] < pull.done)
    runs = _pulled(runs, pulls)
    later = runs.pause_us[visits.run] * (visits.order >= runs.pause_after[visits.run])
    runs = replace(runs, length_us=runs.length_us + runs.pause_us)
    return runs, replace(visits, kept=kept, after_us=visits.after_us + later), holds


def way_back_us(crew: Crew) -> Ints:
    """Time that each row leaves for coming back to a tour from anywhere on the site."""
    return times_us(1.6 * crew.of_site("fence_radius_m") / PACE_MPS, SECOND_US)


def postponed(crew: Crew, wishes: Wishes, holds: Holds, desk_work: Bools) -> Wishes:
    """The wishes of which those that fall into a hold come after it.

    Args:
        crew: The crew.
        wishes: Things to do.
        holds: Times that are kept clear.
        desk_work: Which of the things can be done at the desk.
    """
    want = wishes.want_us.copy()
    wait = crew.stream("after.hold").uniform(crew.duty[wishes.row], want, low=2.0, high=12.0)
    spans = zip(holds.row, holds.from_us, holds.to_us, holds.at_desk, strict=True)
    for row, start, end, at_desk in spans:
        hit = (wishes.row == row) & (want >= start) & (want < end) & ~(desk_work & at_desk)
        want[hit] = end + times_us(wait[hit], MINUTE_US)
    return replace(wishes, want_us=want)


def _by_chance(crew: Crew, runs: Runs, visits: Visits) -> tuple[Runs, Bools]:
    """Checkpoints left out, tours given up, and incidents in between."""
    key = crew.duty[runs.row], runs.number
    what, where, how_many, how_long = quarters(crew.stream("tour.luck"), *key)
    careless = (1.0 - crew.trait("diligence")[runs.row]) ** 2
    loses = LOSES + LOSES_IF_CARELESS * careless
    lost, given_up = what < loses, (what >= loses) & (what < loses + GIVES_UP)
    called = (what > 1.0 - CALLED_AWAY) & (runs.planned > 1)
    first = (where * runs.planned).astype(np.int64)
    first = np.where(given_up | called, np.clip(first, 1, runs.planned - 1), first)
    count = np.select([lost, given_up], [1 + (3 * how_many).astype(np.int64), runs.planned], 0)
    honest = runs.fake < 0
    left_out = visits.order >= first[visits.run]
    left_out &= visits.order < (first + count)[visits.run]
    left_out &= honest[visits.run]
    called &= honest
    pause = times_us(10.0 + 30.0 * how_long, MINUTE_US) + way_back_us(crew)[runs.row]
    runs = replace(
        runs,
        ends=~given_up | ~honest,
        pause_after=np.where(called, first, -1),
        pause_us=np.where(called, pause, 0),
        called=called,
    )
    return runs, ~left_out


def _by_effect(crew: Crew, sway: Sway, runs: Runs, visits: Visits) -> tuple[list[_Pull], Holds]:
    """Runs that effects find half done, and the times that effects keep clear."""
    pulls: dict[int, _Pull] = {}
    holds: list[tuple[int, int, int, bool]] = []
    for effect in HOLDS:
        charging = effect is Effect.ON_CHARGER
        spells = sway.of_rows(effect)
        columns = (spells.row, spells.from_us, spells.to_us, spells.value)
        for row, start, end, value in zip(*columns, strict=True):
            holds.append((row, start - CHARGES_LATER_US * charging, end, charging))
            run = _nearest(runs, row, start) if effect in PULLS else -1
            if run < 0 or run in pulls:
                continue
            likely = _comes_back(crew, effect, row, value)
            called = effect is Effect.ON_INCIDENT
            pulls[run] = _half_done(crew, (runs, visits), run, (start, end), likely, called=called)
            begins = pulls[run].wants_us
            holds.append((row, begins - KEEPS_CLEAR_US, begins, False))
    table = np.array(holds, dtype=np.int64).reshape(-1, 4)
    row, start, end, at_desk = table.T
    return list(pulls.values()), Holds(row, start, end, at_desk == 1)


def _nearest(runs: Runs, row: int, at_us: int) -> int:
    """The run of a row that is most likely in progress at an instant; -1 none."""
    first, end = np.searchsorted(runs.row, (row, row + 1))
    due = runs.due_us[first:end]
    near = (due > at_us - PULLED_BEFORE_US) & (due < at_us + PULLED_AFTER_US)
    near &= (runs.planned[first:end] > 1) & (runs.fake[first:end] < 0)
    if not near.any():
        return -1
    off = np.abs(due + runs.length_us[first:end] // 2 - at_us)
    return int(first + np.argmin(np.where(near, off, np.iinfo(np.int64).max)))


def _comes_back(crew: Crew, effect: Effect, row: int, value: float) -> float:
    """How likely somebody goes on with a tour; for sure who only drifted along the fence."""
    limit = crew.of_site("fence_radius_m")[row] + crew.of_site("buffer_m")[row]
    if effect is Effect.LEAVES_SITE and value <= limit:
        return 1.0
    return COMES_BACK_FROM_INCIDENT if effect is Effect.ON_INCIDENT else COMES_BACK


def _half_done(
    crew: Crew,
    tours: tuple[Runs, Visits],
    run: int,
    span: tuple[int, int],
    likely: float,
    *,
    called: bool,
) -> _Pull:
    """Let a run be about half done when an effect begins."""
    runs, visits = tours
    key = crew.duty[runs.row[run]], runs.number[run]
    share, luck, _, _ = (float(q) for q in quarters(crew.stream("tour.pull"), *key))
    planned = int(runs.planned[run])
    done = min(max(round((0.3 + 0.4 * share) * planned), 1), planned - 1)
    last = int(runs.first_visit[run]) + done - 1
    gone = int(visits.after_us[last] + visits.dwell_us[last]) + 20 * SECOND_US
    back = int(way_back_us(crew)[runs.row[run]])
    return _Pull(run, done, span[0] - gone, span[1] - span[0] + back, luck < likely, called)


def _pulled(runs: Runs, pulls: list[_Pull]) -> Runs:
    if not pulls:
        return runs
    want, latest, willing = runs.want_us.copy(), runs.latest_us.copy(), runs.willing.copy()
    after, pause, ends = runs.pause_after.copy(), runs.pause_us.copy(), runs.ends.copy()
    pulled, called = runs.pulled.copy(), runs.called.copy()
    at = np.array([p.run for p in pulls])
    want[at] = [p.wants_us for p in pulls]
    latest[at] = want[at] + KEEPS_CLEAR_US
    willing[at], pulled[at] = True, True
    after[at] = [p.done for p in pulls]
    pause[at] = [p.pause_us for p in pulls]
    called[at] = [p.called for p in pulls]
    # Who was called away ends the tour with a reason; who left it for good does not.
    ends[at] = [p.comes_back or p.called for p in pulls]
    return replace(
        runs,
        want_us=want,
        latest_us=latest,
        willing=willing,
        pause_after=after,
        pause_us=pause,
        pulled=pulled,
        called=called,
        ends=ends,
    )
