"""How events call the things of a crew: codes, sources and numbers, ready to be gathered.

Belongs here: columns to pick from. What is picked is up to each record. Picking by a column of
unsigned positions costs a tenth of picking by a numpy array, so rows become one once (`index`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import polars as pl

from vigia.simulator.draws import Ints
from vigia.simulator.field.codes import Words, heads, lettered, numbered
from vigia.simulator.field.crew import Crew

Index: TypeAlias = pl.Series
"""Positions as unsigned numbers."""


def index(number: Ints) -> Index:
    """Numbers as positions."""
    return pl.Series(number.astype(np.uint32))


def named(texts: pl.Series, number: Ints) -> pl.Series:
    """Texts by number; -1 finds the last one, which is null where that can happen."""
    last = np.uint32(max(len(texts) - 1, 0))
    return texts[pl.Series(np.minimum(number.astype(np.uint32), last))]


def sparse(height: int, at: Ints, texts: pl.Series) -> pl.Series:
    """A column with texts at some places and nothing elsewhere."""
    place = np.full(height, len(texts), dtype=np.int64)
    place[at] = np.arange(len(at))
    return named(texts.clone().append(_NO_TEXT), place)


@dataclass(frozen=True)
class Names:
    """How events call the things of a crew.

    Columns in the plural are by number over the whole world, with a null at the end; those that
    say *of* are by row of the crew.

    Attributes:
        crew: Whose things.
    """

    crew: Crew

    @cached_property
    def sites(self) -> pl.Series:
        """Codes of sites."""
        return _codes(self.crew.shard.world.sites)

    @cached_property
    def people(self) -> pl.Series:
        """Codes of people."""
        return _codes(self.crew.shard.world.people)

    @cached_property
    def devices(self) -> pl.Series:
        """Codes of devices."""
        return _codes(self.crew.shard.world.devices)

    @cached_property
    def posts(self) -> pl.Series:
        """Codes of posts."""
        return _codes(self.crew.shard.world.posts)

    @cached_property
    def zones(self) -> pl.Series:
        """Codes of zones."""
        return _codes(self.crew.shard.world.zones)

    @cached_property
    def tours(self) -> pl.Series:
        """Codes of tours."""
        return _codes(self.crew.shard.world.tours)

    @cached_property
    def checkpoints(self) -> pl.Series:
        """Codes of checkpoints."""
        return _codes(self.crew.shard.world.checkpoints)

    def at_sites(self, site: Ints, prefix: str, suffix: str = "") -> pl.Series:
        """Texts made of the codes of sites of the shard."""
        sites = self.crew.shard.sites.to_numpy()
        codes = self.crew.shard.world.sites["code"][sites].to_list()
        texts = pl.Series([f"{prefix}{code}{suffix}" for code in codes], dtype=pl.String)
        return named(texts, np.searchsorted(sites, site))

    @cached_property
    def site_of(self) -> pl.Series:
        """Code of the site."""
        return named(self.sites, self.crew.site)

    @cached_property
    def worker_of(self) -> pl.Series:
        """Code of who works."""
        return named(self.people, self.crew.worker)

    @cached_property
    def planned_of(self) -> pl.Series:
        """Code of whom the systems take for the person on duty."""
        return named(self.people, self.crew.on_roster)

    @cached_property
    def phone_of(self) -> pl.Series:
        """Code of the worker's phone."""
        return named(self.devices, self.crew.device)

    @cached_property
    def source_of(self) -> pl.Series:
        """Source of events from the worker's phone."""
        codes = self.phone_of.to_list()
        return pl.Series([code and f"phone/{code}" for code in codes], dtype=pl.String)

    @cached_property
    def assignment_of(self) -> pl.Series:
        """Code of the assignment."""
        return self.crew.shard.duties["assignment_code"]

    @cached_property
    def numbers_of(self) -> tuple[pl.Series, pl.Series, pl.Series]:
        """Numbers of site, phone and duty."""
        crew = self.crew
        return pl.Series(crew.site), pl.Series(crew.device), pl.Series(crew.duty)

    @cached_property
    def _heads(self) -> Words:
        return heads("?", self.crew.duty)

    def codes(self, letter: str, row: Ints, number: Ints) -> pl.Series:
        """Codes of numbered things of rows, such as `R0012345-002`."""
        return numbered(lettered(self._heads, letter)[row], number)


_NO_TEXT = pl.Series([None], dtype=pl.String)


def _codes(frame: pl.DataFrame) -> pl.Series:
    return frame["code"].clone().append(_NO_TEXT)
