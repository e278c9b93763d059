"""What the help desk and the control room have on file: groups, promises, chains, equipment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import polars as pl

from vigia.simulator.config import DAY_US
from vigia.simulator.desk.control_room import CHAIN, WAIT_MIN
from vigia.simulator.desk.facility import CATEGORIES, assets
from vigia.simulator.desk.model import Log
from vigia.simulator.desk.promises import (
    AT_RISK_PCT,
    DESK_HOURS,
    FIRST_RESPONSE_MIN,
    PRIORITIES,
    RESOLVE_MIN,
    ROUND_THE_CLOCK,
    UPDATE_MIN,
)
from vigia.simulator.desk.tickets import GROUPS
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.model import EventFrames, World

SOURCE = "back-office"
_GROUP_NAMES = {
    "FAC": "Facility services",
    "ITS": "Information technology",
    "LOG": "Logistics and uniforms",
    "OPS": "Operations and personnel",
    "SEC": "Security desk",
}
_SEVERITY_OF_CHAIN = {"CRITICAL": "CRITICAL", "HIGH": "HIGH"}


def desk_reference_events(world: World) -> EventFrames:
    """Upserts of everything that help desk and control room have on file."""
    log = Log()
    book = _Book(world, log)
    for tenant in range(world.tenants.height):
        book.groups(tenant)
        book.promises(tenant)
        book.chains(tenant)
        book.on_call(tenant)
    book.equipment()
    return log.frames(world.sites["code"])


class _Book:
    """Writes upserts, all at one instant before the world starts."""

    def __init__(self, world: World, log: Log) -> None:
        self.world = world
        self.log = log
        self.at_us = world.config.start_us - HOUR_US

    def upsert(
        self, table: str, key: str, values: dict[str, Any], *, tenant: int = -1, site: int = -1
    ) -> None:
        owner = {"_site": site, "_tenant": tenant}
        self.log.add(table, "upserted", SOURCE, f"{table}/{key}", self.at_us, values | owner)

    def groups(self, tenant: int) -> None:
        for code in sorted(set(GROUPS.values())):
            key = f"{code}{tenant}"
            values = {"group_id": key, "code": key, "name": _GROUP_NAMES[code]}
            self.upsert("support_group", key, values, tenant=tenant)

    def promises(self, tenant: int) -> None:
        calendar, policy = f"CAL-D{tenant}", f"SLA{tenant}"
        zone = self.world.tenants["default_tz"][tenant]
        hours = orjson.dumps({str(day): spans for day, spans in DESK_HOURS.items()}).decode()
        values = {
            "calendar_id": calendar,
            "code": calendar,
            "name": "Help desk hours",
            "tz": zone,
            "hours": hours,
        }
        self.upsert("calendar", calendar, values, tenant=tenant)
        values = {
            "policy_id": policy,
            "code": policy,
            "name": "Standard promises",
            "calendar_id": calendar,
        }
        self.upsert("sla_policy", policy, values, tenant=tenant)
        for priority in PRIORITIES:
            target = {
                "target_id": f"{policy}-{priority}",
                "policy_id": policy,
                "priority": priority,
                "first_response_min": FIRST_RESPONSE_MIN[priority],
                "update_min": UPDATE_MIN[priority],
                "resolve_min": RESOLVE_MIN[priority],
                "at_risk_pct": float(AT_RISK_PCT),
                "round_the_clock": ROUND_THE_CLOCK[priority],
            }
            self.upsert("sla_target", f"{policy}-{priority}", target, tenant=tenant)

    def chains(self, tenant: int) -> None:
        for severity in _SEVERITY_OF_CHAIN:
            policy = f"ESC{tenant}{severity[0]}"
            values = {"policy_id": policy, "code": policy, "name": f"Chain for {severity}"}
            self.upsert("escalation_policy", policy, values, tenant=tenant)
            for order, ((role, channel), wait) in enumerate(
                zip(CHAIN, WAIT_MIN[severity], strict=True), 1
            ):
                step = {
                    "step_id": f"{policy}-{order}",
                    "policy_id": policy,
                    "order_no": order,
                    "wait_min": wait,
                    "target": "role",
                    "target_ref": role,
                    "channel": channel,
                    "min_severity": severity,
                }
                self.upsert("escalation_step", f"{policy}-{order}", step, tenant=tenant)

    def on_call(self, tenant: int) -> None:
        """Who is on call, a week each, with the next one standing in."""
        people = self.world.people.filter(
            (pl.col("tenant") == tenant)
            & pl.col("role").is_in(["area_officer", "ops_manager", "senior_manager"])
        )
        for role, codes in people.group_by("role", maintain_order=True).agg("code").iter_rows():
            for week in range(self.world.config.days // 7 + 2):
                start = self.world.config.start_us + (week - 1) * 7 * DAY_US
                shift = {
                    "on_call_id": f"OC{tenant}{role[:4]}{week:03}",
                    "schedule_code": f"{role}-{tenant}",
                    "role": role,
                    "person_id": codes[week % len(codes)],
                    "backup_id": codes[(week + 1) % len(codes)],
                    "from_at": start,
                    "to_at": start + timedelta(days=7) // timedelta(microseconds=1),
                }
                self.upsert("on_call_shift", shift["on_call_id"], shift, tenant=tenant)

    def equipment(self) -> None:
        for asset in assets(self.world).iter_rows(named=True):
            category, maker, *_ = CATEGORIES[asset["category"]]
            values = {
                "asset_id": asset["code"],
                "code": asset["code"],
                "site_id": self.world.sites["code"][asset["site"]],
                "category": category,
                "make": maker,
                "criticality": asset["criticality"],
                "status": "operational",
            }
            self.upsert("asset", asset["code"], values, site=asset["site"])
            plan = {
                "plan_id": f"PP{asset['asset']:05}",
                "asset_id": asset["code"],
                "rrule": "FREQ=DAILY;INTERVAL=28",
                "checklist": '{"schema_version":1,"items":["look","test","clean"]}',
                "lead_days": 3,
            }
            self.upsert("preventive_plan", asset["code"], plan, site=asset["site"])
