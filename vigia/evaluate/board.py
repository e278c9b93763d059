"""The scoreboard: worlds judged one by one, and what they say together.

Belongs here: making and judging worlds, keeping what was judged, adding it up. Does not belong
here: how it looks on a terminal (`vigia.cli.evaluate`) or how a figure is computed (`score`).

Only what happens in the test span counts: before it a detector may learn.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from vigia.domain.errors import VigiaError
from vigia.domain.findings.patterns import PATTERNS
from vigia.evaluate import naive
from vigia.evaluate.detected import day, detections, episodes
from vigia.evaluate.facts import read_facts
from vigia.evaluate.hardness import Hardness
from vigia.evaluate.matching import Matches, match
from vigia.evaluate.score import BLOCKS, Score, alarms_per_site_day, blocks, score, traps_sprung
from vigia.evaluate.slots import SLOT_US, Span
from vigia.evaluate.truth import Truth, read_truth
from vigia.evaluate.watch import Watched, watch
from vigia.simulator.config import DAY_US, WorldConfig
from vigia.simulator.emit.files import read_manifest
from vigia.simulator.generate import VERSION as GENERATOR
from vigia.simulator.generate import generate

VERSION = 2
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
CLASSES = tuple(pattern.code for pattern in PATTERNS)
"""What the product looks for, as far as it is built."""
STEP = timedelta(minutes=1)
WARM_UP = timedelta(hours=12)
"""What is open when the test span begins is known by then."""
REMEMBERED = timedelta(days=14)
"""Things of which nothing was heard for so long are no longer waited for, as in audits."""
QUIET = "quiet"
Progress = Callable[[str], None]
"""Told what is being done."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one detector made of one world.

    Attributes:
        blocks: `BLOCKS`: counts by site and class.
        delays: `DELAYS`: one row per episode that was found.
        traps: `TRAPS`: by kind, how many, and how many were sprung.
        alarms_per_site_day: False alarms of MEDIUM or worse.
    """

    blocks: pl.DataFrame
    delays: pl.DataFrame
    traps: pl.DataFrame
    alarms_per_site_day: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        names = ("blocks", "delays", "traps")
        frames = {name: getattr(self, name).to_dict(as_series=False) for name in names}
        return {**frames, "alarms_per_site_day": self.alarms_per_site_day}

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Sheet:
        """What `as_dict` gave."""
        schemas = (("blocks", BLOCKS), ("delays", DELAYS), ("traps", TRAPS))
        return cls(**{**kept, **{name: pl.DataFrame(kept[name], of) for name, of in schemas}})


@dataclass(frozen=True, slots=True)
class Judged:
    """What one world said.

    Attributes:
        level: How hard the world was asked to be.
        seed: Which world of its kind.
        product: What the product made of it.
        naive: What the plain rules made of it.
        hardness: Measured on the stream (`hardness`).
    """

    level: str
    seed: int
    product: Sheet
    naive: Sheet
    hardness: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "level": self.level,
            "seed": self.seed,
            "hardness": self.hardness,
            "product": self.product.as_dict(),
            "naive": self.naive.as_dict(),
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Judged:
        """What `as_dict` gave."""
        sheets = {name: Sheet.from_dict(kept[name]) for name in ("product", "naive")}
        return cls(**{**kept, **sheets})


@dataclass(frozen=True, slots=True)
class Tally:
    """What some worlds of one level say of one detector.

    Attributes:
        classes: Score by class.
        traps: Share of the traps of each kind that it fell for.
        per_site_day: Its false alarms of MEDIUM or worse, a site and day.
    """

    classes: dict[str, Score]
    traps: dict[str, float]
    per_site_day: float

    @property
    def f1(self) -> float | None:
        """Mean of the F1 of the classes that have one."""
        return mean_f1(self.classes, self.classes)


@dataclass(frozen=True, slots=True)
class Board:
    """What some worlds of one level say together.

    Attributes:
        level: Their level.
        seeds: Their seeds.
        product: Of the product.
        naive: Of the plain rules.
        hardness: What makes the level hard, as measured; the mean of the worlds.
    """

    level: str
    seeds: tuple[int, ...]
    product: Tally
    naive: Tally
    hardness: dict[str, float]

    @property
    def margin(self) -> float | None:
        """Mean F1 of the product less that of the plain rules, over the classes of both."""
        shared = [name for name in self.product.classes if name in self.naive.classes]
        ours = mean_f1(self.product.classes, shared)
        bar = mean_f1(self.naive.classes, shared)
        return None if ours is None or bar is None else ours - bar

    def as_dict(self) -> dict[str, Any]:
        """The shape that others rely on; a part that is not built yet is absent."""
        figures: dict[str, Any] = {
            "level": self.level,
            "seeds": list(self.seeds),
            "classes": {name: found.as_dict() for name, found in self.product.classes.items()},
            "traps": {kind: round(rate, 4) for kind, rate in self.product.traps.items()},
            "per_site_day": round(self.product.per_site_day, 4),
            "naive": {name: found.as_dict() for name, found in self.naive.classes.items()},
            "naive_traps": {kind: round(rate, 4) for kind, rate in self.naive.traps.items()},
            "naive_per_site_day": round(self.naive.per_site_day, 4),
            "hardness": self.hardness,
        }
        if self.level == QUIET:
            figures["quiet_per_site_day"] = figures["per_site_day"]
        means = {"f1": self.product.f1, "naive_f1": self.naive.f1, "margin": self.margin}
        return figures | {n: round(v, 4) for n, v in means.items() if v is not None}


def mean_f1(scores: Mapping[str, Score], names: Iterable[str]) -> float | None:
    """Mean of the F1 of some classes, of those that have one."""
    known = [found for name in names if (found := scores[name].f1) is not None]
    return sum(known) / len(known) if known else None


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
    return Board(
        levels[0],
        tuple(world.seed for world in judged),
        _tally([world.product for world in judged], CLASSES),
        _tally([world.naive for world in judged], naive.CLASSES),
        _mean([world.hardness for world in judged]),
    )


def _tally(sheets: Sequence[Sheet], classes: Sequence[str]) -> Tally:
    counted = pl.concat([sheet.blocks for sheet in sheets])
    delays = pl.concat([sheet.delays for sheet in sheets])
    traps = pl.concat([sheet.traps for sheet in sheets]).group_by("kind").sum().sort("kind")
    return Tally(
        {name: score(counted, delays, name) for name in classes},
        dict(traps.select("kind", pl.col("sprung") / pl.col("traps")).iter_rows()),
        sum(sheet.alarms_per_site_day for sheet in sheets) / len(sheets),
    )


def _mean(figures: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure over the worlds that have it."""
    found = {}
    for name in dict.fromkeys(n for each in figures for n in each):
        values = [each[name] for each in figures if name in each]
        found[name] = round(sum(values) / len(values), 4)
    return found


