"""What there is to choose from: the duties of the test span, and what is where and when.

Belongs here: the natural roster seen as candidates, joined once with what the choices ask for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.calendar import Calendar, CountedTime, DayKind, instant, read_hours
from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Bools, Ints, Stream
from vigia.simulator.effects import SCHEMA, Effect
from vigia.simulator.plan.crowd import Crowd
from vigia.simulator.world.carriers import carried_trackers
from vigia.simulator.world.clock import LocalClock
from vigia.simulator.world.model import World

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
NONE = -1
LAST_RESORT = 4
"""The trial from which on places that tempt nobody are offered too, if there is no room in others."""
FIRST_TOUR_US = 30 * MINUTE_US
"""A duty's first tour is due this long after its start."""

CANDIDATE = pl.Schema(
    {
        "site": pl.Int64(),
        "post": pl.Int64(),
        "duty": pl.Int64(),
        "person": pl.Int64(),
        "device": pl.Int64(),
        "partner": pl.Int64(),
        "from_us": pl.Int64(),
        "to_us": pl.Int64(),
        "subtype": pl.String(),
        "value": pl.Float64(),
    }
)
"""One row per thing that could be made to happen; -1 for what it does not concern. `partner`:
another duty that it needs."""

_OF_POST = (
    "post",
    "zone",
    "kind",
    "must_man",
    "gps_expected",
    "work_expected",
    "indoor",
)
_OF_SITE = (
    "site",
    "tenant",
    "archetype",
    "risk_tier",
    "fence_radius_m",
    "buffer_m",
    "gps_expectation",
    "round_the_clock",
    "has_kiosk",
    "has_access_control",
    "region",
    "network_operator",
    "power_feeder",
)


@dataclass(frozen=True)
class Scene:
    """A world and its natural roster, as material for a plan.

    Attributes:
        world: The world.
        roster: All duties (`DUTIES`), as they would go by themselves.
    """

    world: World
    roster: pl.DataFrame

    def stream(self, name: str) -> Stream:
        """Draws of the plan for one purpose."""
        return Stream(self.world.config.seed, f"plan.{name}")

    @cached_property
    def planned(self) -> pl.DataFrame:
        """Duties of the test span with what is known of post, site and tour.

        One row per duty that starts and ends in the test span and that somebody worked; a
        duty's `tour` is the first tour of its post, null where it has none. `leads`: first of
        the duties that share post and start; `has_tracker`: carries the post's tracker.
        """
        config = self.world.config
        tours = self.world.tours.sort("tour").group_by("post", maintain_order=True).first()
        tours = tours.select("post", "tour", "interval_min", "planned_min", tour_kind="kind")
        first = pl.col("duty") == pl.col("duty").min().over("post", "starts_us")
        tracked = pl.Series(carried_trackers(self.world, self.roster) >= 0)
        return (
            self.roster.with_columns(leads=first, has_tracker=pl.lit(tracked))
            .filter(
                pl.col("outcome").is_in(["worked", "swapped"]),
                pl.col("worker") >= 0,
                pl.col("arrives_us") >= config.test_us,
                pl.col("starts_us") >= config.test_us,
                pl.max_horizontal("leaves_us", "ends_us") <= config.end_us,
                pl.col("leaves_us") - pl.col("arrives_us") > HOUR_US,
            )
            .join(self.world.posts.select(_OF_POST), on="post", how="left", maintain_order="left")
            .join(self.world.sites.select(_OF_SITE), on="site", how="left", maintain_order="left")
            .join(tours, on="post", how="left", maintain_order="left")
        )

    @cached_property
    def presence(self) -> Crowd:
        """How many people are at a site at an instant."""
        here = self.roster.filter(pl.col("arrives_us") >= 0)
        return Crowd.of(here, "site", "arrives_us", "leaves_us")

    @cached_property
    def tours_due(self) -> Crowd:
        """How many tours have become due at a site until an instant."""
        due = self.planned.filter(pl.col("tour").is_not_null() & pl.col("leads")).with_columns(
            due_us=pl.int_ranges(
                pl.col("starts_us") + FIRST_TOUR_US,
                pl.col("ends_us") - pl.col("planned_min") * MINUTE_US,
                pl.col("interval_min") * MINUTE_US,
            )
        )
        due = due.explode("due_us").drop_nulls("due_us")
        return Crowd.of(due, "site", "due_us", "due_us")

    @cached_property
    def rostered(self) -> Crowd:
        """How many people should be, or are, at a site at an instant."""
        should = self.roster.select("site", from_us="starts_us", to_us="ends_us")
        here = self.roster.filter(pl.col("arrives_us") >= 0)
        here = here.select("site", from_us="arrives_us", to_us="leaves_us")
        return Crowd.of(pl.concat([should, here]), "site", "from_us", "to_us")

    @cached_property
    def working(self) -> Crowd:
        """How many duties a person has at an instant, as planned or in fact."""
        planned = self.roster.select("person", "starts_us", "ends_us")
        real = self.roster.select(pl.col("worker").alias("person"), "starts_us", "ends_us")
        both = pl.concat([planned, real]).filter(pl.col("person") >= 0)
        return Crowd.of(both, "person", "starts_us", "ends_us")

    @cached_property
    def clock(self) -> LocalClock:
        """The wall clocks of the sites."""
        return LocalClock(self.world)

    def closed(self, site: Ints, from_us: Ints, to_us: Ints) -> Bools:
        """Whether each site is closed for the whole of each interval."""
        shut = np.zeros(len(site), dtype=bool)
        calendar = self.world.sites["calendar"].to_numpy()[site]
        round_the_clock = self.world.sites["round_the_clock"].to_numpy()[site]
        for number in np.unique(calendar[~round_the_clock]):
            mine = (calendar == number) & ~round_the_clock
            hours = self._laid_out.get(number) or self._hours(int(number))
            self._laid_out[number] = hours
            shut[mine] = hours.elapsed(from_us[mine], to_us[mine]) == 0
        return shut

    @cached_property
    def _laid_out(self) -> dict[int, CountedTime]:
        """Opening hours by calendar, as far as anybody asked."""
        return {}

    def _hours(self, calendar: int) -> CountedTime:
        """The opening hours of a calendar, over the world and some days beside it."""
        row = self.world.calendars.row(calendar, named=True)
        holidays = self.world.holidays.filter(pl.col("calendar") == calendar)
        days = {d: DayKind(k) for d, k in holidays.select("holiday_on", "kind").iter_rows()}
        hours = Calendar(row["tz"], read_hours(json.loads(row["hours"])), days)
        config = self.world.config
        around = 3 * DAY_US
        return CountedTime.over(
            hours, instant(config.start_us - around), instant(config.end_us + around)
        )

    def together(self) -> pl.DataFrame:
        """Pairs of duties (`duty`, `partner`) of one site that start together."""
        mine = self.planned.select("duty", "site", "starts_us")
        pairs = mine.join(mine, on=["site", "starts_us"], suffix="_other")
        pairs = pairs.filter(pl.col("duty") != pl.col("duty_other"))
        return pairs.select("duty", partner="duty_other").sort("duty", "partner")


