"""Every look-alike tempts the plain rule of its class, and stays innocent by what is known of it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from vigia.simulator.effects import Effect
from vigia.simulator.plan.scene import HOUR_US
from vigia.simulator.plan.site_traps import A_LITTLE

STORMS = ("planned_shutdown", "misdated_tasks", "drill", "flapping_device")
ALERTS = (Effect.ALERT_SURGE, Effect.ALERT_FLAPPING, Effect.DRILL)


def trapped(world, kind):
    return world.plan.traps.filter(kind=kind)


def of(world, traps, *effects):
    return traps.join(
        world.effects(*(effect.value for effect in effects)), left_on="trap", right_on="episode"
    )


@pytest.mark.parametrize("kind", STORMS)
def test_what_looks_like_a_storm_has_all_of_its_legs(standard, kind):
    traps = trapped(standard, kind)
    assert set(traps["tempting_type"]) == {"K03"}
    tasks = of(standard, traps, Effect.TASKS_MISDATED)
    assert tasks.height == traps.height
    assert (tasks["value"] >= 5).all()
    tours = of(standard, traps, Effect.TOURS_DELAYED)
    assert tours.height == traps.height
    assert set(tours["value"]) == {A_LITTLE}
    assert of(standard, traps, *ALERTS).height == traps.height


@pytest.mark.parametrize("kind", STORMS)
def test_it_comes_when_enough_tours_are_due_together(standard, kind):
    traps = trapped(standard, kind)
    site, start = traps["site"].to_numpy(), traps["from_us"].to_numpy()
    most = np.max(
        [
            standard.scene.tours_due.between(
                site, start + step * HOUR_US // 4, start + (step + 5) * HOUR_US // 4
            )
            for step in (0, 1)
        ],
        axis=0,
    )
    assert (most >= 4).mean() > 0.8


@pytest.mark.parametrize("kind", ["planned_shutdown", "drill", "maintenance_window"])
def test_what_was_announced_lies_in_a_window(standard, kind):
    traps = trapped(standard, kind)
    told = traps.join(standard.plan.mutes, on="trap", suffix="_told")
    assert told.height == traps.height
    assert (told["from_us_told"] <= told["from_us"]).all()
    assert (told["to_us_told"] >= told["to_us"]).all()


@pytest.mark.parametrize("kind", ["stood_down", "closed_holiday", "kiosk_down"])
def test_where_nobody_is_clocked_in_and_nobody_is_missing_tasks_wait(standard, kind):
    traps = trapped(standard, kind)
    waiting = of(standard, traps, Effect.TASKS_ASKED)
    assert waiting["trap"].n_unique() == traps.height
    assert (waiting["value"] >= 2).all()
    assert waiting["from_us_right"].is_between(waiting["from_us"], waiting["to_us"]).all()


@pytest.mark.parametrize("kind", ["stood_down", "forgotten_clock_in"])
def test_the_one_who_is_not_clocked_in_is_the_only_one(standard, kind):
    traps = trapped(standard, kind)
    middle = (traps["from_us"] + traps["to_us"]).to_numpy() // 2
    assert (standard.scene.presence.at(traps["site"].to_numpy(), middle) <= 1).mean() > 0.8


def test_a_grave_alert_comes_while_somebody_answers_by_telephone(standard):
    traps = trapped(standard, "voice_acknowledged")
    raised = of(standard, traps, Effect.ALERT_RAISED)
    assert raised.height == traps.height
    assert raised["from_us_right"].is_between(raised["from_us"], raised["to_us"]).all()


def test_an_import_of_tickets_brings_tasks_with_dates_long_past(standard):
    traps = trapped(standard, "bulk_tickets")
    assert of(standard, traps, Effect.TASKS_MISDATED).height == traps.height
    assert of(standard, traps, Effect.TICKETS_IMPORTED).height == traps.height


def test_lists_of_tasks_and_alerts_in_windows_are_no_news(standard):
    """What comes with a trap comes on other days too, before the first episode among them."""
    test_us = standard.world.config.test_us
    for effect in (Effect.TASKS_ASKED, Effect.ALERT_RAISED):
        ordinary = standard.effects(effect.value).filter(episode=-1)
        assert ordinary.height > 5
        assert (ordinary["from_us"] < test_us).any()
    lists = standard.effects(Effect.TASKS_ASKED.value).filter(pl.col("episode") < 0)
    assert (lists["value"] >= 5).mean() > 0.15
