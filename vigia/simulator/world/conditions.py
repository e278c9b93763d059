"""What the world's weather and networks do by themselves.

Weather is a stationary series by region and day. A site's network is up for 40 hours and down
for 20 minutes on average; about once a month an operator fails in a region.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from vigia.simulator.config import DAY_US, WorldConfig
from vigia.simulator.draws import Floats, Ints, Stream, normal_quantile, quantised
from vigia.simulator.effects import Effect
from vigia.simulator.world.clock import HOUR_US
from vigia.simulator.world.model import WEATHER, World
from vigia.simulator.world.regions import REGIONS, Region, region_of

EffectRow = tuple[Effect, int, int, int, float, int]

MEAN_UP_US = 40 * HOUR_US
MEAN_DOWN_US = HOUR_US // 3
OPERATOR_OUTAGES_A_DAY = 1 / 30
OPERATOR_OUTAGE_MIN = (30.0, 240.0)
SITE_OUTAGE, OPERATOR_OUTAGE = 1.0, 2.0
"""`value` of a natural outage: of the site alone, or of its operator."""
WAVE_DAYS = 10
WAVE_FACTOR = 3.0
_PERSISTENCE = 0.6
_EPOCH = date(1970, 1, 1)


def weather(world: World) -> pl.DataFrame:
    """One row per region and UTC day of the world (`WEATHER`), sorted."""
    regions = [region_of(code) for code in world.sites["region"].unique().sort()]
    days = np.arange(world.config.days)
    frames = [_weather_of(world.config, region, days) for region in regions]
    return pl.concat(frames).cast(WEATHER)


def _weather_of(config: WorldConfig, region: Region, days: Ints) -> pl.DataFrame:
    number = REGIONS.index(region)
    wet = _series(Stream(config.seed, "weather.rain"), number, days)
    warm = _series(Stream(config.seed, "weather.temperature"), number, days)
    ill = _series(Stream(config.seed, "weather.sick"), number, days)
    threshold = normal_quantile(np.array([1 - region.wet]))
    mean, swing = region.temp_c
    start = _EPOCH + timedelta(days=config.start_us // DAY_US)
    # The coldest days come three weeks after New Year.
    season = -np.cos(2 * np.pi * (start.timetuple().tm_yday + days - 20) / 365.25)
    sick = np.clip(quantised(np.exp(0.12 * ill)), 0.6, 1.6) * _wave(config, days)
    return pl.DataFrame(
        {
            "region": region.code,
            "day": days,
            "rain": np.round(np.clip((wet - threshold) / 1.5, 0.0, 1.0), 3),
            "temp_c": np.round(mean + swing * season + 2.5 * warm, 1),
            "sick": np.round(sick, 3),
        }
    )


def _series(draw: Stream, number: int, days: Ints) -> Floats:
    """A first-order autoregression with unit variance."""
    shocks = draw.normal(number, days)
    values = np.empty(len(days))
    last = shocks[0]
    for day, shock in enumerate(shocks):
        last = shock if day == 0 else _PERSISTENCE * last + np.sqrt(1 - _PERSISTENCE**2) * shock
        values[day] = last
    return values


def _wave(config: WorldConfig, days: Ints) -> Floats:
    """Factor of the wave of absences: ten days, at random, everywhere."""
    if not config.knobs.wave:
        return np.ones(len(days))
    latest = max(config.days - WAVE_DAYS, 0)
    first = int(Stream(config.seed, "weather.wave").integers(latest + 1, 0))
    return np.where((days >= first) & (days < first + WAVE_DAYS), WAVE_FACTOR, 1.0)


def natural_outages(world: World) -> list[EffectRow]:
    """Times at which sites have no network, as effects; merged, so that none overlap."""
    both = pl.concat([_site_outages(world.config), _by_site(world, operator_outages(world))])
    apart = (
        both.sort("site", "from_us", "to_us")
        .with_columns(before=pl.col("to_us").cum_max().shift(1).over("site"))
        .with_columns(
            stretch=(pl.col("from_us") > pl.col("before")).fill_null(value=True).cum_sum()
        )
        .group_by("site", "stretch", maintain_order=True)
        .agg(pl.col("from_us").min(), pl.col("to_us").max(), pl.col("value").max())
    )
    rows = apart.select("site", "from_us", "to_us", "value").iter_rows()
    return [(Effect.NETWORK_DOWN, *row, -1) for row in rows]


def _site_outages(config: WorldConfig) -> pl.DataFrame:
    """Failures of each site's own network: exponential times up and down in turn."""
    length = config.end_us - config.start_us
    turns = int(1.5 * length / (MEAN_UP_US + MEAN_DOWN_US)) + 20
    site, turn = np.arange(config.sites)[:, None], np.arange(turns)[None, :]
    draw = Stream(config.seed, "outage.site")
    up = np.rint(draw.exponential(MEAN_UP_US / 1e6, site, turn, 0) * 1e6).astype(np.int64)
    down = np.rint(draw.exponential(MEAN_DOWN_US / 1e6, site, turn, 1) * 1e6).astype(np.int64)
    ends = config.start_us + np.cumsum(up + down, axis=1)
    starts = ends - down
    inside = starts < config.end_us
    return pl.DataFrame(
        {
            "site": np.broadcast_to(site, inside.shape)[inside],
            "from_us": starts[inside],
            "to_us": ends[inside],
        },
        schema={"site": pl.Int64(), "from_us": pl.Int64(), "to_us": pl.Int64()},
    ).with_columns(pl.lit(SITE_OUTAGE).alias("value"))


def operator_outages(world: World) -> pl.DataFrame:
    """Failures of an operator in a region: `region`, `network_operator`, `from_us`, `to_us`."""
    config = world.config
    rows = []
    for code in world.sites["region"].unique().sort():
        region = region_of(code)
        number = REGIONS.index(region)
        draw = Stream(config.seed, "outage.operator")
        for turn in range(int(draw.poisson(config.days * OPERATOR_OUTAGES_A_DAY, number, -1))):
            who = int(draw.choice([share for _, share in region.operators], number, turn, 0))
            at = float(draw.uniform(number, turn, 1)) * config.days * DAY_US
            low, high = np.log(OPERATOR_OUTAGE_MIN)
            minutes = np.exp(draw.uniform(number, turn, 2, low=low, high=high))
            start = config.start_us + int(at)
            rows.append(
                (code, region.operators[who][0], start, start + int(minutes * 60) * 1_000_000)
            )
    names = {"region": pl.String(), "network_operator": pl.String()}
    return pl.DataFrame(
        rows, schema=names | {"from_us": pl.Int64(), "to_us": pl.Int64()}, orient="row"
    )


def _by_site(world: World, outages: pl.DataFrame) -> pl.DataFrame:
    """Failures of operators at every site they serve."""
    sites = world.sites.select("site", "region", "network_operator")
    joined = outages.join(sites, on=["region", "network_operator"])
    value = pl.lit(OPERATOR_OUTAGE).alias("value")
    return joined.select("site", "from_us", "to_us", value)
