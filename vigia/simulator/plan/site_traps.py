"""Innocent look-alikes of a whole site, or of many devices at once.

Belongs here: what tempts a careless rule although all is well, and the effect that makes it;
what the reference data say of it is in `reference`. Those of one guard are in `guard_traps`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.effects import Effect
from vigia.simulator.plan.kinds import Claim, Kind
from vigia.simulator.plan.scene import (
    HOUR_US,
    MINUTE_US,
    NONE,
    Scene,
    alone,
    candidates,
    most_telling,
    no_choice,
    no_effect,
    rows,
)
from vigia.simulator.plan.sites import anywhere, busy, manned

STOOD_DOWN = 2.0
"""Value of `Effect.ABSENT` for a shift that is called off beforehand."""
A_LITTLE = 1.0
"""Value of `Effect.TOURS_DELAYED` for a delay within what is allowed."""
LISTS, SINGLE = 0.02, 0.04
"""Lists of tasks, and single tasks, that somebody asks a site for, per site and day."""
LARGEST_COHORT = 0.15
"""Share of the phones that a cohort has at most, to be given an app without heartbeats."""


def works_announced(scene: Scene, trial: int) -> pl.DataFrame:
    """Work on the network that a maintenance window announces."""
    return candidates(manned(anywhere(scene, "works", trial, 8, (75.0, 200.0)), scene))


def _announced(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    return (
        rows(picks, Effect.NETWORK_DOWN, "site"),
        rows(picks.filter(pl.col("episode") % 2 == 0), Effect.ALERT_RAISED, "site"),
    )


def shutdowns(scene: Scene, trial: int) -> pl.DataFrame:
    """Planned shutdowns of a site's equipment, which a maintenance window announces."""
    return _all_at_once(scene, "shutdown", trial, (100.0, 220.0))


