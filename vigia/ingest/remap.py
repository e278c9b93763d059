"""Mapping rows again that a mapping once rejected, by the mapping as it is today.

Belongs here: from what quarantine keeps of a row to its event. Does not belong here: which rows
are tried again and how that is settled (`quarantine`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from vigia.domain.errors import VigiaError
from vigia.domain.telemetry.frames import rejected
from vigia.ingest.mapped import MAPPING, Mapped, apply_mapping
from vigia.ingest.mapping import find_mapping
from vigia.ingest.rows import LINE, Chunk

EVENT = '{"specversion"'
_ROW = f'{{"{MAPPING}":'


def is_row(kept: Mapping[str, Any]) -> bool:
    """Whether a quarantined piece is a row of a file, not an event."""
    return kept["mapping"] is not None and not kept["raw"].startswith(EVENT)


def map_again(kept: Sequence[Mapping[str, Any]], *, key: bytes) -> Iterator[tuple[str, Mapped]]:
    """Map quarantined rows again; their `line_no` is their place in `kept`, from 1.

    What cannot be mapped again (a line that was no row, a mapping that is not shipped) is
    rejected for the reason it had.

    Args:
        kept: Rows of `ops.ingest_quarantine` for which `is_row` holds.
        key: Secret of the keyed hashes.

    Yields:
        The table of the events, and the mapped rows.
    """
    by_mapping: dict[str, list[dict[str, Any]]] = defaultdict(list)
    hopeless: list[dict[str, object]] = []
    for place, piece in enumerate(kept, start=1):
        if piece["raw"].startswith(_ROW):
            row = orjson.loads(piece["raw"])
            by_mapping[row.pop(MAPPING)].append(row | {LINE: place})
        else:
            hopeless.append(_as_before(place, piece))
    for name, rows in by_mapping.items():
        try:
            mapping = find_mapping(name)
        except VigiaError:
            hopeless += [_as_before(row[LINE], kept[row[LINE] - 1]) for row in rows]
            continue
        names = dict.fromkeys(column for row in rows for column in row)
        schema = {n: pl.Int64 if n == LINE else pl.String for n in names}
        chunk = Chunk(pl.DataFrame(rows, schema=schema))
        yield mapping.table.name, apply_mapping(mapping, chunk, key=key)
    if hopeless:
        yield "", Mapped(pl.DataFrame(), {}, rejected(hopeless))


def _as_before(place: int, piece: Mapping[str, Any]) -> dict[str, object]:
    return {
        "line_no": place,
        "reason_code": piece["reason_code"],
        "reason": piece["reason"],
        "raw": piece["raw"],
    }
