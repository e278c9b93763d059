"""Event frames of the ground: names of things, and the envelope around what is recorded.

Belongs here: turning numbers into columns. `-1` becomes null for things and instants alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vigia.domain.telemetry.frames import INSTANT
from vigia.simulator.draws import Ints
from vigia.simulator.field.codes import Words, heads, lettered, numbered
from vigia.simulator.field.crew import Crew

Column: TypeAlias = "pl.Series | npt.NDArray[np.generic] | str | bool | float"


@dataclass(frozen=True)
class Names:
    """How events call the things of a crew.

    Attributes:
        crew: Whose things.
    """

    crew: Crew

    def _codes(self, frame: pl.DataFrame) -> pl.Series:
        # Position -1 finds the null at the end.
        return frame["code"].clone().append(_NO_TEXT)

    @cached_property
    def sites(self) -> pl.Series:
        """Codes of sites, and a null at the end."""
        return self._codes(self.crew.shard.world.sites)

    @cached_property
    def people(self) -> pl.Series:
        """Codes of people, and a null at the end."""
        return self._codes(self.crew.shard.world.people)

    @cached_property
    def devices(self) -> pl.Series:
        """Codes of devices, and a null at the end."""
        return self._codes(self.crew.shard.world.devices)

    @cached_property
    def posts(self) -> pl.Series:
        """Codes of posts, and a null at the end."""
        return self._codes(self.crew.shard.world.posts)

    @cached_property
    def zones(self) -> pl.Series:
        """Codes of zones, and a null at the end."""
        return self._codes(self.crew.shard.world.zones)

    @cached_property
    def tours(self) -> pl.Series:
        """Codes of tours, and a null at the end."""
        return self._codes(self.crew.shard.world.tours)

    @cached_property
    def checkpoints(self) -> pl.Series:
        """Codes of checkpoints, and a null at the end."""
        return self._codes(self.crew.shard.world.checkpoints)

    @cached_property
    def assignments(self) -> pl.Series:
        """Code of the assignment of each row."""
        return self.crew.shard.duties["assignment_code"]

    @cached_property
    def phones(self) -> pl.Series:
        """Source of events from the worker's phone, by row."""
        return pl.Series("phone/" + named(self.devices, self.crew.device))

    @cached_property
    def _heads(self) -> Words:
        return heads("?", self.crew.duty)

    def codes(self, letter: str, row: Ints, number: Ints) -> pl.Series:
        """Codes of numbered things of rows, such as `R0012345-002`."""
        return numbered(lettered(self._heads, letter)[row], number)


def named(codes: pl.Series, number: Ints) -> pl.Series:
    """Codes of numbered things; null for -1."""
    return codes[number]


def sparse(height: int, at: Ints, texts: pl.Series) -> pl.Series:
    """A column with texts at some places and nothing elsewhere."""
    place = np.full(height, len(texts), dtype=np.int64)
    place[at] = np.arange(len(at))
    return texts.clone().append(_NO_TEXT)[place]


def instants(at_us: Ints) -> pl.Series:
    """Instants of microseconds; null for -1."""
    at = pl.Series(at_us)
    if (at_us < 0).any():
        at = at.set(at < 0, None)
    return at.cast(INSTANT)


@dataclass(slots=True)
class Origin:
    """Where events come from.

    Attributes:
        source: CloudEvents source, of all or of each.
        ce_id: Id within the source.
        site: Number of the site.
        device: Number of the device that sends; -1 a system.
        duty: Number of the duty; -1 none.
        at_us: When it happens.
        received_us: When it arrives, where that is known; -1 not yet.
    """

    source: pl.Series | str
    ce_id: pl.Series
    site: Ints
    device: Ints
    duty: Ints
    at_us: Ints
    received_us: Ints | None = None

    @classmethod
    def phone(cls, names: Names, letter: str, row: Ints, number: Ints, at_us: Ints) -> Origin:
        """Events from the phones of rows; ids are a letter, the duty and a number within it."""
        crew = names.crew
        return cls(
            source=names.phones[row],
            ce_id=names.codes(letter, row, number),
            site=crew.site[row],
            device=crew.device[row],
            duty=crew.duty[row],
            at_us=at_us,
        )

    @classmethod
    def system(cls, names: Names, source: str, ids: tuple[str, Ints, Ints], at_us: Ints) -> Origin:
        """Events that a system writes about rows; ids are letter, row and number."""
        letter, row, number = ids
        crew = names.crew
        return cls(
            source=source,
            ce_id=names.codes(letter, row, number),
            site=crew.site[row],
            device=np.full(len(row), -1, dtype=np.int64),
            duty=crew.duty[row],
            at_us=at_us,
        )

    @classmethod
    def place(cls, source: pl.Series | str, ce_id: pl.Series, site: Ints, at_us: Ints) -> Origin:
        """Events of a site that belong to no duty and no device of a person."""
        nobody = np.full(len(site), -1, dtype=np.int64)
        return cls(source, ce_id, site, nobody, nobody, at_us)


def recorded(
    names: Names, table: str, verb: str, origin: Origin, columns: dict[str, Column]
) -> pl.DataFrame:
    """An event frame of one type.

    Args:
        names: How things are called.
        table: Table of the dictionary.
        verb: What happened to it.
        origin: Envelope.
        columns: Columns of the table; a constant holds for every row.
    """
    height = len(origin.at_us)
    received = origin.received_us
    envelope: dict[str, Column] = {
        "ce_source": origin.source,
        "ce_id": origin.ce_id,
        "ce_type": f"vigia.{table}.{verb}.v1",
        "ce_subject": named(names.sites, origin.site),
        "ce_time": instants(origin.at_us),
        "received_at": _NEVER.new_from_index(0, height) if received is None else instants(received),
        "_site": origin.site,
        "_device": origin.device,
        "_duty": origin.duty,
    }
    return table_of(envelope | columns, height)


def table_of(columns: dict[str, Column], height: int) -> pl.DataFrame:
    """A frame of columns; a constant holds for every row."""
    # A list of named columns is taken as it is; a dictionary is looked through first.
    return pl.DataFrame([_column(n, v, height) for n, v in columns.items()])


_NO_TEXT = pl.Series([None], dtype=pl.String)
_NEVER = pl.Series([None], dtype=INSTANT)


def _column(name: str, value: Column, height: int) -> pl.Series:
    if isinstance(value, pl.Series):
        return value.alias(name)
    if isinstance(value, np.ndarray):
        return pl.Series(name, value, nan_to_null=value.dtype.kind == "f")
    return pl.Series(name, [value]).new_from_index(0, height)
