"""Streams written by hand: what exists, and events that arrive when the test says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from vigia.evaluate.slots import SLOT_US, Span

START = datetime(2026, 3, 23, tzinfo=UTC)
"""A Monday."""
DAY = Span(int(START.timestamp() * 1e6), 288)
LAT, LON, RADIUS_M = 40.0, -3.0, 120.0
METRE = 1 / 111_320


def at(hours):
    """An instant, hours after the start."""
    return START + timedelta(hours=hours)


def slot(hours):
    """The end of the five minutes in which an instant lies: when it is looked at."""
    slots = timedelta(hours=hours) // timedelta(microseconds=SLOT_US)
    return START + (slots + 1) * timedelta(microseconds=SLOT_US)


def event(table, verb, hours, /, site="S0001", source="phone/D1", **data):
    """One line of a stream; it arrives at once."""
    told = text(at(hours))
    return {
        "specversion": "1.0",
        "id": f"{table}-{verb}-{hours}-{len(data)}-{data.get('person_id', '')}",
        "source": source,
        "type": f"vigia.{table}.{verb}.v1",
        "subject": site,
        "time": told,
        "receivedtime": told,
        "data": data,
    }


def text(instant):
    """As a stream spells an instant."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"


def clock(kind, hours, person="G1", site="S0001"):
    """Somebody clocks in or out."""
    return event("attendance_event", "recorded", hours, site, person_id=person, kind=kind)


def beat(hours, device="D1", site="S0001"):
    """A heartbeat."""
    return event("device_heartbeat", "recorded", hours, site, f"phone/{device}", device_id=device)


def fix(hours, device="D1", person="G1", site="S0001", north_m=0.0, steps=9):
    """A position, some metres north of the centre of the site."""
    return event(
        "gps_fix",
        "recorded",
        hours,
        site,
        f"phone/{device}",
        device_id=device,
        person_id=person,
        lat=LAT + north_m * METRE,
        lon=LON,
        steps_delta=steps,
        motion="walking" if steps else "still",
    )


def every(minutes, since, until, make, **about):
    """The same event again and again."""
    count = int((until - since) * 60 / minutes)
    return [make(since + n * minutes / 60, **about) for n in range(count)]


def company(root, events, sites=1, posts=2):
    """A company's folder with a stream of some events (dictionaries, or text for lines as they are).

    Sites are open from 8 to 20 on weekdays; all lie at one place, in one region, without holidays.
    """
    folder = root / "acme" / "events"
    folder.mkdir(parents=True)
    reference = [known for number in range(1, sites + 1) for known in _site(f"S{number:04}", posts)]
    _write(folder / "00000000-reference.ndjson.zst", reference)
    spoken = [e for e in events if isinstance(e, dict)]
    strange = [e for e in events if isinstance(e, str)]
    ordered = sorted(spoken, key=lambda e: e["receivedtime"])
    _write(folder / f"{START:%Y-%m-%d}.ndjson.zst", [*strange, *ordered])
    return root / "acme"


def _site(code, posts):
    hours = {str(day): [["08:00", "20:00"]] for day in range(5)}
    known = {
        "site": {"code": code, "site_id": code, "calendar_id": "K1", "tz": "UTC", "region": "R1"},
        "geofence": {
            "site_id": code,
            "kind": "site",
            "shape": "circle",
            "lat": LAT,
            "lon": LON,
            "radius_m": RADIUS_M,
        },
        "calendar": {"calendar_id": "K1", "tz": "UTC", "hours": hours},
    }
    lines = [event(t, "upserted", -1, code, "registry", **row) for t, row in known.items()]
    for number in range(1, posts + 1):
        row = {"site_id": code, "post_id": f"{code}-P{number}"}
        lines.append(event("post", "upserted", -1, code, "registry", **row))
    for device, kind in (("D1", "phone"), ("D2", "phone"), ("D9", "tracker")):
        row = {"code": device, "kind": kind}
        lines.append(event("device", "upserted", -1, code, "registry", **row))
    return lines


def _write(path, lines):
    spelled = [e if isinstance(e, str) else json.dumps(e, separators=(",", ":")) for e in lines]
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write("".join(f"{line}\n" for line in spelled).encode())
