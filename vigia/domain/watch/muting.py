"""Maintenance windows: where and when planned work mutes findings, and which.

A matcher maps fields to a value or a list of values; all fields must match, and a field that
nobody knows matches nothing. Where a window says nothing else, the site is all that counts.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import orjson
import polars as pl

from vigia.domain.watch.moments import MINUTE_US, NEVER_US, Bools, to_us
from vigia.domain.watch.part import Part
from vigia.domain.watch.things import latest

SETTLING_US = 10 * MINUTE_US
"""What stopped for planned work needs so long to be heard of again."""
_FIELDS = frozenset({"site_id", "type", "category"})


class Muting(Part):
    """Planned work."""

    @cached_property
    def windows(self) -> pl.DataFrame:
        """Windows that were not called off, with when they are known and have begun (`from_us`)."""
        told = latest(self.facts["maintenance_window"], "mw_id")
        told = told.filter(pl.col("state").fill_null("planned") != "cancelled")
        return told.select(
            "mw_id",
            "matcher",
            "site_id",
            "mode",
            from_us=pl.max_horizontal(
                pl.col("starts_at").to_physical(), pl.col("received_at").to_physical()
            ),
            until_us=pl.Series(to_us(told["ends_at"], NEVER_US)),
        )

    def of_sites(self, kind: str, category: str, window_us: int) -> Bools:
        """Sites at which findings of a type are muted, by instant.

        A window mutes until what it stopped can be heard of again; one that does not recover
        (`mode` suppress), until no window of the rule reaches back into it.

        Args:
            kind: Type of the finding.
            category: Its category.
            window_us: How far the rule looks back.
        """
        sites, first, until = [], [], []
        for row in self.windows.iter_rows(named=True):
            for site in self._matched(row, kind, category):
                sites.append(site)
                first.append(row["from_us"])
                rest = window_us if row["mode"] == "suppress" else SETTLING_US
                until.append(row["until_us"] + rest)
        count = len(self.things.site_ids)
        numbers = (np.array(values, np.int64) for values in (sites, first, until))
        return self.moments.level(count, *numbers) > 0

    def _matched(self, window: dict[str, str | None], kind: str, category: str) -> list[int]:
        """Rows of the sites that a window is about; none where it is about other findings."""
        matcher = orjson.loads(window["matcher"] or "{}")
        fields = {name: _listed(value) for name, value in matcher.items()}
        fields.pop("schema_version", None)
        if not set(fields) <= _FIELDS:
            return []
        if kind not in fields.get("type", [kind]):
            return []
        if category not in fields.get("category", [category]):
            return []
        named = fields.get("site_id")
        if named is None:
            own = window["site_id"]
            named = self.things.site_ids.to_list() if own is None else [own]
        ids = pl.Series(named, dtype=pl.String)
        both = [self.things.sites(ids), self.things.sites(self.facts.named("site", ids))]
        return [int(row) for row in np.concatenate(both) if row >= 0]


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
