"""K11: three sites and more that share an operator or a power feeder fall silent together.

Each site is held against its own last hour; a site whose people's duty is over loses nothing. The
finding is the region's: it stands for its dark sites, so that each of them is not told again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
import polars as pl

from vigia.domain.findings.pattern import Leg, Pattern, Verdict, ranks, scopes
from vigia.domain.findings.types import ScopeKind, Severity
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import LONG_AGO_US, MINUTE_US, Bools, Floats, Grid, Ints

_SHARED = (("region", "network_operator"), ("region", "power_feeder"))


@dataclass(frozen=True, slots=True)
class NetworkOutagePolicy:
    """Numbers of K11.

    Attributes:
        window_min: Signals of so long are counted; and sites that fall within it fall together.
        usual_min: They are held against those of so long before.
        lost_pct: A site is dark when it has lost more than this share of them.
        least: Fewer signals than these within the window are no measure.
        dark_min: A phone that was heard steadily and is silent for so long is dark.
        steady: So many signals of a window, on average, are steady.
        part_pct: Where another site is dark, so great a share of dark phones is enough: the others
            of that site are in another network.
        sites: So many dark sites are an outage.
        many_sites: So many are CRITICAL.
        risk_tier: A dark site of this risk is CRITICAL.
        hours: So many hours back a site's best one shows what is usual, to tell when it is back.
        per_person: Signals that one person's devices send within the window at least.
        back_pct: Share of the signals that must be back to be clear.
        hold_min: How long they must be back.
        covered_min: Sites that share it and are silent for so long are told with it.
    """

    window_min: float = 10
    usual_min: float = 60
    lost_pct: float = 80
    least: float = 3
    dark_min: float = 15
    steady: float = 2
    part_pct: float = 33
    sites: float = 3
    many_sites: float = 10
    risk_tier: float = 4
    hours: float = 5
    per_person: float = 4
    back_pct: float = 50
    hold_min: float = 10
    covered_min: float = 3


@dataclass(frozen=True)
class _Signals:
    """Signals of sites (rows), and of what they share (`groups`)."""

    known: Known
    policy: NetworkOutagePolicy

    @cached_property
    def now(self) -> Grid:
        """Signals of the window that came in time."""
        return self._counted(self.policy.window_min, 0)

    @cached_property
    def usual(self) -> Floats:
        """Signals of a window by the time before it."""
        policy = self.policy
        before = self._counted(policy.usual_min, policy.window_min)
        found: Floats = before.astype(np.float64) * (policy.window_min / policy.usual_min)
        return found

    def _counted(self, window_min: float, ago_min: float) -> Grid:
        """Signals of a window that ended some minutes ago, as they had arrived by then."""
        rows = self.known.signs.fresh(*range(6))
        ago_us = round(ago_min * MINUTE_US)
        return self.known.moments.count(
            len(self.known.things.site_ids),
            rows["site"].to_numpy(),
            rows["at_us"].to_numpy() + ago_us,
            rows["received_us"].to_numpy() + ago_us,
            round(window_min * MINUTE_US),
        )

    @cached_property
    def people(self) -> Grid:
        """People on duty at each site whose duty is not over by plan."""
        stays, things = self.known.presence.stays, self.known.things
        return self.known.moments.level(
            len(things.site_ids),
            things.sites(stays["site_id"]),
            stays["from_us"].to_numpy(),
            np.minimum(stays["until_us"].to_numpy(), stays["ends_us"].to_numpy()),
        )

    @cached_property
    def is_lost(self) -> Bools:
        """Sites that are dark."""
        left = self.usual * (1 - self.policy.lost_pct / 100)
        measured = self.usual >= self.policy.least
        active = self.known.things.is_active[:, None]
        found: Bools = measured & (self.now < left) & (self.people > 0) & active
        return found

    @cached_property
    def _dark(self) -> tuple[Bools, Ints]:
        """Sites of which a part of the phones is dark, and when the last of these was heard."""
        policy, phones, moments = self.policy, self.known.phones, self.known.moments
        rows = self.known.signs.fresh(*range(6)).filter(pl.col("device") >= 0)
        ago_us = round(policy.dark_min * MINUTE_US)
        before = moments.count(
            len(self.known.things.device_ids),
            rows["device"].to_numpy(),
            rows["at_us"].to_numpy() + ago_us,
            rows["received_us"].to_numpy() + ago_us,
            round(policy.usual_min * MINUTE_US),
        )
        heard_us = self.known.signs.newest("device")
        steady = before * policy.window_min >= policy.steady * policy.usual_min
        steady &= (phones.site >= 0) & (heard_us >= phones.begun_us)
        dark = steady & (moments.minutes_since(heard_us) >= policy.dark_min)
        count = len(self.known.things.site_ids)
        of, gone = (np.zeros((count, len(moments)), np.int64) for _ in range(2))
        last = np.full((count, len(moments)), LONG_AGO_US, np.int64)
        for total, where in ((of, steady), (gone, dark)):
            number, place = np.nonzero(where)
            np.add.at(total, (phones.site[number, place], place), 1)
        number, place = np.nonzero(dark)
        np.maximum.at(last, (phones.site[number, place], place), heard_us[number, place])
        return (gone > 0) & (gone * 100 >= of * policy.part_pct), last

    @cached_property
    def normal(self) -> Floats:
        """Signals that each site would send, by its own best hour and by who should be there."""
        policy, best = self.policy, self.usual
        for hour in range(1, round(policy.hours)):
            hourly = self._counted(policy.usual_min, policy.window_min + hour * policy.usual_min)
            best = np.maximum(best, hourly * (policy.window_min / policy.usual_min))
        # Clock-ins of those who follow do not arrive while it lasts; the roster knows of them.
        people = np.maximum(self.people, self.known.presence.required_by_site)
        # Fewer people send less than at the best hour.
        found: Floats = np.minimum(best, policy.per_person * people)
        return found

    @cached_property
    def silent_since_us(self) -> Ints:
        """The newest sign of each site."""
        return self.known.signs.newest("site")

    @cached_property
    def groups(self) -> list[tuple[int, Ints]]:
        """Row of the region, and rows of the sites that share something; of three and more."""
        site = self.known.things.site.with_row_index("row")
        found = []
        for key in _SHARED:
            whole = site.drop_nulls(list(key))
            for part in whole.partition_by(key, maintain_order=True):
                if part.height >= self.policy.sites:
                    region = self.regions.index_of(part["region"][0])
                    found.append((int(region or 0), part["row"].cast(pl.Int64).to_numpy()))
        return found

    @cached_property
    def regions(self) -> pl.Series:
        """Names of regions, sorted: rows of the verdict."""
        return self.known.things.site["region"].drop_nulls().unique().sort()

    @cached_property
    def is_out(self) -> list[Bools]:
        """Groups of which enough sites fell together, by instant."""
        return [self._fell_together(rows) for _, rows in self.groups]

    def _fell_together(self, rows: Ints) -> Bools:
        lost, (partly, heard_us) = self.is_lost[rows], self._dark
        last = np.where(partly[rows] & ~lost, heard_us[rows], LONG_AGO_US)
        last = np.where(lost, self.silent_since_us[rows], last)
        newest_first = -np.sort(-last, axis=0)
        few = round(self.policy.sites) - 1
        # So many that follow each other: the first and the last of them not far apart.
        apart = newest_first[: len(rows) - few] - newest_first[few:]
        near = apart <= self.policy.window_min * MINUTE_US
        found: Bools = (near & (newest_first[few:] > LONG_AGO_US)).any(axis=0)
        return found & lost.any(axis=0)

    def any_by_region(self, by_group: list[Bools]) -> Bools:
        """Regions of which it holds for one group."""
        found = np.zeros((len(self.regions), len(self.known.moments)), np.bool_)
        for (region, _), holds in zip(self.groups, by_group, strict=True):
            found[region] |= holds
        return found

    def sites_by_region(self, where: Bools) -> Ints:
        """How many sites of groups that are out are meant."""
        shape = (len(self.known.things.site_ids), len(self.known.moments))
        meant = np.zeros(shape, np.bool_)
        for (_, rows), out in zip(self.groups, self.is_out, strict=True):
            meant[rows] |= where[rows] & out
        region = self.known.things.site["region"]
        found = np.zeros((len(self.regions), shape[1]), np.int64)
        for number, name in enumerate(self.regions):
            found[number] = meant[(region == name).fill_null(value=False).to_numpy()].sum(axis=0)
        return found

    def covered(self, number: int, place: int) -> list[str]:
        """Sites that the finding of a region stands for: those that share it and are silent."""
        since = self.known.moments.at_us[place] - self.silent_since_us[:, place]
        silent = since >= self.policy.covered_min * MINUTE_US
        rows = {
            int(row)
            for (region, rows), out in zip(self.groups, self.is_out, strict=True)
            if region == number and out[place]
            for row in rows[silent[rows]]
        }
        return self.known.things.site_ids.gather(sorted(rows)).to_list()


def judge(known: Known, policy: NetworkOutagePolicy) -> Iterator[Verdict]:
    """Outages of regions."""
    signals = _Signals(known, policy)
    raised = signals.any_by_region(signals.is_out)
    dark = signals.sites_by_region(signals.is_lost)
    worst = signals.sites_by_region(signals.is_lost & _is_grave(known, policy)[:, None])
    yield Verdict(
        "NETWORK_OUTAGE",
        ScopeKind.REGION,
        scopes(signals.regions),
        raised,
        ranks(Severity.HIGH.rank, (1, (dark >= policy.many_sites) | (worst > 0))),
        timedelta(minutes=policy.window_min),
        cleared=~signals.any_by_region(_still_out(signals, policy)),
        hold=timedelta(minutes=policy.hold_min),
        legs=(Leg("dark sites that share an operator or a feeder", dark, policy.sites),),
        figures={"dark sites of high risk or that must be manned": worst},
        covers=signals.covered,
    )


def _is_grave(known: Known, policy: NetworkOutagePolicy) -> Bools:
    """Sites of high risk, or with a post that must be manned."""
    things = known.things
    must = np.zeros(len(things.site_ids), np.bool_)
    np.logical_or.at(must, things.site_of_post, things.post_is("must_man"))
    found: Bools = must | (things.risk >= policy.risk_tier)
    return found


def _still_out(signals: _Signals, policy: NetworkOutagePolicy) -> list[Bools]:
    """Groups of which less than half of the signals are back."""
    found = []
    for _, rows in signals.groups:
        normal = signals.normal[rows]
        # One site that sends more than usual does not stand in for another.
        back = np.minimum(signals.now[rows], normal).sum(axis=0)
        found.append(back < normal.sum(axis=0) * policy.back_pct / 100)
    return found


PATTERN = Pattern(
    code="K11",
    name="Network outage",
    kinds=("NETWORK_OUTAGE",),
    signals=("phone", "position", "work", "welfare", "doors and plant"),
    look_back=timedelta(hours=8),
    precondition="three manned sites share a region and its operator, or a power feeder",
    evidence=("silent_sites", "operator_state", "network", "contact_log"),
    severity="HIGH; CRITICAL from ten sites, or with one of high risk or that must be manned",
    clears="half of the signals are back for two slots",
    traps=("end of duty at several sites", "one site alone", "whole-platform ingest stop"),
    policy=NetworkOutagePolicy(),
    judge=judge,
)
