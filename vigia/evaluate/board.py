"""The scoreboard: worlds judged one by one, and what they say together.

Belongs here: making and judging worlds, keeping what was judged, adding it up. Does not belong
here: how it looks on a terminal (`vigia.cli.evaluate`) or how a figure is computed (`score`).

Only what happens in the test span counts: before it a detector may learn.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from vigia.domain.errors import VigiaError
from vigia.evaluate import naive
from vigia.evaluate.hardness import Hardness
from vigia.evaluate.matching import Matches, match
from vigia.evaluate.score import BLOCKS, Score, alarms_per_site_day, blocks, score, traps_sprung
from vigia.evaluate.slots import SLOT_US, Span
from vigia.evaluate.truth import read_truth
from vigia.evaluate.watch import watch
from vigia.simulator.config import DAY_US, WorldConfig
from vigia.simulator.emit.files import read_manifest
from vigia.simulator.generate import VERSION as GENERATOR
from vigia.simulator.generate import generate

VERSION = 1
"""Of the judging: another number, and what was kept of earlier worlds is judged again."""

DELAYS = pl.Schema(
    {
        "class": pl.String(),
        "verdict": pl.String(),
        "delay_onset_s": pl.Float64(),
        "delay_detectable_s": pl.Float64(),
    }
)
TRAPS = pl.Schema({"kind": pl.String(), "traps": pl.Int64(), "sprung": pl.Int64()})
Progress = Callable[[str], None]
"""Told what is being done."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one world said about the plain rules.

    Attributes:
        level: How hard the world was asked to be.
        seed: Which world of its kind.
        blocks: `BLOCKS`: counts by site and class.
        delays: `DELAYS`: one row per episode that was found.
        traps: `TRAPS`: by kind, how many, and how many were sprung.
        alarms_per_site_day: False alarms of MEDIUM or worse.
        hardness: Measured on the stream (`hardness`).
    """

    level: str
    seed: int
    blocks: pl.DataFrame
    delays: pl.DataFrame
    traps: pl.DataFrame
    alarms_per_site_day: float
    hardness: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        frames = {n: getattr(self, n).to_dict(as_series=False) for n in ("blocks", "delays")}
        plain = {
            "level": self.level,
            "seed": self.seed,
            "alarms_per_site_day": self.alarms_per_site_day,
            "hardness": self.hardness,
        }
        return {**plain, **frames, "traps": self.traps.to_dict(as_series=False)}

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Judged:
        """What `as_dict` gave."""
        frames = {
            name: pl.DataFrame(kept[name], schema)
            for name, schema in (("blocks", BLOCKS), ("delays", DELAYS), ("traps", TRAPS))
        }
        return cls(**{**kept, **frames})


@dataclass(frozen=True, slots=True)
class Board:
    """What some worlds of one level say together.

    Attributes:
        level: Their level.
        seeds: Their seeds.
        naive: Score of the plain rules by class.
        traps: Share of the traps of each kind that the plain rules fell for.
        per_site_day: Their false alarms of MEDIUM or worse, a site and day.
        hardness: What makes the level hard, as measured; the mean of the worlds.
    """

    level: str
    seeds: tuple[int, ...]
    naive: dict[str, Score]
    traps: dict[str, float]
    per_site_day: float
    hardness: dict[str, float]

    @property
    def f1(self) -> float | None:
        """Mean of the F1 of the classes that have one: the bar in one figure."""
        known = [found.f1 for found in self.naive.values() if found.f1 is not None]
        return sum(known) / len(known) if known else None

    def as_dict(self) -> dict[str, Any]:
        """The shape that others rely on; a part that is not built yet is absent."""
        figures = {
            "level": self.level,
            "seeds": list(self.seeds),
            "naive": {name: found.as_dict() for name, found in self.naive.items()},
            "naive_traps": {kind: round(rate, 4) for kind, rate in self.traps.items()},
            "naive_per_site_day": round(self.per_site_day, 4),
            "hardness": self.hardness,
        }
        return figures if self.f1 is None else figures | {"naive_f1": round(self.f1, 4)}


def scoreboard(judged: Sequence[Judged]) -> Board:
    """Add up worlds of one level.

    Raises:
        VigiaError: There is none, or their levels differ.
    """
    levels = sorted({world.level for world in judged})
    if len(levels) != 1:
        raise VigiaError(
            f"The worlds are of levels {', '.join(levels) or 'none'}. Score one level at a time: a "
            "figure over several says nothing of either."
        )
    counted = pl.concat([world.blocks for world in judged])
    delays = pl.concat([world.delays for world in judged])
    traps = pl.concat([world.traps for world in judged]).group_by("kind").sum().sort("kind")
    return Board(
        levels[0],
        tuple(world.seed for world in judged),
        {name: score(counted, delays, name) for name in naive.CLASSES},
        dict(traps.select("kind", pl.col("sprung") / pl.col("traps")).iter_rows()),
        sum(world.alarms_per_site_day for world in judged) / len(judged),
        _mean([world.hardness for world in judged]),
    )


def _mean(figures: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure over the worlds that have it."""
    found = {}
    for name in dict.fromkeys(n for each in figures for n in each):
        values = [each[name] for each in figures if name in each]
        found[name] = round(sum(values) / len(values), 4)
    return found


