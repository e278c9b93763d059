"""Tours as they are due and as they would be walked: which, when, in what order, how fast.

Belongs here: the plan of a duty's tours before it meets everything else the guard has to do.
Leg times are log-normal around distance / 1.2 m/s; that and the shares below are the
specification's (`domain.md` 1.2 and 6.3). What breaks a tour off is in `interruptions`, what is
recorded of it in `tours`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vigia.simulator.draws import Bools, Floats, Ints
from vigia.simulator.effects import Effect
from vigia.simulator.field.crew import MINUTE_US, SECOND_US, Crew, one_of
from vigia.simulator.field.dice import quarters, times_us
from vigia.simulator.field.rows import new_run, rank_in_runs, spread, total_before
from vigia.simulator.field.sway import Sway

FIRST_US = 30 * MINUTE_US
"""A duty's first tour is due this long after its start (NFPA 601: within 30 minutes)."""
PACE_MPS = 1.2
RIDE_MPS = 7.0
LEG_SIGMA = 0.22
CHATS = 0.04
"""Share of legs on which the guard stops for a minute or two."""
SKIPS, SKIPS_IF_CARELESS, SKIPS_IN_THE_DIP = 0.005, 0.06, 0.07
"""Shares of tours that are never walked: of anybody, more of the careless, more at night."""
NEVER_IF_HELD_UP = 0.55
LATE_IF_HELD_UP_US = 16 * MINUTE_US
ALLOWED_MIN = 6.0, 13.0
"""How late tours begin that are held up within what is allowed."""
HONEST, FAST, ONE_SPOT, SAME_PICTURE = -1, 0, 1, 2
A_LITTLE = 1.0
"""Value of `TOURS_DELAYED` for a delay within what is allowed."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Tours that are due, one row per run, by row of the crew and time.

    Attributes:
        row: Row of the crew.
        number: Number within the duty, from 0.
        tour: Number of the tour.
        due_us: When it should start.
        window_end_us: When starting becomes too late.
        deadline_us: When it counts as missed.
        planned: How many checkpoints it has.
        willing: Somebody sets out.
        fake: How it is faked: `HONEST`, `FAST`, `ONE_SPOT` or `SAME_PICTURE`.
        want_us: When it would start.
        latest_us: After this nobody sets out any more.
        length_us: How long it takes, the way back included.
        pause_after: Visits before it is interrupted; -1 when it is not.
        pause_us: For how long it is interrupted.
        pulled: An effect interrupts it.
        called: An incident interrupts it.
        ends: The guard ends it on the phone.
    """

    row: Ints
    number: Ints
    tour: Ints
    due_us: Ints
    window_end_us: Ints
    deadline_us: Ints
    planned: Ints
    willing: Bools
    fake: Ints
    want_us: Ints
    latest_us: Ints
    length_us: Ints
    pause_after: Ints
    pause_us: Ints
    pulled: Bools
    called: Bools
    ends: Bools

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self.row)

    @property
    def first_visit(self) -> Ints:
        """Position of each run's first visit."""
        first: Ints = np.cumsum(self.planned) - self.planned
        return first


@dataclass(frozen=True, slots=True)
class Visits:
    """Checkpoints of runs, one row per planned visit, in the order of the walk.

    Attributes:
        run: Position of the run.
        order: Place in the walk, from 0.
        checkpoint: Number of the checkpoint.
        x_m: Where it is, metres east of the site's centre.
        y_m: Where it is, metres north.
        leg_us: Way from the place before.
        dwell_us: Stay.
        after_us: From the start of the run to the arrival.
        kept: False where the guard leaves it out.
    """

    run: Ints
    order: Ints
    checkpoint: Ints
    x_m: Floats
    y_m: Floats
    leg_us: Ints
    dwell_us: Ints
    after_us: Ints
    kept: Bools


def plan_rounds(crew: Crew, sway: Sway) -> tuple[Runs, Visits]:
    """The tours of a crew before they meet anything else."""
    runs = _with_habits(crew, sway, _due(crew))
    visits = _route(crew, runs)
    return _timed(crew, runs, visits), visits


