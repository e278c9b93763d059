"""A mixed stream as a guarding company sends it, from a seed: records and changes of things.

Only types, sizes, order and the share of changes (an eighth) matter here, no story: the world with
known truth is the simulator's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import islice
from random import Random
from typing import Any

import orjson

START = datetime(2026, 1, 5, tzinfo=UTC)
SITES, GUARDS, CHECKPOINTS = 20, 9, 8
_HOUR = 3600.0
_FIX_EVERY_S, _BEAT_EVERY_S, _USE_EVERY_S = 180.0, 600.0, 720.0


def mixed_events(count: int, seed: int, *, records: bool = True) -> Iterator[bytes]:
    """That many CloudEvents of 20 sites in the order of their arrival, what they name first.

    Some 57,000 make a day. The same seed gives the same bytes.

    Args:
        count: How many.
        seed: Where the dice start.
        records: False leaves changes of things alone.
    """
    return islice(_Company(Random(seed), records).stream(), count)


@dataclass(slots=True)
class _Company:
    """Days of a company, one after the other.

    Attributes:
        pick: The dice.
        records: Whether anything is sent but changes of things.
        arrivals: What is on its way: arrival, number, line.
        numbers: Kind of event or thing to how many there were.
    """

    pick: Random
    records: bool
    arrivals: list[tuple[float, int, bytes]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def stream(self) -> Iterator[bytes]:
        """Events for as long as somebody asks."""
        self._found()
        day = 0
        while True:
            for site in range(SITES):
                self._live(site, day * 24 * _HOUR)
            day += 1
            while self.arrivals and self.arrivals[0][0] < day * 24 * _HOUR:
                yield heappop(self.arrivals)[2]

    def _number(self, kind: str) -> int:
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return self.numbers[kind]

    def _send(
        self, kind: str, at: float, site: int, data: dict[str, Any], source: str = "ops"
    ) -> None:
        """Put one event on its way; `kind` is table and verb, `at` seconds since the start."""
        arrival = at + self.pick.expovariate(0.5)
        if source != "ops" and self.pick.random() < 0.02:
            arrival += self.pick.random() * 2 * _HOUR  # stored on the device first
        number, order = self._number(source), self._number("event")
        event = {
            "specversion": "1.0",
            "id": f"{source}-{number:07d}",
            "source": f"urn:vigia:bench:{source}",
            "type": f"vigia.{kind}.v1",
            "subject": f"SITE-{site:03d}",
            "time": _instant(at),
            "receivedtime": _instant(arrival),
            "data": data,
        }
        heappush(self.arrivals, (arrival, order, orjson.dumps(event)))

    # ------------------------------------------------------------------ what is there from the start

    def _found(self) -> None:
        for site in range(SITES):
            code, before = f"SITE-{site:03d}", -2 * _HOUR
            place = {"lat": 17.4 + site / 100, "lon": 78.4 + site / 90, "tz": "Asia/Kolkata"}
            self._send("site.upserted", before, site, {"code": code, "status": "active"} | place)
            tour = {"tour_id": f"TOUR-{site}", "site_id": code, "planned_min": 25}
            self._send("tour_template.upserted", before / 2, site, tour)
            for n in range(CHECKPOINTS):
                point = {"code": f"CP-{site}-{n}", "site_id": code, "tech": "nfc", "order_no": n}
                self._send("checkpoint.upserted", before / 2, site, point)
            for n in range(GUARDS):
                guard = {"employee_no": f"P-{site}-{n}", "role": "guard", "home_site_id": code}
                self._send("person.upserted", before / 2, site, guard)
                phone = {"code": f"D-{site}-{n}", "kind": "phone", "platform": "android"}
                self._send("device.upserted", before / 2, site, phone)

    # ------------------------------------------------------------------ a day

    def _live(self, site: int, day: float) -> None:
        for shift in range(3):
            start = day + (6 + 8 * shift) * _HOUR
            self._shift(site, start, [f"{site}-{shift * 3 + n}" for n in range(3)])
        for n in range(12):
            self._tour(site, day + (1 + 2 * n) * _HOUR, f"{site}-{self.pick.randrange(GUARDS)}")
        for _ in range(60):
            door = {"door": f"door {self.pick.randrange(4)}", "kind": "granted"}
            self._record("access_event", self._moment(day), site, door, "access")
        self._desk(site, day)

    def _moment(self, day: float) -> float:
        return day + self.pick.random() * 24 * _HOUR

    def _record(self, table: str, at: float, site: int, data: dict[str, Any], source: str) -> None:
        if not self.records:
            return
        time = "fix_time" if table == "gps_fix" else "event_time"
        data = {"site_id": f"SITE-{site:03d}", time: _instant(at)} | data
        self._send(f"{table}.recorded", at, site, data, source)

    def _shift(self, site: int, start: float, guards: list[str]) -> None:
        shift = {"shift_id": f"SH-{self._number('shift'):06d}", "site_id": f"SITE-{site:03d}"}
        planned = {"starts_at": _instant(start), "ends_at": _instant(start + 8 * _HOUR)}
        self._send("shift.published", start - 5.5 * _HOUR, site, shift | planned | {"headcount": 3})
        self._send("shift.updated", start, site, shift | {"status": "in_progress"})
        for guard in guards:
            duty = {
                "assignment_id": f"AS-{self._number('assignment'):06d}",
                "shift_id": shift["shift_id"],
                "person_id": f"P-{guard}",
            }
            self._life("shift_assignment", site, duty, [
                ("assigned", start - 5 * _HOUR, {"status": "assigned"}),
                ("updated", start - 4 * _HOUR, {"status": "confirmed"}),
                ("updated", start, {"status": "checked_in"}),
                ("updated", start + 8 * _HOUR, {"status": "completed"}),
            ])  # fmt: skip
            self._duty(site, start, guard, str(duty["assignment_id"]))
            for n in range(5):
                self._check(site, start + (1 + 1.5 * n) * _HOUR, guard)

    def _duty(self, site: int, start: float, guard: str, assignment: str) -> None:
        """What a phone sends in eight hours."""
        phone = {"device_id": f"D-{guard}", "boot_id": f"boot-{start:.0f}-{guard}"}
        person = {"person_id": f"P-{guard}"}
        source, pick, seq = f"phone-{guard}", self.pick, 0
        for kind, at in (("clock_in", start), ("clock_out", start + 8 * _HOUR)):
            data = person | {"assignment_id": assignment, "kind": kind, "method": "app"}
            self._record("attendance_event", at, site, data | self._place(site), source)
        steps = ((_FIX_EVERY_S, self._fix), (_BEAT_EVERY_S, _beat), (_USE_EVERY_S, _use))
        for every, make in steps:
            at = start + pick.random() * every
            while at < start + 8 * _HOUR:
                seq += 1
                table, data = make(pick, site)
                who = {} if table == "device_heartbeat" else person
                self._record(table, at, site, phone | who | {"seq": seq} | data, source)
                at += every * (0.9 + 0.2 * pick.random())

    def _place(self, site: int) -> dict[str, Any]:
        pick = self.pick
        return {
            "lat": round(17.4 + site / 100 + pick.gauss(0, 3e-4), 7),
            "lon": round(78.4 + site / 90 + pick.gauss(0, 3e-4), 7),
            "accuracy_m": round(pick.gammavariate(2, 4), 1),
        }

    def _fix(self, pick: Random, site: int) -> tuple[str, dict[str, Any]]:
        return "gps_fix", self._place(site) | {
            "altitude_m": round(540 + pick.gauss(0, 4), 1),
            "speed_mps": round(pick.expovariate(1), 2),
            "course_deg": round(pick.random() * 360, 1),
            "hdop": round(0.7 + pick.random(), 2),
            "satellites": pick.randrange(6, 20),
            "provider": "fused",
            "mock": False,
            "valid": True,
            "steps_delta": pick.randrange(200),
            "motion": pick.choice(("still", "walking")),
        }

    def _tour(self, site: int, due: float, guard: str) -> None:
        run = {
            "run_id": f"RUN-{self._number('run'):06d}",
            "tour_id": f"TOUR-{site}",
            "site_id": f"SITE-{site:03d}",
        }
        planned = {"due_at": _instant(due), "checkpoints_planned": CHECKPOINTS}
        began, ended = due + 120, due + 1500
        self._life("tour_run", site, run, [
            ("scheduled", due - _HOUR, planned | {"status": "scheduled"}),
            ("started", began, {"started_at": _instant(began), "status": "in_progress"}),
            ("completed", ended, {"ended_at": _instant(ended), "status": "completed",
                                  "checkpoints_scanned": CHECKPOINTS}),
        ])  # fmt: skip
        for n in range(CHECKPOINTS):
            scan = {"run_id": run["run_id"], "checkpoint_id": f"CP-{site}-{n}", "verdict": "valid"}
            who = {"person_id": f"P-{guard}", "device_id": f"D-{guard}"}
            at = began + 150.0 * (n + 1)
            data = scan | who | self._place(site)
            self._record("checkpoint_scan", at, site, data, f"phone-{guard}")

    def _check(self, site: int, due: float, guard: str) -> None:
        check = {"check_id": f"WC-{self._number('check'):06d}", "site_id": f"SITE-{site:03d}"}
        window = {"due_at": _instant(due), "closes_at": _instant(due + 600), "result": "pending"}
        answered = due + self.pick.random() * 500
        self._life("welfare_check", site, check | {"person_id": f"P-{guard}"}, [
            ("scheduled", due - _HOUR, window),
            ("answered", answered, {"answered_at": _instant(answered), "result": "ok",
                                    "method": "app", "attempts": 1}),
            ("closed", due + 600, {"result": "ok"}),
        ])  # fmt: skip

    def _desk(self, site: int, day: float) -> None:
        """Tasks, tickets and alerts of a day."""
        place = {"site_id": f"SITE-{site:03d}"}
        for n in range(37):
            kind = ("task", "ticket", "alert")[0 if n < 20 else 1 if n < 25 else 2]
            at, name = self._moment(day), f"{kind.upper()}-{self._number(kind):06d}"
            later = at + 900 + self.pick.random() * 3 * _HOUR
            self._life(kind, site, place | _DESK[kind](name), [
                (verb, at + (later - at) * share, {stamp: _instant(at + (later - at) * share)} | told)
                for verb, share, stamp, told in _LIVES[kind]
            ])  # fmt: skip

    def _life(
        self, table: str, site: int, thing: dict[str, Any],
        changes: list[tuple[str, float, dict[str, Any]]],
    ) -> None:  # fmt: skip
        for verb, at, told in changes:
            self._send(f"{table}.{verb}", at, site, thing | told)


_DESK: dict[str, Any] = {
    "task": lambda name: {"task_id": name, "kind": "inspection", "title": "Check the fire doors"},
    "ticket": lambda name: {"number": name, "category": "facility", "subject": "Gate is stuck"},
    "alert": lambda name: {"alert_id": name, "type": "door_held", "severity": "LOW"},
}
_LIVES: dict[str, tuple[tuple[str, float, str, dict[str, Any]], ...]] = {
    "task": (
        ("created", 0.0, "due_at", {"status": "pending", "priority": "P3", "est_min": 15}),
        ("updated", 0.4, "due_at", {"status": "in_progress"}),
        ("completed", 1.0, "completed_at", {"status": "completed"}),
    ),
    "ticket": (
        ("created", 0.0, "opened_at", {"status": "new", "priority": "P3", "channel": "app"}),
        ("updated", 0.2, "first_response_at", {"status": "in_progress"}),
        ("resolved", 0.9, "resolved_at", {"status": "resolved"}),
        ("closed", 1.0, "closed_at", {"status": "closed"}),
    ),
    "alert": (
        ("raised", 0.0, "first_seen_at", {"state": "firing", "count": 1}),
        ("acknowledged", 0.3, "acked_at", {"state": "acknowledged"}),
        ("resolved", 1.0, "resolved_at", {"state": "resolved"}),
    ),
}


def _beat(pick: Random, _site: int) -> tuple[str, dict[str, Any]]:
    return "device_heartbeat", {
        "battery_pct": round(20 + 80 * pick.random(), 1),
        "charging": pick.random() < 0.1,
        "network": pick.choice(("4g", "5g", "wifi")),
        "rssi_dbm": -pick.randrange(50, 110),
        "location_permission": "always",
        "gps_enabled": True,
        "power_save": False,
        "app_state": "background",
        "queue_depth": 0,
        "clock_offset_ms": pick.randrange(-300, 300),
    }


def _use(pick: Random, _site: int) -> tuple[str, dict[str, Any]]:
    return "phone_event", {"kind": pick.choice(("interaction", "push_ack")), "human": True}


def _instant(at: float) -> str:
    return (START + timedelta(seconds=round(at, 3))).isoformat(timespec="milliseconds")
