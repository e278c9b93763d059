"""Reading the truth of a world: the one place of the product that does.

Belongs here: opening the folder. What its tables hold is in `vigia.simulator.truth`. Whatever finds
or predicts anything must never see it, or every score would be a lie; `tests/architecture` holds
the rest of the product to that, and the folder is readable by its owner alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from vigia.domain.errors import VigiaError
from vigia.simulator.emit.files import TRUTH
from vigia.simulator.truth import TABLES


@dataclass(frozen=True, slots=True)
class Truth:
    """What was true in a world.

    Attributes:
        tables: Every table of `vigia.simulator.truth.TABLES`.
    """

    tables: dict[str, pl.DataFrame]

    @property
    def episodes(self) -> pl.DataFrame:
        """What a controller should have been told (`EPISODE`)."""
        return self.tables["gt_episode"]

    @property
    def traps(self) -> pl.DataFrame:
        """What only looked like it (`TRAP`)."""
        return self.tables["gt_trap"]


def read_truth(world: Path) -> Truth:
    """Read every truth table of a world.

    Raises:
        VigiaError: A table is missing or not what it should be; the text says which and what to do.
    """
    return Truth({name: _read(world / TRUTH / f"{name}.parquet", name) for name in TABLES})


def _read(path: Path, name: str) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise VigiaError(
            f"{path} cannot be read ({reason}). A world is scored with the truth that was written "
            "with it: simulate it again, or give the folder it came in."
        ) from error
    if frame.schema != TABLES[name]:
        raise VigiaError(
            f"{path} was written by another version of the simulator. Simulate the world again."
        )
    return frame