def _due(crew: Crew) -> Runs:
    """Tours by the plan: for every duty of a post with tours, every so many minutes."""
    tours = crew.shard.world.tours
    order = np.argsort(tours["post"].to_numpy(), kind="stable")
    posts = tours["post"].to_numpy()[order]
    first = np.searchsorted(posts, crew.post, side="left")
    row, nth = spread(np.searchsorted(posts, crew.post, side="right") - first)
    tour = order[first[row] + nth]
    interval = tours["interval_min"].to_numpy()[tour] * MINUTE_US
    begins = crew.starts_us[row] + FIRST_US + (_turn(crew)[row] * interval).astype(np.int64)
    room = crew.until_us[row] - tours["planned_min"].to_numpy()[tour] * MINUTE_US - begins
    pair, nth = spread(np.where(room > 0, -(-room // interval), 0))
    row, tour, due = row[pair], tour[pair], begins[pair] + nth * interval[pair]
    order = np.lexsort((tour, due, row))
    return _undecided(crew, row[order], tour[order], due[order])


def _turn(crew: Crew) -> Floats:
    """Share of the interval by which each duty's tours come later: sharers of a post take turns."""
    turn = np.zeros(len(crew))
    at_work = np.flatnonzero(crew.until_us > crew.starts_us)
    rank, people = rank_in_runs(new_run(crew.post[at_work], crew.starts_us[at_work]))
    turn[at_work] = rank / np.maximum(people, 1)
    return turn


def _undecided(crew: Crew, row: Ints, tour: Ints, due: Ints) -> Runs:
    tours = crew.shard.world.tours
    window_end = due + tours["window_min"].to_numpy()[tour] * MINUTE_US
    deadline = window_end + tours["grace_min"].to_numpy()[tour] * MINUTE_US
    zeros = np.zeros(len(row), dtype=np.int64)
    return Runs(
        row=row,
        number=rank_in_runs(new_run(row))[0],
        tour=tour,
        due_us=due,
        window_end_us=window_end,
        deadline_us=np.minimum(deadline, crew.latest_us[row] - 2 * MINUTE_US),
        planned=crew.routes[0][tour],
        willing=crew.here[row],
        fake=zeros + HONEST,
        want_us=due,
        latest_us=deadline,
        length_us=zeros,
        pause_after=zeros - 1,
        pause_us=zeros,
        pulled=np.zeros(len(row), dtype=bool),
        called=np.zeros(len(row), dtype=bool),
        ends=np.ones(len(row), dtype=bool),
    )


def _with_habits(crew: Crew, sway: Sway, runs: Runs) -> Runs:
    """Who sets out, when, and who only pretends."""
    row, due = runs.row, runs.due_us
    key = crew.duty[row], runs.number
    skip, never, late, early = quarters(crew.stream("tour.habit"), *key)
    dip = crew.dips(row, due)
    careless = (1.0 - crew.trait("diligence")[row]) ** 2
    skips = SKIPS + SKIPS_IF_CARELESS * careless + SKIPS_IN_THE_DIP * dip
    less = 1.0 - np.minimum(sway.zeal(crew.site[row], due), 1.0)
    slow = (1.5 - 0.8 * crew.trait("punctuality")[row]) * np.where(dip, 1.6, 1.0)
    sigma = 0.6 * np.sqrt(crew.knobs.noise)
    delay = crew.stream("tour.delay").lognormal(5.0 * slow, sigma, *key) - 4.0 * early
    held_up, a_little = _held_up(sway, row, due)
    at_least = np.minimum(LATE_IF_HELD_UP_US, runs.deadline_us - due)
    held_for = at_least + times_us(0.95 * late * (runs.deadline_us - due - at_least), 1)
    low, high = ALLOWED_MIN
    delay = np.where(a_little, low + (high - low) * late, delay)
    want = due + np.where(held_up, held_for, times_us(delay, MINUTE_US))
    want = np.maximum(want, crew.arrives_us[row] + 4 * MINUTE_US)
    gives_up = held_up & (never < NEVER_IF_HELD_UP * crew.knobs.depth)
    return replace(
        runs,
        willing=runs.willing & (skip >= skips + less) & ~gives_up,
        want_us=want,
        fake=_faked(sway, row, want),
    )


def _held_up(sway: Sway, row: Ints, due_us: Ints) -> tuple[Bools, Bools]:
    """Which tours are held up for long, and which for as long as is allowed."""
    known = sway.intervals(Effect.TOURS_DELAYED)
    if not len(known):
        none = np.zeros(len(row), dtype=bool)
        return none, none
    found = sway.covering(Effect.TOURS_DELAYED, row, due_us)
    a_little = (found >= 0) & (known.value[found] == A_LITTLE)
    return (found >= 0) & ~a_little, a_little


def _faked(sway: Sway, row: Ints, want_us: Ints) -> Ints:
    """How each run is faked."""
    known = sway.intervals(Effect.FAKE_TOUR)
    if not len(known):
        return np.full(len(row), HONEST, dtype=np.int64)
    found = sway.covering(Effect.FAKE_TOUR, row, want_us)
    return np.where(found >= 0, known.value[found].astype(np.int64), HONEST)


def _route(crew: Crew, runs: Runs) -> Visits:
    """The ways of all runs, checkpoint by checkpoint."""
    run, order = spread(runs.planned)
    place = _place_in_tour(crew, runs, run, order)
    listed, route = crew.routes
    first = (np.cumsum(listed) - listed)[runs.tour]
    checkpoint = route[first[run] + place]
    points = crew.shard.world.checkpoints
    x, y = (points[name].to_numpy()[checkpoint] for name in ("x_m", "y_m"))
    leg, dwell = _leg_and_dwell(crew, runs, run, order, _ways(crew, runs, run, order, x, y))
    dwell = dwell + points["dwell_s"].to_numpy()[checkpoint] * SECOND_US * (
        runs.fake[run] == HONEST
    )
    after = total_before(leg + dwell, runs.first_visit, run) + leg
    kept = np.ones(len(run), dtype=bool)
    return Visits(run, order, checkpoint, x, y, leg, dwell, after, kept)


def _place_in_tour(crew: Crew, runs: Runs, run: Ints, order: Ints) -> Ints:
    """Which checkpoint of the tour comes next: in the fixed order, or starting anywhere.

    Where any order is allowed, guards start somewhere and go round one way or the other; on
    random tours they jump by a step that is drawn anew each time.
    """
    kinds = crew.shard.world.tours["kind"]
    jumps = one_of(kinds, ("random",))[runs.tour]
    free = jumps | one_of(kinds, ("any_order",))[runs.tour]
    key = crew.duty[runs.row], runs.number
    start, way, step, _ = quarters(crew.stream("tour.order"), *key)
    count = np.maximum(runs.planned, 1)
    jump = np.where(way < 0.5, 1, count - 1)
    drawn = 1 + (step * count).astype(np.int64)
    jump = np.where(jumps & (np.gcd(drawn, count) == 1), drawn, jump)
    begin = np.where(free, (start * count).astype(np.int64), 0)
    jump = np.where(free, jump, 1)
    place: Ints = (begin[run] + order * jump[run]) % count[run]
    return place


def _ways(crew: Crew, runs: Runs, run: Ints, order: Ints, x: Floats, y: Floats) -> Floats:
    """Metres from the place before; the first way is from the post."""
    post_x, post_y = (at[runs.row[run]] for at in crew.post_at)
    from_x = np.where(order == 0, post_x, np.roll(x, 1))
    from_y = np.where(order == 0, post_y, np.roll(y, 1))
    return np.hypot(x - from_x, y - from_y)


def _leg_and_dwell(
    crew: Crew, runs: Runs, run: Ints, order: Ints, way_m: Floats
) -> tuple[Ints, Ints]:
    """Time of each way, and of each stay beyond what the checkpoint asks for."""
    key = crew.duty[runs.row][run], runs.number[run], order
    chats, how_long, stay, beat = quarters(crew.stream("tour.leg"), *key)
    worker = crew.worker[runs.row]
    pace = crew.stream("pace").uniform(worker, low=0.92, high=1.1)[run]
    tours = crew.shard.world.tours
    rides = one_of(tours["kind"], ("mobile",))[runs.tour][run]
    speed = np.where(rides, RIDE_MPS, PACE_MPS * pace)
    least = tours["min_leg_s"].to_numpy()[runs.tour][run].astype(np.float64)
    sigma = LEG_SIGMA * np.sqrt(crew.knobs.noise)
    leg = way_m / speed * np.exp(sigma * crew.stream("tour.pace").normal(*key))
    leg = np.maximum(leg, way_m / (2.0 * speed)) + np.where(chats < CHATS, 240.0 * how_long**2, 0.0)
    # From scan to scan an honest guard needs at least what the tour calls the least.
    leg = np.maximum(leg, least * (1.0 + 0.1 * beat)) + 1.0
    dwell = 3.0 + 9.0 * stay
    if (runs.fake != HONEST).any():
        leg, dwell = _faked_leg(crew, runs, run, (leg, dwell), (least, beat))
    return times_us(leg, SECOND_US), times_us(dwell, SECOND_US)


def _faked_leg(
    crew: Crew,
    runs: Runs,
    run: Ints,
    honest: tuple[Floats, Floats],
    scale: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:
    """Legs of faked tours: shorter than the least, or the beat of somebody at a desk."""
    leg, dwell = honest
    least, beat = scale
    fake = runs.fake[run]
    key = crew.duty[runs.row], runs.number
    tempo, mimics, _, _ = quarters(crew.stream("tour.fake"), *key)
    fast = np.maximum(3.0, least * (0.15 + 0.4 * tempo[run] + 0.1 * beat))
    desk = 12.0 + 14.0 * tempo[run] + 2.0 * beat
    pictures = 0.6 * leg + 0.2 * least * tempo[run]
    made_up = np.select(
        [fake == FAST, fake == ONE_SPOT, fake == SAME_PICTURE], [fast, desk, pictures], leg
    )
    # The careful ones keep just above the least.
    careful = (mimics < crew.knobs.adversarial_fraud)[run] & (fake != HONEST)
    made_up = np.where(careful, least * (1.02 + 0.5 * beat), made_up)
    return made_up, np.where(fake == HONEST, dwell, 1.0 + beat)


def _timed(crew: Crew, runs: Runs, visits: Visits) -> Runs:
    """How long each run takes, and until when it is worth setting out."""
    some = runs.planned > 0
    last = (runs.first_visit + runs.planned - 1)[some]
    post_x, post_y = (at[runs.row[some]] for at in crew.post_at)
    back = np.hypot(visits.x_m[last] - post_x, visits.y_m[last] - post_y) / PACE_MPS
    back = np.where(visits.leg_us[last] < times_us(back, SECOND_US), np.minimum(back, 300.0), back)
    length = np.zeros(len(runs), dtype=np.int64)
    length[some] = (visits.after_us + visits.dwell_us)[last] + times_us(back, SECOND_US)
    latest = np.minimum(runs.deadline_us, crew.leaves_us[runs.row] - length - 2 * MINUTE_US)
    return replace(runs, length_us=length, latest_us=latest, willing=runs.willing & some)
