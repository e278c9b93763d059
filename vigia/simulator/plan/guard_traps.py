"""Innocent look-alikes of a guard, a device or a post.

Belongs here: what tempts a careless rule although all is well, and the effect that makes it;
where ordinary life makes it, there is none. Those of whole sites are in `site_traps`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from vigia.domain.calendar import offsets
from vigia.simulator.config import DAY_US
from vigia.simulator.effects import Effect
from vigia.simulator.plan.guards import EXPOSED, OUTDOORS, TOURING, in_a_tour
from vigia.simulator.plan.kinds import Choices, Claim, Doing, Kind
from vigia.simulator.plan.scene import (
    HOUR_US,
    MINUTE_US,
    Scene,
    alone,
    candidates,
    no_effect,
    rows,
    stretched,
)

REST_US = 8 * HOUR_US
"""Somebody who swaps in has not worked, and does not work, so long before and after."""
HONEST = 0.7


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    """Duties as they are, from start to end."""
    return candidates(frame, from_us=pl.col("starts_us"), to_us=pl.col("ends_us"))


def static_posts(scene: Scene, _trial: int) -> pl.DataFrame:
    """Guards at posts where there is nothing to do but to be there."""
    return _whole(scene.planned.filter(~pl.col("work_expected")))


def under_a_roof(scene: Scene, _trial: int) -> pl.DataFrame:
    """Guards where positions cannot be had."""
    return _whole(scene.planned.filter(~pl.col("gps_expected")))


def along_the_fence(scene: Scene, trial: int) -> pl.DataFrame:
    """On a tour, positions wander across the fence, but not beyond what accuracy allows."""
    frame = scene.planned.filter(TOURING & OUTDOORS)
    frame = in_a_tour(frame, scene, "fence", trial, (11.0, 21.0))
    over = scene.stream("fence").uniform(frame["duty"].to_numpy(), trial, 3, low=0.2, high=0.8)
    metres = pl.col("fence_radius_m") + pl.col("buffer_m") * pl.Series(over)
    return candidates(frame, value=metres.round(0))


def called_away(scene: Scene, trial: int) -> pl.DataFrame:
    """On a tour, a guard is called to an incident, and reports it."""
    frame = scene.planned.filter(TOURING & OUTDOORS)
    return candidates(in_a_tour(frame, scene, "incident", trial, (40.0, 80.0)))


def handovers(scene: Scene, trial: int) -> pl.DataFrame:
    """The relief comes some minutes late, within the grace."""
    before = scene.roster.filter(pl.col("leaves_us") >= 0).group_by("post", starts_us="ends_us")
    left = before.agg(left_us=pl.col("leaves_us").min())
    frame = scene.planned.join(left, on=["post", "starts_us"], how="left", maintain_order="left")
    # Who has gone before the end has left a gap already.
    stayed = pl.col("left_us") >= pl.col("starts_us") - MINUTE_US
    frame = frame.filter(stayed.fill_null(value=True))
    frame = frame.filter(pl.col("must_man") | pl.col("work_expected"))
    drawn = scene.stream("handover").uniform(frame["duty"].to_numpy(), trial, low=3.5, high=8.5)
    return candidates(
        frame,
        from_us=pl.col("starts_us"),
        to_us=pl.col("starts_us") + 30 * MINUTE_US,
        value=pl.Series(drawn.round(1)),
    )


def offline_scans(scene: Scene, trial: int) -> pl.DataFrame:
    """Scans are made, but reach the server two hours later."""
    frame = scene.planned.filter(TOURING & (pl.col("device") >= 0))
    return candidates(stretched(frame, scene.stream("offline"), trial, (140.0, 0.1, 125.0, 190.0)))


def batch_uploads(scene: Scene, trial: int) -> pl.DataFrame:
    """A device that stores everything and sends it in one go."""
    frame = scene.planned.filter((pl.col("device") >= 0) & ~pl.col("lone"))
    return candidates(stretched(frame, scene.stream("batch"), trial, (100.0, 0.2, 75.0, 170.0)))


def unrecorded_swaps(scene: Scene, trial: int) -> pl.DataFrame:
    """A colleague who is free works instead; `value` is who."""
    guards = scene.world.people.filter(
        (pl.col("role") == "guard") & (pl.col("honesty") > HONEST)
    ).select(site="home_site", swapped="person")
    pairs = scene.planned.join(guards, on="site").filter(pl.col("swapped") != pl.col("person"))
    who = pairs["swapped"].to_numpy()
    starts, ends = pairs["starts_us"].to_numpy(), pairs["ends_us"].to_numpy()
    busy = scene.working.touches(who, starts - REST_US, ends + REST_US)
    free = pairs.filter(pl.Series(~busy))
    order = scene.stream("swap").bits(free["duty"].to_numpy(), free["swapped"].to_numpy(), trial)
    free = free[np.argsort(order, kind="stable")].unique("duty", keep="first", maintain_order=True)
    return _whole(free.with_columns(value=pl.col("swapped").cast(pl.Float64)))


def forgotten_clock_ins(scene: Scene, trial: int) -> pl.DataFrame:
    """Somebody is there and works, but did not clock in."""
    return _whole(alone(scene, scene.planned.filter(pl.col("work_expected")), trial))


def _unclocked(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    early = pl.col("from_us") + 20 * MINUTE_US
    asked = rows(picks, Effect.TASKS_ASKED, "site", value=1.0, from_us=early)
    return [rows(picks, Effect.UNCLOCKED), asked]


def on_the_charger(scene: Scene, trial: int) -> pl.DataFrame:
    """The phone lies on the desk, charging, and its guard works beside it."""
    frame = scene.planned.filter(EXPOSED & (pl.col("device") >= 0))
    return candidates(stretched(frame, scene.stream("charger"), trial, (60.0, 0.4, 30.0, 140.0)))


def test_presses(scene: Scene, trial: int) -> pl.DataFrame:
    """The panic button is tried at the start of the shift."""
    frame = scene.planned.filter(pl.col("device") >= 0)
    drawn = scene.stream("test").uniform(frame["duty"].to_numpy(), trial, low=2.0, high=16.0)
    start = frame["arrives_us"] + pl.Series((drawn * MINUTE_US).astype(np.int64))
    return candidates(frame, from_us=start, to_us=start + 10 * MINUTE_US)


def pocket_presses(scene: Scene, trial: int) -> pl.DataFrame:
    """The panic button is pressed in a pocket, and the call is cancelled with the PIN."""
    frame = scene.planned.filter(pl.col("device") >= 0)
    return candidates(stretched(frame, scene.stream("pocket"), trial, (10.0, 0.1, 9.0, 11.0)))


def spoken_answers(scene: Scene, trial: int) -> pl.DataFrame:
    """Checks and alerts are answered by telephone; the contact log has it."""
    return candidates(
        stretched(scene.planned, scene.stream("voice"), trial, (190.0, 0.25, 130.0, 300.0))
    )


def wrong_clocks(scene: Scene, trial: int) -> pl.DataFrame:
    """A phone whose clock is off by ten minutes and more; `value` in seconds."""
    stream = scene.stream("clock")
    frame = scene.planned.filter(pl.col("device") >= 0)
    duty = frame["duty"].to_numpy()
    size = stream.uniform(duty, trial, 0, low=600.0, high=1_500.0)
    ahead = np.where(stream.chance(0.5, duty, trial, 1), size, -size).round(0)
    return _whole(frame.with_columns(value=pl.Series(ahead)))


def two_devices(scene: Scene, _trial: int) -> pl.DataFrame:
    """Positions come from a tracker; the phone sends none."""
    return _whole(scene.planned.filter((pl.col("device") >= 0) & pl.col("has_tracker")))


def clock_changes(scene: Scene, _trial: int) -> pl.DataFrame:
    """Duties in which the clocks change: an hour longer or shorter than the wall shows."""
    config, zones = scene.world.config, scene.world.sites["tz"]
    changes = pl.DataFrame(
        [
            (tz, start)
            for tz in sorted(set(zones))
            for start, _, _ in offsets(tz, config.test_us - DAY_US, config.end_us)[1:]
        ],
        schema={"tz": pl.String(), "change_us": pl.Int64()},
        orient="row",
    )
    frame = scene.planned.with_columns(tz=zones.gather(scene.planned["site"]))
    crossed = pl.col("change_us").is_between(pl.col("starts_us"), pl.col("ends_us"))
    return _whole(frame.join(changes, on="tz").filter(crossed).sort("duty"))


def honest_at_night(scene: Scene, _trial: int) -> pl.DataFrame:
    """Honest people whose roster is at night or at the weekend."""
    honesty = scene.world.people["honesty"].to_numpy()[scene.planned["worker"].to_numpy()]
    site = scene.planned["site"].to_numpy()
    minute = scene.clock.minute_of_week(site, scene.planned["starts_us"].to_numpy())
    odd = (minute % 1440 >= 17 * 60) | (minute >= 5 * 1440)
    return _whole(scene.planned.filter(pl.Series(odd & (honesty > HONEST))))


def _spoken(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    after = pl.col("from_us") + 15 * MINUTE_US
    raised = rows(picks, Effect.ALERT_RAISED, "site", from_us=after)
    return [rows(picks, Effect.ANSWERS_BY_VOICE), raised]


def _does(effect: Effect, scope: str = "duty", value: pl.Expr | float = 0.0) -> Doing:
    return lambda picks, _: [rows(picks, effect, scope, value=value)]


def _tracked(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    early, late = pl.col("from_us") - HOUR_US, pl.col("to_us") + HOUR_US
    return [rows(picks, Effect.SECOND_TRACKER, "device", from_us=early, to_us=late)]


def _trap(
    name: str,
    rate: float,
    tempting: str,
    offered: Choices,
    done: Doing = no_effect,
    of: str = "person",
) -> Kind:
    return Kind(name, rate, Claim.DUTY, offered, done, of, tempting)


_V = pl.col("value")
KINDS: tuple[Kind, ...] = (
    _trap("tracker_and_phone", 10, "K05", two_devices, _tracked, "device"),
    _trap("fence_drift", 60, "K02", along_the_fence, _does(Effect.LEAVES_SITE, value=_V)),
    _trap("called_away", 15, "K02", called_away, _does(Effect.ON_INCIDENT)),
    _trap("charger_on_desk", 20, "K07", on_the_charger, _does(Effect.ON_CHARGER, "device")),
    _trap("unrecorded_swap", 20, "K09", unrecorded_swaps, _does(Effect.SWAP_UNRECORDED, value=_V)),
    _trap("offline_scans", 40, "K04", offline_scans, _does(Effect.SCANS_OFFLINE)),
    _trap("handover_jitter", 60, "K09", handovers, _does(Effect.LATE_BY, value=_V), "post"),
    _trap("static_post", 40, "K04", static_posts),
    _trap("indoor_no_gps", 40, "K05", under_a_roof),
    _trap("test_panic", 20, "K07", test_presses, _does(Effect.PANIC, value=1.0)),
    _trap("pocket_press", 20, "K07", pocket_presses, _does(Effect.PANIC, value=2.0)),
    _trap("voice_acknowledged", 15, "K10", spoken_answers, _spoken),
    _trap("batch_upload", 10, "K06", batch_uploads, _does(Effect.UPLOADS_LATE, "device"), "device"),
    _trap("wrong_clock", 10, "K06", wrong_clocks, _does(Effect.CLOCK_OFF, "device", _V), "device"),
    _trap("forgotten_clock_in", 10, "K09", forgotten_clock_ins, _unclocked, "post"),
    _trap("honest_at_odd_hours", 100, "FRAUD", honest_at_night),
)
"""Rates per 100 sites and 14 days are proportions; those that have few places come first."""

ALL_OF: tuple[Kind, ...] = (_trap("clock_change", 0, "K09", clock_changes),)
"""Kinds of which every one that there is is a trap."""