def candidates(frame: pl.DataFrame, **columns: pl.Expr | pl.Series) -> pl.DataFrame:
    """A frame in the columns of `CANDIDATE`; those that it lacks are none."""
    given = frame.with_columns(**columns)
    if "worker" in given.columns:
        given = given.with_columns(person=pl.col("worker"))
    missing = {
        name: pl.lit("" if dtype == pl.String else NONE, dtype=dtype)
        for name, dtype in CANDIDATE.items()
        if name not in given.columns
    }
    return given.with_columns(**missing).select(
        pl.col(name).cast(dtype).fill_null("" if dtype == pl.String else NONE)
        for name, dtype in CANDIDATE.items()
    )


def stretched(
    frame: pl.DataFrame, stream: Stream, trial: int, minutes: tuple[float, float, float, float]
) -> pl.DataFrame:
    """Give each duty an interval (`from_us`, `to_us`) within the presence of its guard.

    Args:
        frame: Duties; those in which the shortest interval has no room are left out.
        stream: Draws, keyed by duty and trial.
        trial: Another number, another interval.
        minutes: Median of the length, deviation of its logarithm, shortest and longest.
    """
    median, sigma, low, high = minutes
    margin = 20 * MINUTE_US
    room = pl.col("leaves_us") - pl.col("arrives_us") - 2 * margin
    frame = frame.filter(room >= int(low * MINUTE_US))
    duty = frame["duty"].to_numpy()
    length = np.clip(stream.lognormal(median, sigma, duty, trial, 0), low, high) * MINUTE_US
    free = frame.select(room).to_series().to_numpy()
    length = np.minimum(length, free).astype(np.int64)
    start = frame["arrives_us"].to_numpy() + margin
    start = start + (stream.uniform(duty, trial, 1) * (free - length)).astype(np.int64)
    return frame.with_columns(from_us=start, to_us=start + length)


def alone(scene: Scene, frame: pl.DataFrame, trial: int) -> pl.DataFrame:
    """Duties during which nobody else is at the site, if there are some."""
    site = frame["site"].to_numpy()
    start, end = frame["starts_us"].to_numpy(), frame["ends_us"].to_numpy()
    margin = 30 * MINUTE_US
    moments = start + margin, (start + end) // 2, end - margin
    most = np.max([scene.presence.at(site, at) for at in moments], axis=0)
    return most_telling(frame, pl.Series(most <= 1), trial)


def most_telling(frame: pl.DataFrame, condition: pl.Series, trial: int) -> pl.DataFrame:
    """The rows that a careless rule would fall for; all where such are none, or not enough."""
    return frame.filter(condition) if condition.any() and trial < LAST_RESORT else frame


def chosen(
    frame: pl.DataFrame, stream: Stream, trial: int, weights: dict[str, float]
) -> pl.DataFrame:
    """Give each row a `subtype`, each as often as its weight says; keyed by duty and trial."""
    names = np.array(list(weights))
    drawn = stream.choice(list(weights.values()), frame["duty"].to_numpy(), trial, 2)
    return frame.with_columns(subtype=pl.Series(names[drawn], dtype=pl.String))


def rows(
    picks: pl.DataFrame,
    effect: Effect,
    scope: str = "duty",
    *,
    value: pl.Expr | float = 0.0,
    **moments: pl.Expr,
) -> pl.DataFrame:
    """Effect rows (`effects.SCHEMA`), one a pick, during the pick unless moments are given."""
    amount = value if isinstance(value, pl.Expr) else pl.lit(value)
    return picks.select(
        effect=pl.lit(effect.value),
        scope=pl.col(scope),
        from_us=moments.get("from_us", pl.col("from_us")),
        to_us=moments.get("to_us", pl.col("to_us")),
        value=amount,
        episode=pl.col("episode"),
    ).cast(SCHEMA)


def no_effect(_picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    """What happens by itself needs no effect."""
    return ()


def no_choice(_scene: Scene, _trial: int) -> pl.DataFrame:
    """What is chosen in its own way offers no candidates."""
    return CANDIDATE.to_frame()
