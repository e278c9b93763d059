"""Making a company in a temporary folder and drawing it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import bench.pictures
from bench.pictures.batteries import batteries
from bench.pictures.drawing import save
from bench.pictures.night import night
from bench.pictures.tickets import tickets
from bench.pictures.week import week
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.generate import generate

TEST_DAYS = 7
FEW = 64
COLOURS = {"night": 200}
"""Of a picture with many shades."""


def draw(config: WorldConfig, world: Path, out: Path) -> list[Path]:
    """Draw the four pictures of a world into a folder; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    (company,) = (path.parent for path in world.glob("*/events"))
    figures = {
        "week": week(world, company, config),
        "night": night(company),
        "tickets": tickets(config),
        "batteries": batteries(company),
    }
    return [
        save(figure, out / f"world-{name}.png", COLOURS.get(name, FEW))
        for name, figure in figures.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a company of one tenant and draw it; name the files and their sizes."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.pictures", description=bench.pictures.__doc__
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--days", type=int, default=35)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    test_days = min(TEST_DAYS, asked.days)
    spans = {"learn_days": asked.days - test_days, "test_days": test_days}
    config = WorldConfig.at_level(Level.STANDARD, seed=asked.seed, sites=asked.sites, **spans)
    with tempfile.TemporaryDirectory(prefix="vigia-pictures-") as folder:
        world = Path(folder) / "world"
        generate(config, world)
        for path in draw(config, world, asked.out):
            sys.stdout.write(f"{path} {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
