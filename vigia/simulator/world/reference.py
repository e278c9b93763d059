"""What exists, as the company's systems tell it before the first day: upserts of reference data.

With `knobs.wrong_reference` some of it is wrong: fences drawn too small or in the wrong place,
requirements an hour off. The world itself is as it is; only what is told of it is wrong.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b

import numpy as np
import polars as pl

from vigia.domain.telemetry.frames import INSTANT
from vigia.simulator.config import DAY_US
from vigia.simulator.draws import Bools, Floats, Ints, Stream
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.envelope import enveloped
from vigia.simulator.world.model import EventFrames, World
from vigia.simulator.world.places import METRES_PER_DEGREE

SOURCE = "registry"
EXCLUSION_SHARE = 0.2
LICENCE_DAYS = 5 * 365
EXPIRING_DAYS = 30
EX_SERVICE_SHARE = 0.15
FIRST_AID_SHARE = 0.25
_EPOCH = date(1970, 1, 1)
_CONTRACT_DAYS = 400


def reference_events(world: World) -> EventFrames:
    """Upserts of everything that exists, an hour before the world starts."""
    tables = {
        "calendar": _calendars(world),
        "holiday": _holidays(world),
        "client": _clients(world),
        "site": _sites(world),
        "zone": _zones(world),
        "geofence": _fences(world),
        "post": _posts(world),
        "post_requirement": _requirements(world),
        "person": _people(world),
        "qualification": _qualifications(world),
        "device": _devices(world),
        "device_assignment": _device_assignments(world),
        "checkpoint": _checkpoints(world),
        "tour_template": _tours(world),
        "tour_schedule": _tour_schedules(world),
    }
    at = pl.lit(world.config.start_us - HOUR_US)
    return {
        table: [
            enveloped(
                rows,
                table,
                source=SOURCE,
                ids=pl.format("{}/{}", pl.lit(table), pl.col(rows.columns[0])),
                verb=pl.lit("upserted"),
                at_us=at,
            )
        ]
        for table, rows in tables.items()
    }


def _codes(frame: pl.DataFrame, numbers: pl.Series) -> pl.Series:
    """Codes of the things with these numbers; null for -1."""
    known = numbers.to_numpy()
    codes = frame["code"].gather(np.maximum(known, 0))
    return codes.set(pl.Series(known < 0), None)


def _of_sites(world: World, rows: pl.DataFrame, site: pl.Series) -> pl.DataFrame:
    """Rows with the columns that say which site they are about."""
    code = _codes(world.sites, site)
    tenant = world.sites["tenant"].gather(site)
    return rows.with_columns(site_id=code, **{".site_code": code, "_site": site, "_tenant": tenant})


def _day(days_before: int, world: World) -> date:
    return _EPOCH + timedelta(days=world.config.start_us // DAY_US - days_before)


def _contract_start(world: World) -> pl.Expr:
    day = _day(_CONTRACT_DAYS, world)
    return pl.lit(datetime(day.year, day.month, day.day, tzinfo=UTC), INSTANT)


def position(world: World, site: Ints, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude of metres east and north of each site's centre."""
    lat, lon = world.sites["lat"].to_numpy()[site], world.sites["lon"].to_numpy()[site]
    north = y_m / METRES_PER_DEGREE
    east = x_m / METRES_PER_DEGREE / np.cos(np.radians(lat))
    return np.round(lat + north, 6), np.round(lon + east, 6)


# ---------------------------------------------------------------------- organisation and place


def _calendars(world: World) -> pl.DataFrame:
    return world.calendars.select(
        calendar_id="code",
        code="code",
        name=pl.format("Hours of {}", world.sites["name"]),
        tz="tz",
        hours="hours",
        _tenant="tenant",
    )


def _holidays(world: World) -> pl.DataFrame:
    number = world.holidays["calendar"]
    calendar = _codes(world.calendars, number)
    return world.holidays.select(
        holiday_id=pl.format("{}-{}", calendar, pl.col("holiday_on").dt.strftime("%y%m%d")),
        calendar_id=calendar,
        holiday_on="holiday_on",
        name="name",
        kind="kind",
        _tenant=world.calendars["tenant"].gather(number),
    )


