"""The control room: acknowledging alerts, calling people, and the chain when nobody answers.

Targets and waits are those of the company's promise: an alert of CRITICAL is acknowledged within
5 minutes, HIGH within 15, else the chain starts, and each step waits before the next.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl

from vigia.simulator.desk.alerts import MINUTE_US, SECOND_US, plain
from vigia.simulator.desk.model import Log
from vigia.simulator.draws import Bools, Ints, Stream
from vigia.simulator.effects import Effect, Effects, Intervals
from vigia.simulator.world.model import World

MONITORING = "monitoring"
ROOM = "control-room"
TARGET_MIN = {"CRITICAL": 5, "HIGH": 15}
CHAIN = (
    ("site_supervisor", "push"),
    ("area_officer", "sms"),
    ("ops_manager", "call"),
    ("senior_manager", "call"),
)
WAIT_MIN = {"CRITICAL": (5, 5, 10, 10), "HIGH": (15, 15, 30, 60)}
_ACK_MEDIAN_S = {"CRITICAL": 40, "HIGH": 170, "MEDIUM": 720, "LOW": 3600, "INFO": 7200}
_ACK_SHARE = {"CRITICAL": 1.0, "HIGH": 1.0, "MEDIUM": 0.85, "LOW": 0.35, "INFO": 0.1}
BY_VOICE = 0.02
"""Share of alerts of MEDIUM and above that somebody acknowledges by telephone, unplanned."""
ROUTINE_CALLS = 0.04
"""Share of duties in which the control room calls the site for no reason on record."""
PICKS_UP = 0.8
LET_BE = 0.85
"""Share of the HIGH alerts raised during announced work that nobody acknowledges."""
AGAIN_US = 10 * MINUTE_US
"""The same alert of the same thing within this time is no news."""
_THING = ("site", "type", "device")
_NOBODY, _NO_TIME, _NOT_DELIVERED, _NO_TARGET = 0, 1, 2, 3
_FAULTS = {
    _NOBODY: "nobody",
    _NO_TIME: "no_time",
    _NOT_DELIVERED: "not_delivered",
    _NO_TARGET: "no_target",
}


def run_control_room(
    world: World,
    duties: pl.DataFrame,
    raised: pl.DataFrame,
    effects: Effects,
    mutes: pl.DataFrame,
    log: Log,
) -> dict[str, pl.DataFrame]:
    """Handle every alert; events go to the log.

    Args:
        world: The world.
        duties: Who was where, for calls.
        raised: `alerts.RAISED`, in the order of raising.
        effects: Faults of the chain, answers by voice, silences.
        mutes: Work that is announced (`plan.model.MUTES`): most of what it raises is let be.
        log: Takes the events.

    Returns:
        The facts `alert` and `escalation`.
    """
    handled = _let_be(world, _handled(world, duties, raised, effects), mutes)
    room = _Room(world, log)
    for position, alert in enumerate(handled.iter_rows(named=True)):
        room.handle(alert, position)
    _routine_calls(world, duties, effects, log)
    _calls_into_silence(world, effects, log)
    names = ["alert_code", *raised.columns, "acked_us", "resolved_us", "repeat"]
    return {"alert": handled.select(names), "escalation": _escalations(room.escalations)}


def _handled(
    world: World, duties: pl.DataFrame, raised: pl.DataFrame, effects: Effects
) -> pl.DataFrame:
    """When each alert is acknowledged and resolved, and what befalls its chain."""
    draw = Stream(world.config.seed, "desk.ack")
    number = np.arange(raised.height)
    site, at = raised["site"].to_numpy(), raised["raised_us"].to_numpy()
    severity = raised["severity"]
    median = severity.replace_strict(_ACK_MEDIAN_S, return_dtype=pl.Float64).to_numpy()
    share = severity.replace_strict(_ACK_SHARE, return_dtype=pl.Float64).to_numpy()
    wait = np.maximum(draw.lognormal(median, 0.85, number), 4.0)
    acked = np.where(draw.chance(share, number, 1), at + (wait * SECOND_US).astype(np.int64), -1)
    faults = effects.intervals(Effect.ESCALATION_FAULT)
    spoiled = faults.covering(site, at)
    grave = severity.is_in(["HIGH", "CRITICAL"]).to_numpy()
    faulty = (spoiled >= 0) & grave & (raised["type"] != "panic").to_numpy()
    fault = np.where(faulty, faults.value[spoiled] if len(faults) else 0, -1).astype(np.int64)
    until = faults.to_us[spoiled] if len(faults) else np.zeros(len(at), np.int64)
    acked = np.where(faulty, until + (wait * SECOND_US).astype(np.int64), acked)
    voice = ~faulty & grave & _by_voice(duties, effects).covers(site, at)
    likes = draw.chance(BY_VOICE, number, 4) & (acked >= 0) & ~faulty
    likes &= severity.is_in(["MEDIUM", "HIGH", "CRITICAL"]).to_numpy()
    likes &= (raised["type"] != "panic").to_numpy() & ~_out_of_reach(effects, site, at)
    voice |= likes
    spoken = at + (60 + draw.integers(120, number, 2)) * SECOND_US
    acked = np.where(voice, spoken, acked)
    length = draw.lognormal(22.0 * MINUTE_US, 0.9, number, 3).astype(np.int64)
    resolved = np.maximum(at + length, acked + MINUTE_US)
    # What was only spoken of stays open until somebody writes it up.
    written = spoken + (18 * MINUTE_US + 0.5 * length).astype(np.int64)
    resolved = np.where(voice, np.maximum(resolved, written), resolved)
    return raised.with_columns(
        pl.Series("alert_code", [f"AL{n + 1:07}" for n in number], dtype=pl.String),
        pl.Series("acked_us", acked),
        pl.Series("resolved_us", resolved),
        pl.Series("fault", fault),
        pl.Series("voice", voice),
    )


def _let_be(world: World, handled: pl.DataFrame, mutes: pl.DataFrame) -> pl.DataFrame:
    """The same alerts with those that nobody acknowledges because they need no answer.

    What comes again while the first is seen to ends with it (`repeat`); what announced work
    raises ends with the work at the latest.
    """
    may = pl.col("severity").is_in(["HIGH"]) & (pl.col("type") != "panic") & (pl.col("fault") < 0)
    since = pl.col("raised_us") - pl.col("raised_us").shift(1).over(_THING)
    handled = handled.with_columns(repeat=may & (since < AGAIN_US).fill_null(value=False))
    first = (~pl.col("repeat")).cum_sum().over(_THING)
    end = pl.col("resolved_us").first().over(*_THING, first)
    seen_to = pl.when("repeat").then(pl.max_horizontal(end, pl.col("raised_us") + MINUTE_US))
    handled = handled.with_columns(resolved_us=seen_to.otherwise("resolved_us"))
    until = _work_until(world, handled, mutes)
    muted = pl.col("repeat") | (may & (pl.lit(until) >= 0))
    return handled.with_columns(
        acked_us=pl.when(muted).then(-1).otherwise("acked_us"),
        resolved_us=pl.when(muted & (pl.lit(until) >= 0))
        .then(pl.min_horizontal("resolved_us", pl.lit(until)))
        .otherwise("resolved_us"),
        voice=pl.col("voice") & ~muted,
        let_be=muted,
    )


def _work_until(world: World, alerts: pl.DataFrame, mutes: pl.DataFrame) -> pl.Series:
    """The end of the announced work that lets each alert be; -1 for most."""
    site, at = alerts["site"].to_numpy(), alerts["raised_us"].to_numpy()
    until = np.full(len(at), -1, dtype=np.int64)
    works = mutes.filter(pl.col("kind") == "maintenance")
    for place, start, end in works.select("site", "from_us", "to_us").iter_rows():
        until[(site == place) & (start <= at) & (at < end)] = end
    ignores = Stream(world.config.seed, "desk.mute").chance(LET_BE, np.arange(len(at)))
    return pl.Series(np.where(ignores, until, -1))


def _out_of_reach(effects: Effects, site: Ints, at_us: Ints) -> Bools:
    """Whether no call gets through to a site, or nobody there takes one."""
    silent = effects.intervals(Effect.SILENCE).covers(site, at_us)
    return silent | effects.intervals(Effect.NETWORK_DOWN).covers(site, at_us)


def _by_voice(duties: pl.DataFrame, effects: Effects) -> Intervals:
    """The periods, by site, in which a person answers by telephone."""
    spans = effects.intervals(Effect.ANSWERS_BY_VOICE)
    site: Ints = duties["site"].to_numpy()[spans.scope] if len(spans) else spans.scope
    order = np.lexsort((spans.from_us, site))
    return Intervals(site[order], spans.from_us[order], spans.to_us[order], spans.value[order])


def _escalations(rows: list[dict[str, Any]]) -> pl.DataFrame:
    number, text = pl.Int64(), pl.String()
    schema = {
        "run_code": text,
        "alert_code": text,
        "site": number,
        "severity": text,
        "started_us": number,
        "next_due_us": number,
        "acked_us": number,
        "state": text,
        "fault": text,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


class _Room:
    """Handles one alert after the other."""

    def __init__(self, world: World, log: Log) -> None:
        self.log = log
        self.seed = world.config.seed
        self.end_us = world.config.end_us
        self.device_codes = world.devices["code"].to_list()
        self.escalations: list[dict[str, Any]] = []
        self.controllers = _by_tenant(world, ["controller"])
        self.chains = [_by_tenant(world, [role]) for role in _ROLES]
        self.tenant_of_site = world.sites["tenant"].to_list()
        self.draw = Stream(self.seed, "desk.room")

    def handle(self, alert: dict[str, Any], number: int) -> None:
        code, raised, acked = alert["alert_code"], alert["raised_us"], alert["acked_us"]
        device = alert["device"]
        values = {
            "device_id": self.device_codes[device] if device >= 0 else None,
            "type": alert["type"],
            "severity": alert["severity"],
            "source_ref": MONITORING,
            "first_seen_at": raised,
            "last_seen_at": raised,
            "count": 1,
            "state": "firing",
        }
        self._alert(alert, "raised", raised, values)
        controller = self._one_of(self.controllers, alert["site"], number)
        if alert["voice"]:
            self._call(alert, acked, controller)
        elif acked >= 0:
            known = {"state": "acknowledged", "acked_at": acked, "acked_by": controller}
            self._alert(alert, "acknowledged", acked, known)
        ended = alert["resolved_us"]
        self._alert(alert, "resolved", ended, {"state": "resolved", "resolved_at": ended})
        if alert["severity"] in TARGET_MIN and not alert["voice"] and not alert["let_be"]:
            self._escalate(alert, code, number)

    def _escalate(self, alert: dict[str, Any], code: str, number: int) -> None:
        """Start the chain when the target has passed and nobody has acknowledged."""
        severity, acked = alert["severity"], alert["acked_us"]
        start = alert["raised_us"] + TARGET_MIN[severity] * MINUTE_US
        if acked < start or alert["fault"] == _NOBODY:
            return
        run = f"ER{code[2:]}"
        fault = alert["fault"]
        waits = WAIT_MIN[severity]
        snapshot = json.dumps(
            {
                "schema_version": 1,
                "steps": [
                    [role, channel, wait]
                    for (role, channel), wait in zip(CHAIN, waits, strict=True)
                ],
            }
        )
        next_step = -1 if fault == _NO_TIME else start + waits[0] * MINUTE_US
        values = {
            "subject_kind": "alert",
            "subject_ref": code,
            "policy_snapshot": snapshot,
            "step": 1,
            "state": "running",
        }
        self._run(alert, run, "started", start, values | self._due(next_step))
        at, step = start, 1
        while True:
            self._step(alert, run, step, at, number)
            at += waits[step - 1] * MINUTE_US
            if fault >= 0 or acked <= at or step == len(CHAIN):
                break
            step += 1
            next_step = at + waits[step - 1] * MINUTE_US
            self._run(
                alert, run, "updated", at, {"step": step, "state": "running"} | self._due(next_step)
            )
        self._run(alert, run, "updated", max(acked, start + SECOND_US), {"state": "acknowledged"})
        self.escalations.append(
            {
                "run_code": run,
                "alert_code": code,
                "site": alert["site"],
                "severity": severity,
                "started_us": start,
                "next_due_us": next_step,
                "acked_us": acked,
                "state": "acknowledged" if acked < self.end_us else "running",
                "fault": _FAULTS.get(fault, ""),
            }
        )

    def _step(self, alert: dict[str, Any], run: str, step: int, at: int, number: int) -> None:
        """One message of the chain."""
        _, channel = CHAIN[step - 1]
        fault, acked = alert["fault"], alert["acked_us"]
        target = self._one_of(self.chains[step - 1], alert["site"], number)
        values: dict[str, Any] = {
            "run_id": run,
            "subject_ref": alert["alert_code"],
            "step": step,
            "channel": channel,
            "_site": alert["site"],
        }
        if fault == _NO_TARGET:
            values |= {"result": "no_target"}
        elif fault == _NOT_DELIVERED:
            values |= {"target_id": target, "result": "sent"}
        else:
            delivered = at + int(self.draw.integers(9000, number, step)) * 1000 + SECOND_US
            values |= {"target_id": target, "result": "delivered", "delivered_at": delivered}
            wait = WAIT_MIN[alert["severity"]][step - 1] * MINUTE_US
            if fault < 0 and acked <= at + wait:
                values |= {"result": "acked", "answered_at": max(acked, delivered + SECOND_US)}
        if at < self.end_us:
            self.log.add("escalation_event", "recorded", ROOM, f"{run}-{step}", at, values)

    def _call(self, alert: dict[str, Any], at: int, controller: str | None) -> None:
        values = {
            "subject_ref": alert["alert_code"],
            "channel": "call",
            "direction": "in",
            "outcome": "reached",
            "contacted_by": controller,
            "_site": alert["site"],
        }
        if at < self.end_us:
            self.log.add(
                "contact_log", "recorded", ROOM, f"CL{alert['alert_code'][2:]}", at, values
            )

    def _alert(self, alert: dict[str, Any], verb: str, at: int, values: dict[str, Any]) -> None:
        if at < self.end_us:
            about = {"alert_id": alert["alert_code"], "_site": alert["site"]}
            self.log.add("alert", verb, MONITORING, alert["alert_code"], at, about | values)

    def _run(
        self, alert: dict[str, Any], run: str, verb: str, at: int, values: dict[str, Any]
    ) -> None:
        if at < self.end_us:
            about = {"run_id": run, "_site": alert["site"]}
            self.log.add("escalation_run", verb, ROOM, run, at, about | values)

    @staticmethod
    def _due(next_step: int) -> dict[str, Any]:
        return {"next_step_at": next_step} if next_step >= 0 else {}

    def _one_of(self, people: dict[int, list[str]], site: int, number: int) -> str | None:
        mine = people.get(self.tenant_of_site[site], [])
        return mine[int(self.draw.integers(len(mine), number, 99))] if mine else None


_ROLES = ("supervisor", "area_officer", "ops_manager", "senior_manager")


def _by_tenant(world: World, roles: list[str]) -> dict[int, list[str]]:
    chosen = world.people.filter(pl.col("role").is_in(roles))
    groups = chosen.group_by("tenant", maintain_order=True).agg("code")
    return {int(tenant): codes for tenant, codes in groups.iter_rows()}


def _routine_calls(world: World, duties: pl.DataFrame, effects: Effects, log: Log) -> None:
    """Now and then the room calls a site; most are taken, where somebody can."""
    draw = Stream(world.config.seed, "desk.routine")
    there = duties.filter((pl.col("arrives_us") >= 0) & (pl.col("leaves_us") >= 0))
    called = there.filter(pl.Series(draw.chance(ROUTINE_CALLS, there["duty"].to_numpy(), 0)))
    duty, site, device, from_us, to_us = (
        called[name].to_numpy() for name in ("duty", "site", "device", "arrives_us", "leaves_us")
    )
    at = from_us + (draw.uniform(duty, 1) * (to_us - from_us)).astype(np.int64)
    takes = draw.chance(PICKS_UP, duty, 2) & ~_out_of_reach(effects, site, at)
    takes &= ~effects.intervals(Effect.STILL).covers(duty, at)
    takes &= ~effects.intervals(Effect.DARK).covers(device, at)
    for place, when, taken in zip(site.tolist(), at.tolist(), takes.tolist(), strict=True):
        if world.config.start_us <= when < world.config.end_us:
            _call_out(world, log, place, when, "reached" if taken else "no_answer")


def _calls_into_silence(world: World, effects: Effects, log: Log) -> None:
    """After an hour and more of silence somebody sometimes calls the site, and nobody answers."""
    draw = Stream(world.config.seed, "desk.call")
    spans = effects.intervals(Effect.SILENCE)
    for site, start, end in zip(spans.scope, spans.from_us, spans.to_us, strict=True):
        at = int(start + (65 + draw.integers(40, site, start)) * MINUTE_US)
        if at < end and draw.chance(0.5, site, start, 1):
            _call_out(world, log, plain(site), at, "no_answer")


def _call_out(world: World, log: Log, site: int, at: int, outcome: str) -> None:
    """A call of the control room to a site, by a number that tells nothing."""
    number = int(Stream(world.config.seed, "desk.call_out").integers(10_000_000, site, at))
    values = {"channel": "call", "direction": "out", "outcome": outcome, "_site": site}
    log.add("contact_log", "recorded", ROOM, f"CO{number:07}", at, values)
