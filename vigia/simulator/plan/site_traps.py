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
from vigia.simulator.plan.kinds import Claim, Doing, Kind
from vigia.simulator.plan.scene import (
    HOUR_US,
    MINUTE_US,
    Scene,
    candidates,
    no_choice,
    no_effect,
    rows,
)
from vigia.simulator.plan.sites import anywhere, manned

STOOD_DOWN = 2.0
"""Value of `Effect.ABSENT` for a shift that is called off beforehand."""
LARGEST_COHORT = 0.15
"""Share of the phones that a cohort has at most, to be given an app without heartbeats."""


def works_announced(scene: Scene, trial: int) -> pl.DataFrame:
    """Work on the network, or a shutdown, that a maintenance window announces."""
    frame = manned(anywhere(scene, "works", trial, 8, (75.0, 200.0)), scene)
    drawn = scene.stream("works").uniform(frame["site"].to_numpy(), frame["key"].to_numpy(), 2)
    names = np.where(drawn < 0.7, "network", "shutdown")
    return candidates(frame, subtype=pl.Series(names, dtype=pl.String))


def _announced(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    network = picks.filter(pl.col("subtype") == "network")
    shutdown = picks.filter(pl.col("subtype") == "shutdown")
    return (
        rows(network, Effect.NETWORK_DOWN, "site"),
        rows(shutdown, Effect.TOURS_DELAYED, "site"),
        rows(shutdown, Effect.ALERT_SURGE, "site", value=18.0),
    )


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
    return [rows(off, Effect.ABSENT, "called_off", value=STOOD_DOWN, from_us=start, to_us=end)]


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


def stand_downs(scene: Scene, _trial: int) -> pl.DataFrame:
    """Posts that need not be manned for one shift."""
    frame = scene.planned.filter(~pl.col("must_man"))
    return candidates(frame, from_us=pl.col("starts_us"), to_us=pl.col("ends_us"))


def kiosk_failures(scene: Scene, trial: int) -> pl.DataFrame:
    """Around a change of shifts, nobody can clock in at the site's kiosk."""
    frame = scene.planned.filter(pl.col("has_kiosk") & (pl.col("method") == "kiosk"))
    frame = frame.unique(["site", "starts_us"], keep="first", maintain_order=True)
    duty, stream = frame["duty"].to_numpy(), scene.stream("kiosk")
    before = (stream.uniform(duty, trial, 0, low=25.0, high=50.0) * MINUTE_US).astype(np.int64)
    after = (stream.uniform(duty, trial, 1, low=45.0, high=110.0) * MINUTE_US).astype(np.int64)
    return candidates(
        frame.select("site", "starts_us"),
        from_us=pl.col("starts_us") - pl.Series(before),
        to_us=pl.col("starts_us") + pl.Series(after),
    )


def imports(scene: Scene, trial: int) -> pl.DataFrame:
    """Many tickets or tasks come at once because somebody moves data."""
    frame = anywhere(scene, "import", trial, 6, (60.0, 180.0))
    return candidates(frame, value=30.0 + 6 * (pl.col("key") % 7))


def drills(scene: Scene, trial: int) -> pl.DataFrame:
    """Alarms that everybody was told about."""
    return candidates(manned(anywhere(scene, "drill", trial, 6, (30.0, 75.0)), scene))


def flapping(scene: Scene, trial: int) -> pl.DataFrame:
    """One device raises and clears the same alert over and over."""
    frame = anywhere(scene, "flapping", trial, 6, (110.0, 300.0))
    return candidates(frame, value=14.0 + 3 * (pl.col("key") % 6))


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


def _does(effect: Effect, *, valued: bool = False) -> Doing:
    amount = pl.col("value") if valued else 0.0
    return lambda picks, _: [rows(picks, effect, "site", value=amount)]


def _stood_down(picks: pl.DataFrame, _scene: Scene) -> Sequence[pl.DataFrame]:
    return [rows(picks, Effect.ABSENT, value=STOOD_DOWN)]


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

KINDS: tuple[Kind, ...] = (
    Kind(CLOSURE, 20, Claim.ALONE, closures, _closed, "site", "K01"),
    Kind("kiosk_down", 5, Claim.SITE, kiosk_failures, _does(Effect.KIOSK_DOWN), "site", "K09"),
    Kind(WORKS, 40, Claim.ALONE, works_announced, _announced, "site", "K01"),
    Kind(
        "bulk_tickets",
        5,
        Claim.SITE,
        imports,
        _does(Effect.TICKETS_IMPORTED, valued=True),
        "site",
        "K08",
    ),
    Kind(
        "misdated_tasks",
        5,
        Claim.SITE,
        imports,
        _does(Effect.TASKS_MISDATED, valued=True),
        "site",
        "K03",
    ),
    Kind("drill", 5, Claim.SITE, drills, _does(Effect.DRILL), "site", "K03"),
    Kind(
        "flapping_device",
        10,
        Claim.SITE,
        flapping,
        _does(Effect.ALERT_FLAPPING, valued=True),
        "site",
        "K03",
    ),
    Kind(STAND_DOWN, 10, Claim.DUTY, stand_downs, _stood_down, "post", "K09"),
)
"""Rates per 100 sites and 14 days are proportions; those that have few places come first."""

ALL_OF: tuple[Kind, ...] = (
    Kind(CLOSURE, 0, Claim.DUTY, natural_closures, no_effect, "site", "K01"),
    Kind("shared_kiosk", 0, Claim.DUTY, shared_kiosks, no_effect, "device", "FRAUD"),
)
"""Kinds of which every one that there is is a trap."""
