"""Guards with phones that send, minute by minute, for tests of what is silent."""

from __future__ import annotations

from typing import Any

from tests.domain.findings.patterns.made import LONG_AGO, Made, at


def guard(
    made: Made,
    person: str = "anna",
    *,
    site: str = "site",
    post: str = "post",
    ends: float = 600,
    version: str = "4.9",
    kind: str = "phone",
) -> Made:
    """Somebody on duty from minute 0, with a device that is named after them."""
    made.duty(person, 0, ends, post=post, site=site).add("person", person_id=person, role="guard")
    return carried(made, person, person, version=version, kind=kind)


def carried(
    made: Made, device: str, person: str, *, version: str = "4.9", kind: str = "phone"
) -> Made:
    """A device that somebody holds."""
    made.add("device", device_id=device, kind=kind, platform="android", app_version=version)
    return made.add(
        "device_assignment",
        device_assignment_id=device,
        device_id=device,
        person_id=person,
        from_at=at(LONG_AGO),
    )


def beats(
    made: Made, first: float, last: float, device: str = "anna", *, step: float = 5, **values: Any
) -> Made:
    """Heartbeats of a device; nothing waits on it unless one says so."""
    usual = {"site_id": "site", "device_id": device, "queue_depth": 0, "battery_pct": 80.0}
    minute = first
    while minute < last:
        made.add("device_heartbeat", minute, **usual | values)
        minute += step
    return made


def fixes(
    made: Made, first: float, last: float, device: str = "anna", *, step: float = 5, **values: Any
) -> Made:
    """Usable positions of a device, each elsewhere than the last."""
    usual = {"site_id": "site", "device_id": device, "lon": 2.0, "accuracy_m": 6.0, "satellites": 9}
    minute = first
    while minute < last:
        lat = 40 + (minute + len(made.rows["gps_fix"])) / 1e5
        made.add("gps_fix", minute, **usual | {"lat": lat} | values)
        minute += step
    return made
