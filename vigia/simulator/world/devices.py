"""What the company's people carry and what stands at its posts.

Guards, supervisors and area officers have a phone each; sites may have a kiosk to clock in at;
mobile posts and some patrols have a tracker; some lone posts have a panic fob. Makers and models
are made up, systems are not.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from vigia.simulator.config import WorldConfig
from vigia.simulator.draws import Floats, Ints, Stream
from vigia.simulator.world import model

PHONE_ROLES = ("guard", "supervisor", "area_officer")
DRAIN_PCT_H = 5.0
_MODELS = (
    # share, platform, model, systems with weights, hours a new battery lasts against the usual
    (0.30, "android", "Nova A14", (("13", 0.5), ("14", 0.5)), 1.0),
    (0.22, "android", "Nova A34", (("14", 0.7), ("15", 0.3)), 1.15),
    (0.18, "android", "Terra Rugged 5", (("12", 0.6), ("13", 0.4)), 1.4),
    (0.14, "android", "Pixel Line 7", (("14", 0.4), ("15", 0.6)), 0.95),
    (0.16, "ios", "Pome SE", (("17.5", 0.6), ("18.1", 0.4)), 1.05),
)
_APPS = (("4.8.2", 0.25), ("4.9.0", 0.6), ("4.9.1", 0.15))
_DOZING = ("Nova A14", "Nova A34")
_FIXED = {
    "kiosk": ("android", "Wall Tab 10", "11", "4.9.0"),
    "tracker": ("rtos", "Tracer T2", "2.4", "2.4.7"),
    "panic_fob": ("rtos", "Beacon F1", "1.1", "1.1.0"),
}
TRACKED_PATROLS = 0.15
FOBS_AT_LONE_POSTS = 0.2


def devices(
    config: WorldConfig, site: pl.DataFrame, post: pl.DataFrame, person: pl.DataFrame
) -> pl.DataFrame:
    """Every device: phones in the order of their people, then kiosks, trackers and fobs."""
    frame = pl.concat([_phones(config, person), _posted(config, site, post)], how="vertical")
    cohort = pl.struct("platform", "os_version", "app_version").rank("dense") - 1
    frame = frame.with_row_index("device").with_columns(
        code=pl.format("D{}", (pl.col("device") + 1).cast(pl.String).str.zfill(5)), cohort=cohort
    )
    return frame.select(model.DEVICES.names()).cast(model.DEVICES)


def _phones(config: WorldConfig, person: pl.DataFrame) -> pl.DataFrame:
    holder = person.filter(pl.col("role").is_in(PHONE_ROLES))
    number = holder["person"].to_numpy()
    draw = Stream(config.seed, "device.phone")
    make = draw.choice([m[0] for m in _MODELS], number, 0)
    weights = np.array([[w for _, w in m[3]] for m in _MODELS])[make]
    system = (draw.uniform(number, 1) > weights[:, 0]).astype(np.int64)
    age = np.clip(draw.lognormal(420.0, 0.7, number, 2), 10, 1_800).astype(np.int64)
    health = _health(draw, number, age)
    lasts = np.array([m[4] for m in _MODELS])[make]
    return pl.DataFrame(
        {
            "tenant": holder["tenant"],
            "kind": "phone",
            "person": number,
            "post": -1,
            "site": holder["home_site"],
            "platform": [_MODELS[m][1] for m in make],
            "model": [_MODELS[m][2] for m in make],
            "os_version": [_MODELS[m][3][s][0] for m, s in zip(make, system, strict=True)],
            "app_version": [_APPS[a][0] for a in draw.choice([w for _, w in _APPS], number, 3)],
            "age_days": age,
            "battery_health_pct": health,
            "drain_pct_h": _drain(draw, number, health, lasts),
            "dozes": [_MODELS[m][2] in _DOZING for m in make],
        }
    ).cast({"person": pl.Int64(), "post": pl.Int64()})


def _health(draw: Stream, number: Ints, age: Ints) -> Floats:
    """Capacity left: about a tenth a year, and luck."""
    capacity: Floats = 100 - 10 * age / 365 + 4 * draw.normal(number, 4)
    return np.round(capacity.clip(45, 100))


def _drain(draw: Stream, number: Ints, health: Floats, lasts: Floats) -> Floats:
    usual = DRAIN_PCT_H * 0.9 / lasts * 100 / health
    return np.round(draw.lognormal(usual, 0.15, number, 5).clip(2.0, 14.0), 2)


def _posted(config: WorldConfig, site: pl.DataFrame, post: pl.DataFrame) -> pl.DataFrame:
    """Devices that belong to a post: a site's kiosk is at its first one."""
    draw = Stream(config.seed, "device.posted")
    first = post.group_by("site").agg(pl.col("post").min())
    kiosks = first.join(site.filter("has_kiosk").select("site"), on="site").sort("site")
    number = post["post"].to_numpy()
    patrol = (post["kind"] == "patrol").to_numpy() & draw.chance(TRACKED_PATROLS, number, 0)
    tracked = post.filter(pl.Series((post["kind"] == "mobile").to_numpy() | patrol))
    lone = pl.Series(post["lone"].to_numpy() & draw.chance(FOBS_AT_LONE_POSTS, number, 1))
    placed = [
        frame.select("post", "site", pl.lit(kind).alias("kind"))
        for kind, frame in (
            ("kiosk", kiosks),
            ("tracker", tracked),
            ("panic_fob", post.filter(lone)),
        )
    ]
    frame = pl.concat(placed)
    spot, serial = frame["post"].to_numpy(), np.arange(frame.height)
    age = draw.integers(1_200, spot, serial, 2) + 20
    about = [_FIXED[kind] for kind in frame["kind"]]
    return pl.DataFrame(
        {
            "tenant": site["tenant"].gather(frame["site"]),
            "kind": frame["kind"],
            "person": pl.Series([-1], dtype=pl.Int64()).new_from_index(0, frame.height),
            "post": frame["post"],
            "site": frame["site"],
            "platform": [a[0] for a in about],
            "model": [a[1] for a in about],
            "os_version": [a[2] for a in about],
            "app_version": [a[3] for a in about],
            "age_days": age,
            "battery_health_pct": np.round(np.clip(100 - 8 * age / 365, 60, 100)),
            "drain_pct_h": np.where(frame["kind"].to_numpy() == "tracker", 1.0, 0.1),
            "dozes": False,
        }
    )