def _clients(world: World) -> pl.DataFrame:
    draw = Stream(world.config.seed, "client.contract")
    since = 200 + draw.integers(900, world.clients["client"].to_numpy())
    start = pl.Series([_day(int(d), world) for d in since])
    return world.clients.select(
        client_id="code",
        code="code",
        name="name",
        tier="tier",
        contract_no=pl.format("V-{}", pl.col("code").str.slice(1)),
        contract_from_on=start,
        contract_to_on=start.dt.offset_by("5y"),
        status=pl.lit("active"),
        _tenant="tenant",
    )


def _sites(world: World) -> pl.DataFrame:
    named = [
        "code", "name", "archetype", "lat", "lon", "tz", "region", "network_operator",
        "power_feeder", "risk_tier", "criticality", "gps_expectation",
    ]  # fmt: skip
    rows = world.sites.select(
        pl.col("code").alias("site_id"),
        _codes(world.clients, world.sites["client"]).alias("client_id"),
        _codes(world.calendars, world.sites["calendar"]).alias("calendar_id"),
        *named,
        pl.lit("active").alias("status"),
    )
    return _of_sites(world, rows, world.sites["site"])


def _zones(world: World) -> pl.DataFrame:
    rows = world.zones.select(zone_id="code", name="name", indoor="indoor", floor="floor")
    return _of_sites(world, rows, world.zones["site"])


def wrong_fences(world: World) -> pl.DataFrame:
    """How the fence of each site is told: `site`, `wrong`, `radius_m`, `x_m`, `y_m` of its centre."""
    site = world.sites["site"].to_numpy()
    draw = Stream(world.config.seed, "reference.fence")
    wrong = draw.chance(world.config.knobs.wrong_reference, site, 0)
    moved = wrong & draw.chance(0.5, site, 1)
    small = wrong & ~moved
    radius = world.sites["fence_radius_m"].to_numpy()
    away = np.where(moved, draw.uniform(site, 2, low=90.0, high=220.0), 0.0)
    angle = 2 * np.pi * draw.uniform(site, 3)
    shrunk = np.rint(radius * draw.uniform(site, 4, low=0.3, high=0.55) / 5) * 5
    return pl.DataFrame(
        {
            "site": site,
            "wrong": wrong,
            "radius_m": np.where(small, shrunk, radius),
            "x_m": np.round(away * np.cos(angle), 1),
            "y_m": np.round(away * np.sin(angle), 1),
        }
    )


def _fences(world: World) -> pl.DataFrame:
    """The fence of each site as it was drawn, and a forbidden spot at some."""
    told = wrong_fences(world)
    buffer = world.sites["buffer_m"]
    own = told.select(
        "site", "x_m", "y_m", "radius_m", kind=pl.lit("site"), number=pl.lit(1), buffer_m=buffer
    )
    both = pl.concat([own, exclusions(world)]).sort("site", "number")
    site = both["site"]
    lat, lon = position(world, site.to_numpy(), both["x_m"].to_numpy(), both["y_m"].to_numpy())
    rows = both.select(
        geofence_id=pl.format("{}-F{}", _codes(world.sites, site), pl.col("number")),
        kind="kind",
        shape=pl.lit("circle"),
        lat=pl.Series(lat),
        lon=pl.Series(lon),
        radius_m="radius_m",
        buffer_m="buffer_m",
        valid_from=_contract_start(world),
    )
    return _of_sites(world, rows, site)


def exclusions(world: World) -> pl.DataFrame:
    """Spots that guards must keep out of: `site`, `x_m`, `y_m`, `radius_m`, `kind` and so on.

    Each lies at the fence, in the widest gap between checkpoints and posts, so that no round
    leads through it.
    """
    site = world.sites["site"].to_numpy()
    draw = Stream(world.config.seed, "reference.exclusion")
    chosen = site[draw.chance(EXCLUSION_SHARE, site, 0)]
    radius = world.sites["fence_radius_m"].to_numpy()[chosen]
    angle = np.array([_widest_gap(world, int(s)) for s in chosen])
    away = 0.9 * radius
    return pl.DataFrame(
        {
            "site": chosen,
            "x_m": np.round(away * np.cos(angle), 1),
            "y_m": np.round(away * np.sin(angle), 1),
            "radius_m": np.rint(0.1 * radius),
            "kind": ["exclusion"] * len(chosen),
            "number": np.full(len(chosen), 2, dtype=np.int32),
            "buffer_m": np.full(len(chosen), 5.0),
        },
        schema_overrides={"x_m": pl.Float64(), "y_m": pl.Float64()},
    )