def _shut_down(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    surge = rows(picks, Effect.ALERT_SURGE, "site", value=24.0)
    return (*_as_if_late(picks), surge)


def _all_at_once(scene: Scene, name: str, trial: int, minutes: tuple[float, float]) -> pl.DataFrame:
    """Where tours are due together, so that a little delay of each looks like a storm."""
    frame = manned(anywhere(scene, name, trial, 40, minutes), scene)
    frame = most_telling(frame, busy(frame, scene, 30), trial)
    return candidates(frame, value=20.0 + 3 * (pl.col("key") % 6))


def _as_if_late(picks: pl.DataFrame) -> Sequence[pl.DataFrame]:
    """A list of tasks with dates long past, and tours that begin late, but not too late."""
    few = 6.0 + (pl.col("episode") % 7)
    return (
        rows(picks, Effect.TASKS_MISDATED, "site", value=few),
        rows(picks, Effect.TOURS_DELAYED, "site", value=A_LITTLE),
    )


def idle_alerts(windows: pl.DataFrame) -> pl.DataFrame:
    """Grave alerts in half of the windows in which nothing else happens, as effect rows."""
    half = windows.filter(pl.col("from_us") // MINUTE_US % 10 == 0)
    return rows(half.with_columns(episode=pl.lit(NONE)), Effect.ALERT_RAISED, "site")


def task_lists(scene: Scene) -> pl.DataFrame:
    """Tasks that are asked for as ever, alone or by the list, as effect rows of no episode."""
    config, stream = scene.world.config, scene.stream("lists")
    site = np.repeat(scene.world.sites["site"].to_numpy(), config.days)
    day = np.tile(np.arange(config.days), scene.world.sites.height)
    drawn = stream.uniform(site, day, 0)
    there = drawn < LISTS + SINGLE
    site, day, drawn = site[there], day[there], drawn[there]
    count = np.where(drawn < LISTS, 5 + stream.integers(50, site, day, 1), 1 + day % 3)
    at = config.start_us + day * DAY_US + (stream.uniform(site, day, 2) * DAY_US).astype(np.int64)
    frame = pl.DataFrame({"site": site, "from_us": at, "to_us": at + HOUR_US, "value": count})
    of_none = frame.with_columns(episode=pl.lit(NONE))
    return rows(of_none, Effect.TASKS_ASKED, "site", value=pl.col("value"))


def closures(scene: Scene, _trial: int) -> pl.DataFrame:
    """Days on which a client closes the site, and nobody is needed; `value` is the local day."""
    config = scene.world.config
    sites = scene.world.sites.filter(~pl.col("round_the_clock")).select("site")
    days = scene.roster.join(sites, on="site", how="semi", maintain_order="left")
    days = days.group_by("site", "local_date", maintain_order=True).agg(
        from_us=pl.col("starts_us").min() - HOUR_US, to_us=pl.col("ends_us").max() + HOUR_US
    )
    within = (pl.col("from_us") >= config.test_us) & (pl.col("to_us") <= config.end_us)
    day = pl.col("local_date").to_physical().cast(pl.Float64)
    return candidates(days.filter(within), value=day)


def _closed(picks: pl.DataFrame, scene: Scene) -> Sequence[pl.DataFrame]:
    duties = scene.roster.select(
        "site", "starts_us", "ends_us", called_off="duty",
        value=pl.col("local_date").to_physical().cast(pl.Float64),
    )  # fmt: skip
    off = picks.join(duties, on=["site", "value"], maintain_order="left")
    start, end = pl.col("starts_us"), pl.col("ends_us")
    gone = rows(off, Effect.ABSENT, "called_off", value=STOOD_DOWN, from_us=start, to_us=end)
    return [gone, *_waiting(picks)]


def _waiting(picks: pl.DataFrame) -> Sequence[pl.DataFrame]:
    """Tasks that are asked for while nobody is there to do them, and that can wait."""
    early = pl.col("from_us") + pl.min_horizontal(
        pl.lit(75 * MINUTE_US), (pl.col("to_us") - pl.col("from_us")) // 6
    )
    return [rows(picks, Effect.TASKS_ASKED, "site", value=2.0, from_us=early)]


def natural_closures(scene: Scene, _trial: int) -> pl.DataFrame:
    """Days on which a site is closed anyway, because its calendar says so."""
    config = scene.world.config
    shut = scene.world.sites.filter(~pl.col("round_the_clock")).select("site", "calendar")
    days = scene.world.holidays.filter(pl.col("kind") != "half_day").join(shut, on="calendar")
    days = days.with_columns(day=pl.col("holiday_on").to_physical().cast(pl.Int64))
    site, local = days["site"].to_numpy(), days["day"].to_numpy() * DAY_US
    start, end = (scene.clock.to_utc_us(site, local + add) for add in (0, DAY_US))
    days = days.with_columns(from_us=pl.Series(start), to_us=pl.Series(end))
    inside = (pl.col("from_us") >= config.test_us) & (pl.col("to_us") <= config.end_us)
    return candidates(days.filter(inside).sort("site", "from_us"))


def stand_downs(scene: Scene, trial: int) -> pl.DataFrame:
    """Posts that need not be manned for one shift."""
    frame = alone(scene, scene.planned.filter(~pl.col("must_man")), trial)
    return candidates(frame, from_us=pl.col("starts_us"), to_us=pl.col("ends_us"))


def kiosk_failures(scene: Scene, trial: int) -> pl.DataFrame:
    """Around a change of shifts, nobody can clock in at the site's kiosk."""
    frame = scene.planned.filter("has_kiosk")
    each = frame.group_by("site", "starts_us", maintain_order=True).agg(
        pl.col("duty").first(), of_kiosk=(pl.col("method") == "kiosk").all()
    )
    site, start = each["site"].to_numpy(), each["starts_us"].to_numpy()
    opens = pl.Series(scene.presence.at(site, start - HOUR_US) == 0)
    # Where somebody is clocked in, one more or less changes little.
    frame = most_telling(each, each["of_kiosk"] & opens, trial)
    duty, stream = frame["duty"].to_numpy(), scene.stream("kiosk")
    before = (stream.uniform(duty, trial, 0, low=25.0, high=50.0) * MINUTE_US).astype(np.int64)
    after = (stream.uniform(duty, trial, 1, low=45.0, high=110.0) * MINUTE_US).astype(np.int64)
    return candidates(
        frame.select("site", "starts_us"),
        from_us=pl.col("starts_us") - pl.Series(before),
        to_us=pl.col("starts_us") + pl.Series(after),
    )


def imports(scene: Scene, trial: int) -> pl.DataFrame:
    """Many tickets come at once because somebody moves data."""
    frame = anywhere(scene, "import", trial, 6, (60.0, 180.0))
    return candidates(frame, value=30.0 + 6 * (pl.col("key") % 7))


def _imported(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    return (
        rows(picks, Effect.TICKETS_IMPORTED, "site", value=pl.col("value")),
        rows(picks, Effect.TASKS_MISDATED, "site", value=5.0),
    )


def task_imports(scene: Scene, trial: int) -> pl.DataFrame:
    """Many tasks come at once with dates long past, while a sensor cannot decide."""
    return _all_at_once(scene, "misdated", trial, (90.0, 200.0))


def _misdated(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    return (
        rows(picks, Effect.TASKS_MISDATED, "site", value=1.6 * pl.col("value")),
        rows(picks, Effect.TOURS_DELAYED, "site", value=A_LITTLE),
        rows(picks, Effect.ALERT_FLAPPING, "site", value=pl.col("value")),
    )


def drills(scene: Scene, trial: int) -> pl.DataFrame:
    """Alarms that everybody was told about."""
    return _all_at_once(scene, "drill", trial, (75.0, 120.0))


def _drilled(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    return (*_as_if_late(picks), rows(picks, Effect.DRILL, "site"))


def flapping(scene: Scene, trial: int) -> pl.DataFrame:
    """One device raises and clears the same alert over and over."""
    return _all_at_once(scene, "flapping", trial, (110.0, 300.0))


def _flaps(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    return (*_as_if_late(picks), rows(picks, Effect.ALERT_FLAPPING, "site", value=pl.col("value")))


def shared_kiosks(scene: Scene, _trial: int) -> pl.DataFrame:
    """Kiosks, at which many people may clock with one device."""
    config = scene.world.config
    kiosks = scene.world.devices.filter(pl.col("kind") == "kiosk").select("device", "site")
    return candidates(kiosks, from_us=pl.lit(config.test_us), to_us=pl.lit(config.end_us))


def cohorts(scene: Scene, wanted: int) -> list[pl.DataFrame]:
    """Groups of phones whose new app sends no heartbeats for some days; small ones only."""
    config, stream = scene.world.config, scene.stream("cohort")
    phones = scene.world.devices.filter(pl.col("kind") == "phone")
    sizes = phones.group_by("cohort").agg(n=pl.len(), device="device").sort("cohort")
    sizes = sizes.filter(pl.col("n").is_between(3, max(3, int(LARGEST_COHORT * phones.height))))
    order = np.argsort(stream.bits(sizes["cohort"].to_numpy()), kind="stable")[:wanted]
    span = config.end_us - config.test_us
    groups = []
    for cohort, devices in sizes.select("cohort", "device")[np.sort(order)].iter_rows():
        start = config.test_us + int(float(stream.uniform(cohort, 1)) * 0.5 * span)
        days = float(stream.uniform(cohort, 2, low=0.25, high=0.5)) * span
        group = phones.filter(pl.col("device").is_in(devices)).select("device", "site")
        limits = {"from_us": pl.lit(start), "to_us": pl.lit(start + int(days))}
        groups.append(candidates(group, **limits))
    return groups


def _stood_down(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    return [rows(picks, Effect.ABSENT, value=STOOD_DOWN), *_waiting(picks)]


def _kiosk_down(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    asked = rows(picks, Effect.TASKS_ASKED, "site", value=2.0)
    return [rows(picks, Effect.KIOSK_DOWN, "site"), asked]


COHORT = Kind(
    "app_update_cohort",
    2,
    Claim.DEVICE,
    no_choice,
    lambda picks, _: [rows(picks, Effect.APP_OUTDATED, "device")],
    "device",
    "K06",
)
"""Planned by group, with `cohorts`."""
WORKS, CLOSURE, STAND_DOWN = "maintenance_window", "closed_holiday", "stood_down"
SHUTDOWN, DRILL = "planned_shutdown", "drill"

KINDS: tuple[Kind, ...] = (
    Kind(SHUTDOWN, 12, Claim.ALONE, shutdowns, _shut_down, "site", "K03"),
    Kind("misdated_tasks", 5, Claim.SITE, task_imports, _misdated, "site", "K03"),
    Kind(DRILL, 5, Claim.ALONE, drills, _drilled, "site", "K03"),
    Kind("flapping_device", 10, Claim.SITE, flapping, _flaps, "site", "K03"),
    Kind(CLOSURE, 20, Claim.ALONE, closures, _closed, "site", "K09"),
    Kind("kiosk_down", 5, Claim.SITE, kiosk_failures, _kiosk_down, "site", "K09"),
    Kind(WORKS, 28, Claim.ALONE, works_announced, _announced, "site", "K01"),
    Kind("bulk_tickets", 5, Claim.SITE, imports, _imported, "site", "K08"),
    Kind(STAND_DOWN, 10, Claim.DUTY, stand_downs, _stood_down, "post", "K09"),
)
"""Rates per 100 sites and 14 days are proportions; those that have few places come first."""

ALL_OF: tuple[Kind, ...] = (
    Kind(CLOSURE, 0, Claim.DUTY, natural_closures, lambda picks, _: _waiting(picks), "site", "K09"),
    Kind("shared_kiosk", 0, Claim.DUTY, shared_kiosks, no_effect, "device", "FRAUD"),
)
"""Kinds of which every one that there is is a trap."""
