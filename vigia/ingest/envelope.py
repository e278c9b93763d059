"""From lines of bytes to event frames: CloudEvents 1.0 in structured mode, one JSON object a line.

Belongs here: what can be said about one line without knowing its table's columns. What a value
must be is `vigia.domain.telemetry.normalise`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl


@dataclass(frozen=True, slots=True)
class Parsed:
    """Events by table, and the lines that are none.

    Attributes:
        frames: Table name to event frame (`vigia.domain.telemetry.frames.ENVELOPE` and payload).
        rejected: One row per line put aside (`frames.REJECTED`).
        lines: Lines read; blank lines are not counted.
    """

    frames: dict[str, pl.DataFrame]
    rejected: pl.DataFrame
    lines: int


def parse_events(
    lines: Iterable[bytes], *, received_at: datetime | None, first_line_no: int = 1
) -> Parsed:
    """Read NDJSON CloudEvents; whatever is not an event is rejected with a reason, never raised.

    Args:
        lines: One event each, without or with the line end.
        received_at: When they arrived; None for a history, which arrived as it happened.
        first_line_no: Number of the first line.
    """
    raise NotImplementedError