def _widest_gap(world: World, site: int) -> float:
    """Middle of the widest angle between neighbouring checkpoints and posts, radians."""
    places = pl.concat(
        [
            f.filter(pl.col("site") == site).select("x_m", "y_m")
            for f in (world.checkpoints, world.posts)
        ]
    )
    angles = np.sort(np.arctan2(places["y_m"].to_numpy(), places["x_m"].to_numpy()))
    gaps = np.diff(np.r_[angles, angles[0] + 2 * np.pi])
    widest = int(np.argmax(gaps))
    return float(angles[widest] + gaps[widest] / 2)


def _posts(world: World) -> pl.DataFrame:
    flags = ["must_man", "armed", "lone", "gps_expected", "work_expected"]
    rows = world.posts.select(
        pl.col("code").alias("post_id"),
        _codes(world.zones, world.posts["zone"]).alias("zone_id"),
        "name",
        "kind",
        *flags,
        pl.lit("1").alias("post_orders_version"),
    )
    return _of_sites(world, rows, world.posts["site"])


def wrong_requirements(world: World) -> Ints:
    """Minutes by which the requirements of each post are told too late; 0 where they are right."""
    post = world.posts["post"].to_numpy()
    draw = Stream(world.config.seed, "reference.requirement")
    wrong = draw.chance(world.config.knobs.wrong_reference, post, 0)
    return np.where(wrong, np.where(draw.chance(0.5, post, 1), 60, -60), 0)


def _requirements(world: World) -> pl.DataFrame:
    needed = world.requirements
    off = wrong_requirements(world)[needed["post"].to_numpy()]
    armed = world.posts["armed"].gather(needed["post"])
    rows = needed.select(
        req_id="code",
        post_id=_codes(world.posts, needed["post"]),
        dow="dow",
        start_local=_wall_time(needed["start_min"].to_numpy() + off),
        end_local=_wall_time(needed["end_min"].to_numpy() + off),
        headcount="headcount",
        qualification=pl.when(armed).then(pl.lit("armed")).otherwise(pl.lit("guard_licence")),
        valid_from=_contract_start(world),
    )
    return _of_sites(world, rows, world.posts["site"].gather(needed["post"])).drop("site_id")


def _wall_time(minutes: Ints) -> pl.Series:
    return pl.Series(minutes % 1440 * 60 * 1_000_000_000, dtype=pl.Int64()).cast(pl.Time())


# ---------------------------------------------------------------------- people and devices


def _people(world: World) -> pl.DataFrame:
    home = world.people["home_site"]
    return world.people.select(
        person_id="code",
        employee_no="code",
        initials="initials",
        role="role",
        hired_on="hired_on",
        supervisor_id=_codes(world.people, world.people["supervisor"]),
        home_site_id=_codes(world.sites, home),
        status=pl.lit("active"),
        **{".site_code": _codes(world.sites, home)},
        _site=home,
        _tenant="tenant",
    )


def _qualifications(world: World) -> pl.DataFrame:
    """Licences of guards and supervisors; first aid for some; arms where a post is armed."""
    guards = world.people.filter(pl.col("role").is_in(["guard", "supervisor"]))
    number = guards["person"].to_numpy()
    draw = Stream(world.config.seed, "reference.qualification")
    armed_sites = world.posts.filter("armed")["site"].unique()
    kinds: tuple[tuple[str, Bools], ...] = (
        ("guard_licence", np.ones(len(number), dtype=bool)),
        ("armed", guards["home_site"].is_in(armed_sites.implode()).to_numpy()),
        ("first_aid", draw.chance(FIRST_AID_SHARE, number, 1)),
        ("supervisor", (guards["role"] == "supervisor").to_numpy()),
    )
    held = [
        guards.filter(pl.Series(has)).with_columns(
            type=pl.lit(kind), serial=pl.lit(serial), licence=pl.lit(serial == 1)
        )
        for serial, (kind, has) in enumerate(kinds, start=1)
    ]
    return _dated(world, pl.concat(held).sort("person", "serial"), draw)


