"""Simulated companies that the demo made, and whether they look like the real thing.

Making a world and measuring it belongs to `vigia.simulator`, scoring to `vigia.evaluate`; here
their reports are shown. The truth of a world is never read here.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from assets import render
from assets.platform import Platform
from assets.specs import SCHEMA_METADATA
from vigia.config.home import Home
from vigia.simulator.emit.files import MANIFEST, read_manifest

REALISM = dg.AssetKey(["worlds", "realism"])
_COLUMNS = dg.TableSchema(
    [
        dg.TableColumn("world", "text", "Name of the world's folder"),
        dg.TableColumn("name", "text", "What was measured"),
        dg.TableColumn("verdict", "text", "ok, off, or too few to say"),
        dg.TableColumn("value", "float", "The figure"),
        dg.TableColumn("low", "float", "Least that is believable"),
        dg.TableColumn("high", "float", "Most that is believable"),
        dg.TableColumn("n", "integer", "How many things it was measured on"),
    ]
)
_SPEC = dg.AssetSpec(
    REALISM,
    description="One row per simulated world and rate: its value against what is believable.",
    metadata={SCHEMA_METADATA: _COLUMNS},
)
_PLAUSIBLE = dg.AssetCheckSpec(
    "plausible", asset=REALISM, description="Every rate lies where the real thing's would."
)


@dg.multi_asset(name="world_realism", specs=[_SPEC], check_specs=[_PLAUSIBLE])
def world_realism(
    platform: dg.ResourceParam[Platform],
) -> Iterable[dg.MaterializeResult | dg.AssetCheckResult]:
    """Show how real every simulated company of this installation looks."""
    manifests = {root.name: read_manifest(root) for root in _worlds(platform.home)}
    rows = [row for name, manifest in manifests.items() for row in _rates(name, manifest)]
    off = [row for row in rows if row["verdict"] == "off"]
    metadata = {
        "worlds": len(manifests),
        "events": sum(manifest["events"]["total"] for manifest in manifests.values()),
        "dagster/row_count": len(rows),
        "report": render.table(rows),
    }
    yield dg.MaterializeResult(asset_key=REALISM, metadata=metadata)
    yield dg.AssetCheckResult(
        passed=not off,
        asset_key=REALISM,
        check_name=_PLAUSIBLE.name,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(map(_said, off)) or None,
        metadata={"off": render.table(off)},
    )


def _said(rate: dict[str, Any]) -> str:
    value, low, high = (f"{rate[name]:.3g}" for name in ("value", "low", "high"))
    return f"{rate['name']} in {rate['world']}: {value}, believable {low} to {high}"


def _worlds(home: Path) -> list[Path]:
    """Folders of finished worlds, by name."""
    return sorted(path.parent for path in Home(home).worlds.glob(f"*/{MANIFEST}"))


def _rates(world: str, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of one world, in the asset's columns."""
    names = [column.name for column in _COLUMNS.columns]
    return [
        {name: {"world": world, **check}[name] for name in names} for check in manifest["realism"]
    ]


SCOREBOARD = dg.AssetKey(["worlds", "scoreboard"])
_SCORES = dg.TableSchema(
    [
        dg.TableColumn("world", "text", "Name of the world's folder"),
        dg.TableColumn("class", "text", "Class of episodes"),
        dg.TableColumn("episodes", "integer", "How many there were in the test days"),
        dg.TableColumn("precision", "float", "Found over found and false alarms"),
        dg.TableColumn("recall", "float", "Found over those there were"),
        dg.TableColumn("f1", "float", "Harmonic mean of both"),
        dg.TableColumn("plain_f1", "float", "The same of the plain rules"),
        dg.TableColumn("delay_p95_s", "float", "Seconds from when it could be known"),
    ]
)


@dg.asset(
    key=SCOREBOARD,
    description="One row per simulated world and class: what was found against what was true.",
    metadata={SCHEMA_METADATA: _SCORES},
)
def scoreboard(platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """Score what the product finds in every simulated company of this installation."""
    from vigia.evaluate import board
    from vigia.evaluate.published import publish

    home, rows = Home(platform.home), []
    for root in _worlds(platform.home):
        told = board.scoreboard([board.judge(root)])
        publish(home.scoreboards, root.name, told, datetime.now(UTC))
        rows += _scores(root.name, told.as_dict())
    return dg.MaterializeResult(
        metadata={"dagster/row_count": len(rows), "scores": render.table(rows)}
    )


def _scores(world: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of one world, in the asset's columns; figures that do not exist are empty."""
    plain = told["naive"]
    names = ("episodes", "precision", "recall", "f1")
    return [
        {
            "world": world,
            "class": name,
            **{column: found.get(column) for column in names},
            "plain_f1": plain.get(name, {}).get("f1"),
            "delay_p95_s": found.get("delay_p95_s"),
        }
        for name, found in told["classes"].items()
    ]


ASSETS = [world_realism, scoreboard]
