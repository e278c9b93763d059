"""Scoreboards that are kept to be shown: one file a board, newest figures win.

Belongs here: writing and finding them. What is in them is `Board.as_dict`; showing them belongs to
the dashboard and to Dagster. A board holds figures and names of classes, and nothing of any truth.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vigia.evaluate.board import Board


def publish(folder: Path, name: str, board: Board, made_at: datetime) -> Path:
    """Keep a board, in the place of an earlier one of that name.

    Args:
        folder: Of the installation's scoreboards.
        name: What it is of: a world, or a level and its seeds.
        board: The figures.
        made_at: When they were measured.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = {"name": name, "made_at": made_at.isoformat(), **board.as_dict()}
    path = folder / f"{name}.json"
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(told, indent=1))
    return unfinished.rename(path)


def published(folder: Path) -> list[dict[str, Any]]:
    """Every board that is kept, the newest first."""
    found = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return sorted(found, key=lambda board: str(board["made_at"]), reverse=True)