def _dated(world: World, held: pl.DataFrame, draw: Stream) -> pl.DataFrame:
    """Qualifications with days of issue and expiry and hours of training.

    Hours are those of the Private Security Agencies Central Model Rules 2020; who served before
    needs fewer.
    """
    person, serial = held["person"].to_numpy(), held["serial"].to_numpy()
    served = draw.chance(EX_SERVICE_SHARE, person, 2) & held["licence"].to_numpy()
    today = pl.lit(_day(0, world))
    before = pl.lit(pl.Series(10 + draw.integers(30, person, serial, 3)))
    # A licence is renewed when it runs out; a few are not, or not yet.
    issued = pl.col("hired_on") - pl.duration(days=before)
    late = pl.Series(np.where(draw.chance(0.01, person, serial, 4), 0, 45))
    age = (today - issued).dt.total_days() + late
    renewed = issued + pl.duration(days=age // LICENCE_DAYS * LICENCE_DAYS)
    expires = pl.col("issued_on") + pl.duration(days=LICENCE_DAYS)
    class_hours = pl.when(pl.Series(served)).then(40).otherwise(100)
    field_hours = pl.when(pl.Series(served)).then(16).otherwise(60)
    soon = today + pl.duration(days=EXPIRING_DAYS)
    return (
        held.with_columns(issued_on=pl.min_horizontal(renewed, today))
        .with_columns(expires_on=expires)
        .select(
            pl.format("Q{}-{}", pl.col("code").str.slice(1), "serial").alias("qual_id"),
            pl.col("code").alias("person_id"),
            "type",
            "issued_on",
            "expires_on",
            pl.when("licence").then(class_hours).alias("class_hours"),
            pl.when("licence").then(field_hours).alias("field_hours"),
            pl.when(pl.col("expires_on") < today)
            .then(pl.lit("expired"))
            .when(pl.col("expires_on") < soon)
            .then(pl.lit("expiring"))
            .otherwise(pl.lit("valid"))
            .alias("status"),
            _codes(world.sites, held["home_site"]).alias(".site_code"),
            pl.col("home_site").alias("_site"),
            pl.col("tenant").alias("_tenant"),
        )
    )


def _devices(world: World) -> pl.DataFrame:
    device = world.devices
    today = pl.lit(_day(0, world))
    named = ["code", "kind", "platform", "model", "os_version", "app_version"]
    return device.select(
        pl.col("code").alias("device_id"),
        *named,
        pl.Series("serial_hash", [_hash("serial", c) for c in device["code"]]),
        pl.lit("unknown").alias("status"),
        "battery_health_pct",
        (today - pl.duration(days="age_days")).alias("in_service_on"),
        _codes(world.sites, device["site"]).alias(".site_code"),
        pl.col("site").alias("_site"),
        pl.col("tenant").alias("_tenant"),
        pl.col("device").alias("_device"),
    )


def _device_assignments(world: World) -> pl.DataFrame:
    device = world.devices
    return device.select(
        device_assignment_id=pl.format("{}-A1", "code"),
        device_id="code",
        person_id=_codes(world.people, device["person"]),
        post_id=_codes(world.posts, device["post"]),
        from_at=_contract_start(world),
        **{".site_code": _codes(world.sites, device["site"])},
        _site="site",
        _tenant="tenant",
        _device="device",
    )


def _hash(kind: str, code: str) -> str:
    """A keyed hash as a system would hand it out, in hexadecimal."""
    return blake2b(f"{kind}/{code}".encode(), digest_size=32).hexdigest()


# ---------------------------------------------------------------------- tours


def _checkpoints(world: World) -> pl.DataFrame:
    point = world.checkpoints
    site = point["site"]
    lat, lon = position(world, site.to_numpy(), point["x_m"].to_numpy(), point["y_m"].to_numpy())
    rows = point.select(
        pl.col("code").alias("checkpoint_id"),
        _codes(world.zones, point["zone"]).alias("zone_id"),
        "code",
        "name",
        "tech",
        pl.Series("tag_hash", [_hash("tag", c) for c in point["code"]]),
        pl.Series("lat", lat),
        pl.Series("lon", lon),
        "radius_m",
        "indoor",
        "order_no",
        "required",
        "dwell_s",
        pl.lit("active").alias("status"),
    )
    return _of_sites(world, rows, site)


def _tours(world: World) -> pl.DataFrame:
    named = ["name", "kind", "planned_min", "min_leg_s", "mandatory"]
    rows = world.tours.select(pl.col("code").alias("tour_id"), *named, pl.lit("1").alias("version"))
    return _of_sites(world, rows, world.tours["site"])


def _tour_schedules(world: World) -> pl.DataFrame:
    rows = world.tours.select(
        ts_id=pl.format("{}S", "code"),
        tour_id="code",
        rrule=pl.format("FREQ=MINUTELY;INTERVAL={}", "interval_min"),
        window_min="window_min",
        grace_min="grace_min",
    )
    return _of_sites(world, rows, world.tours["site"]).drop("site_id")