def judge(world: Path, step: timedelta = STEP, workers: int = 1) -> Judged:
    """Let the product and the plain rules read the stream of a world, and hold both against truth.

    Args:
        world: A world's folder.
        step: How often the product looks.
        workers: Processes that read the stream.

    Raises:
        VigiaError: The folder is no finished world; the text says what is missing.
    """
    manifest = read_manifest(world)
    config = manifest["config"]
    start_us = _midnight_us(config["start_on"])
    span = Span(start_us, (config["learn_days"] + config["test_days"]) * DAY_US // SLOT_US)
    tested_us = start_us + config["learn_days"] * DAY_US
    truth, hardness, plain, ours = read_truth(world), Hardness(), [], []
    for tenant in manifest["tenants"]:
        company = world / tenant["slug"]
        watched = watch(company, span, hardness.add)
        plain.append(naive.naive_findings(watched, tenant["slug"]))
        facts = read_facts(company, workers, (day(tested_us) - REMEMBERED).date())
        found = episodes(facts, step, day(tested_us) - WARM_UP, day(span_end_us(span)))
        ours.append(detections(found, tenant["slug"], facts.tenant_id, _codes(truth, watched)))

    def sheet(detector: list[pl.DataFrame], classes: Sequence[str]) -> Sheet:
        # Traps that tempt to what a detector does not look for say nothing about it.
        traps = truth.traps.filter(
            pl.col("from").dt.epoch("us") >= tested_us, pl.col("tempting_type").is_in(classes)
        )
        found = in_test_span(match(pl.concat(detector), truth.episodes, truth.traps), tested_us)
        return Sheet(
            blocks(f"{config['level']}/{config['seed']}", found),
            found.episodes.filter(verdict="found").select(DELAYS.names()).cast(DELAYS),
            traps_sprung(found, traps).cast(TRAPS),
            alarms_per_site_day(found, config["sites"], timedelta(days=config["test_days"])),
        )

    return Judged(
        config["level"],
        config["seed"],
        sheet(ours, CLASSES),
        sheet(plain, naive.CLASSES),
        hardness.figures(truth),
    )


def span_end_us(span: Span) -> int:
    """The end of the last slot."""
    return span.start_us + span.count * SLOT_US


def _codes(truth: Truth, watched: Watched) -> dict[str, pl.Series]:
    """By kind of scope, the codes by which truth and registry name things."""
    kinds = truth.episodes.partition_by("scope_kind", as_dict=True)
    codes = {str(kind): frame["scope"] for (kind,), frame in kinds.items()}
    sites = [watched.sites, truth.episodes["site"].cast(pl.String).drop_nulls()]
    return codes | {"site": pl.concat([*sites, codes["site"]] if "site" in codes else sites)}


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
    step: timedelta = STEP,
    cache: Path | None = None,
    workers: int = 1,
    progress: Progress = lambda _text: None,
) -> Judged:
    """Make a world, judge it, and throw it away.

    Args:
        config: What world.
        step: How often the product looks.
        cache: Folder of what was judged before; a world that is there is not made again.
        workers: Processes that make it.
        progress: Told of each step.
    """
    kept = cache / f"{_name(config, step)}.json" if cache else None
    if kept and kept.is_file():
        return Judged.from_dict(json.loads(kept.read_text()))
    with tempfile.TemporaryDirectory(prefix="vigia-world-") as folder:
        progress(f"making {config.level.value}, seed {config.seed}")
        generate(config, Path(folder) / "world", workers=workers)
        progress(f"judging {config.level.value}, seed {config.seed}")
        judged = judge(Path(folder) / "world", step, workers)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".part")
        unfinished.write_text(json.dumps(judged.as_dict()))
        unfinished.rename(kept)
    return judged


def _name(config: WorldConfig, step: timedelta) -> str:
    """A name for a configuration under these versions of generator, judge and patterns."""
    policies = [[pattern.code, asdict(pattern.policy)] for pattern in PATTERNS]
    versions = [GENERATOR, VERSION, step.total_seconds(), policies]
    known = json.dumps([versions, asdict(config)], sort_keys=True, default=str)
    return sha256(known.encode()).hexdigest()[:16]
