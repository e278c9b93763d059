"""Signs of life, by family: phone, position, work, welfare answer, and what a site itself reports.

P phone and app (automatic and human), G usable positions, W work, H answered check calls, X door,
plant and conversation. A sign that arrives more than ten minutes late says nothing of now: it may
retract what was found, but does not keep it from being found.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.watch.moments import MINUTE_US, Bools, Grid, Ints
from vigia.domain.watch.part import Part

STRAGGLER_US = 10 * MINUTE_US
GOOD_ACCURACY_M = 100.0
P_AUTO, P_HUMAN, G, W, H, X = range(6)
FAMILIES = ("P_auto", "P_human", "G", "W", "H", "X")
P = (P_AUTO, P_HUMAN)
_FROM_PHONE = pl.col("source").str.starts_with("phone/")


class Signs(Part):
    """Everything that shows that somebody or something is there."""

    @cached_property
    def fixes(self) -> pl.DataFrame:
        """Positions with `usable` and `made_up`.

        Usable is what is valid, fresh, accurate to 100 m, and not the last one again. Made up is
        the last one again that claims to be fresh and saw no satellite, or that says so itself:
        somebody's doing, and no fault of the phone. The last one is the one that arrived before:
        which came before by its own time may not be known until later.
        """
        rows = self.facts["gps_fix"]
        same = pl.all_horizontal(
            pl.col(name).eq(pl.col(name).shift(1).over("device_id")) for name in ("lat", "lon")
        ).fill_null(value=False)
        fresh = pl.col("valid").fill_null(value=True) & ~pl.col("outdated").fill_null(value=False)
        accurate = pl.col("accuracy_m").fill_null(0.0) <= GOOD_ACCURACY_M
        blind = (pl.col("satellites") == 0).fill_null(value=False)
        faked = pl.col("mock").fill_null(value=False) | (same & blind)
        return rows.with_columns(usable=fresh & accurate & ~same, made_up=fresh & faked)

    @cached_property
    def table(self) -> pl.DataFrame:
        """One row a sign.

        `at_us`, `received_us`, `family`, and `site`, `person`, `device` as rows of matrices, -1
        where none is known.
        """
        facts, human = self.facts, pl.col("human").fill_null(value=False)
        phone = facts["phone_event"]
        punches = facts["attendance_event"].filter(pl.col("device_id").is_not_null())
        runs = facts["tour_run"].filter(_FROM_PHONE)
        tasks = facts["task"].filter(_FROM_PHONE).rename({"assignee_id": "person_id"})
        checks = facts["welfare_check"].filter(pl.col("verb") == "answered")
        spoken = facts["contact_log"].filter(pl.col("outcome") == "reached")
        return pl.concat(
            [
                self._rows(phone.filter(~human), P_AUTO),
                self._rows(phone.filter(human), P_HUMAN),
                self._rows(facts["device_heartbeat"], P_AUTO),
                self._rows(punches, P_HUMAN),
                self._rows(self.fixes.filter("usable"), G),
                self._rows(facts["checkpoint_scan"], W),
                self._rows(runs, W),
                self._rows(tasks, W),
                self._rows(facts["incident_report"].filter(_FROM_PHONE), W),
                self._rows(checks, H),
                self._rows(facts["access_event"].with_columns(person_id=None), X),
                self._rows(facts["asset_reading"], X),
                self._rows(spoken, X),
            ]
        )

    def _rows(self, rows: pl.DataFrame, family: int) -> pl.DataFrame:
        things, count = self.things, rows.height
        nobody = np.full(count, -1, np.int64)
        device = things.devices(rows["device_id"]) if "device_id" in rows.columns else nobody
        if "device_id" in rows.columns:
            person = things.people(things.carriers(rows))
        elif "person_id" in rows.columns:
            person = things.people(rows["person_id"].cast(pl.String))
        else:
            person = nobody
        return rows.select(
            pl.col("at").to_physical().alias("at_us"),
            pl.col("received_at").to_physical().alias("received_us"),
            pl.lit(family, pl.Int8).alias("family"),
        ).with_columns(
            site=pl.Series(things.sites(rows["site_id"]), dtype=pl.Int64),
            person=pl.Series(person, dtype=pl.Int64),
            device=pl.Series(device, dtype=pl.Int64),
        )

    def _chosen(self, families: tuple[int, ...], *, fresh: bool) -> pl.DataFrame:
        rows = self.table.filter(pl.col("family").is_in(list(families)))
        if not fresh:
            return rows
        return rows.filter(pl.col("received_us") - pl.col("at_us") <= STRAGGLER_US)

    def fresh(self, *families: int) -> pl.DataFrame:
        """Rows of `table` of some families that came in time."""
        return self._chosen(families, fresh=True)

    def newest(self, by: str, *families: int, fresh: bool = True) -> Ints:
        """Time of the newest sign of some families, by thing and instant.

        Args:
            by: `site`, `person` or `device`.
            families: Which; all without any.
            fresh: Leave out what arrived more than ten minutes late.
        """
        rows = self._chosen(families or tuple(range(len(FAMILIES))), fresh=fresh)
        return self.moments.newest(
            self._things(by),
            rows[by].to_numpy(),
            rows["at_us"].to_numpy(),
            rows["received_us"].to_numpy(),
        )

    def count(self, by: str, window_us: int, *families: int, fresh: bool = False) -> Grid:
        """Signs of some families in the window before each instant, by thing."""
        rows = self._chosen(families or tuple(range(len(FAMILIES))), fresh=fresh)
        return self.moments.count(
            self._things(by),
            rows[by].to_numpy(),
            rows["at_us"].to_numpy(),
            rows["received_us"].to_numpy(),
            window_us,
        )

    def _things(self, by: str) -> int:
        ids = {
            "site": self.things.site_ids,
            "person": self.things.person_ids,
            "device": self.things.device_ids,
        }
        return len(ids[by])

    @cached_property
    def holder_of_device(self) -> Ints:
        """Row of the person whose device each was by the newest event that names both; -1."""
        named = pl.concat(
            [
                self.facts[name].select("at", "received_at", "device_id", "person_id")
                for name in ("gps_fix", "phone_event", "attendance_event")
            ]
        ).drop_nulls(["device_id", "person_id"])
        return self.moments.known(
            len(self.things.device_ids),
            self.things.devices(named["device_id"]),
            named["at"].to_physical().to_numpy(),
            named["received_at"].to_physical().to_numpy(),
            self.things.people(named["person_id"]),
        )

    @cached_property
    def is_phone(self) -> Bools:
        """Devices of which both phone events and positions are to be expected."""
        phones: Bools = (self.things.device["kind"] == "phone").fill_null(value=False).to_numpy()
        return phones