def judge(world: Path) -> Judged:
    """Let the plain rules read the stream of a world, and hold them against its truth.

    Args:
        world: A world's folder.

    Raises:
        VigiaError: The folder is no finished world; the text says what is missing.
    """
    manifest = read_manifest(world)
    config = manifest["config"]
    start_us = _midnight_us(config["start_on"])
    span = Span(start_us, (config["learn_days"] + config["test_days"]) * DAY_US // SLOT_US)
    truth, hardness, findings = read_truth(world), Hardness(), []
    for tenant in manifest["tenants"]:
        watched = watch(world / tenant["slug"], span, hardness.add)
        findings.append(naive.naive_findings(watched, tenant["slug"]))
    tested_us = start_us + config["learn_days"] * DAY_US
    # Traps that tempt to what the plain rules do not look for say nothing about them.
    traps = truth.traps.filter(
        pl.col("from").dt.epoch("us") >= tested_us, pl.col("tempting_type").is_in(naive.CLASSES)
    )
    found = in_test_span(match(pl.concat(findings), truth.episodes, truth.traps), tested_us)
    return Judged(
        config["level"],
        config["seed"],
        blocks(f"{config['level']}/{config['seed']}", found),
        found.episodes.filter(verdict="found").select(DELAYS.names()).cast(DELAYS),
        traps_sprung(found, traps).cast(TRAPS),
        alarms_per_site_day(found, config["sites"], timedelta(days=config["test_days"])),
        hardness.figures(truth),
    )


def in_test_span(found: Matches, from_us: int) -> Matches:
    """What belongs to the test span: what began in it, and findings that match nothing earlier."""
    since = pl.lit(from_us).cast(pl.Datetime("us", "UTC"))
    episodes = found.episodes.filter(pl.col("onset") >= since)
    earlier = found.episodes.filter(pl.col("onset") < since).select("episode")
    detections = found.detections.filter(pl.col("detected_at") >= since)
    return Matches(detections.join(earlier, on="episode", how="anti"), episodes)


def _midnight_us(day: str) -> int:
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return (midnight - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def judge_new(
    config: WorldConfig,
    *,
    cache: Path | None = None,
    workers: int = 1,
    progress: Progress = lambda _text: None,
) -> Judged:
    """Make a world, judge it, and throw it away.

    Args:
        config: What world.
        cache: Folder of what was judged before; a world that is there is not made again.
        workers: Processes that make it.
        progress: Told of each step.
    """
    kept = cache / f"{_name(config)}.json" if cache else None
    if kept and kept.is_file():
        return Judged.from_dict(json.loads(kept.read_text()))
    with tempfile.TemporaryDirectory(prefix="vigia-world-") as folder:
        progress(f"making {config.level.value}, seed {config.seed}")
        generate(config, Path(folder) / "world", workers=workers)
        progress(f"judging {config.level.value}, seed {config.seed}")
        judged = judge(Path(folder) / "world")
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".part")
        unfinished.write_text(json.dumps(judged.as_dict()))
        unfinished.rename(kept)
    return judged


def _name(config: WorldConfig) -> str:
    """A name for a configuration under these versions of generator and judge."""
    known = json.dumps([GENERATOR, VERSION, asdict(config)], sort_keys=True, default=str)
    return sha256(known.encode()).hexdigest()[:16]
