"""Event frames of the ground: the envelope around what is recorded.

Belongs here: turning arrays into columns. `-1` becomes null for instants; how things are called
is in `names`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.telemetry.frames import INSTANT
from vigia.simulator.draws import Ints
from vigia.simulator.field.names import Index, Names, index, named

Column: TypeAlias = "pl.Series | npt.NDArray[np.generic] | str | bool | float"


def instants(at_us: Ints) -> pl.Series:
    """Instants of microseconds; null for -1."""
    at = pl.Series(at_us)
    if len(at_us) and at_us.min() < 0:
        at = at.set(at < 0, None)
    return at.cast(INSTANT)


@dataclass(slots=True)
class Origin:
    """Where events come from.

    Attributes:
        source: CloudEvents source, of all or of each.
        ce_id: Id within the source.
        subject: Code of the site of each.
        site: Number of the site of each.
        device: Number of the device that sends; -1 a system.
        duty: Number of the duty; -1 none.
        at_us: When it happens.
        received_us: When it arrives, where that is known; -1 not yet.
    """

    source: Column
    ce_id: pl.Series
    subject: pl.Series
    site: Column
    device: Column
    duty: Column
    at_us: Ints
    received_us: Ints | None = None

    @classmethod
    def phone(
        cls, names: Names, ids: tuple[str, Ints, Ints], at_us: Ints, rows: Index | None = None
    ) -> Origin:
        """Events from the phones of rows.

        Args:
            names: How things are called.
            ids: What their ids are made of: a letter, row and number within the row.
            at_us: When each happens.
            rows: The rows once more, as positions, where they are at hand.
        """
        rows = index(ids[1]) if rows is None else rows
        site, device, duty = (numbers[rows] for numbers in names.numbers_of)
        source, subject = names.source_of[rows], names.site_of[rows]
        return cls(source, names.codes(*ids), subject, site, device, duty, at_us)

    @classmethod
    def system(
        cls,
        names: Names,
        source: str,
        ids: tuple[str, Ints, Ints],
        at_us: Ints,
        rows: Index | None = None,
    ) -> Origin:
        """Events that a system writes about rows; as `phone`."""
        rows = index(ids[1]) if rows is None else rows
        site, _, duty = names.numbers_of
        subject = names.site_of[rows]
        return cls(source, names.codes(*ids), subject, site[rows], -1, duty[rows], at_us)

    @classmethod
    def place(
        cls, names: Names, source: Column, ce_id: pl.Series, site: Ints, at_us: Ints
    ) -> Origin:
        """Events of a site that belong to no duty and no device of a person."""
        return cls(source, ce_id, named(names.sites, site), site, -1, -1, at_us)


def recorded(table: str, verb: str, origin: Origin, columns: dict[str, Column]) -> pl.DataFrame:
    """An event frame of one type.

    Args:
        table: Table of the dictionary.
        verb: What happened to it.
        origin: Envelope.
        columns: Columns of the table; a constant holds for every row.
    """
    received = origin.received_us
    envelope: dict[str, Column] = {
        "ce_source": origin.source,
        "ce_id": origin.ce_id,
        "ce_type": f"vigia.{table}.{verb}.v1",
        "ce_subject": origin.subject,
        "ce_time": instants(origin.at_us),
        "received_at": _never(len(origin.at_us)) if received is None else instants(received),
        "_site": origin.site,
        "_device": origin.device,
        "_duty": origin.duty,
    }
    return table_of(envelope | columns, len(origin.at_us))


def table_of(columns: dict[str, Column], height: int) -> pl.DataFrame:
    """A frame of columns; a constant holds for every row."""
    # A list of named columns is taken as it is; a dictionary is looked through first.
    return pl.DataFrame([_column(n, v, height) for n, v in columns.items()])


def _column(name: str, value: Column, height: int) -> pl.Series:
    if isinstance(value, pl.Series):
        return value.alias(name)
    if isinstance(value, np.ndarray):
        return pl.Series(name, value, nan_to_null=value.dtype.kind == "f")
    return _constant(name, value).new_from_index(0, height)


@lru_cache(maxsize=512)
def _constant(name: str, value: str | bool | float) -> pl.Series:
    return pl.Series(name, [value])


def _never(height: int) -> pl.Series:
    return _NEVER.new_from_index(0, height)


_NEVER = pl.Series([None], dtype=INSTANT)
