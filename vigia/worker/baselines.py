"""Keeping baselines and anomalies current: from stored 5-minute rows to what is usual, and what is not.

What is usual is learned from whole local days that are over; a slot is judged by a baseline whose
days lie before its own day. What is computed belongs to `vigia.domain.anomalies`; when it runs,
to orchestration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from vigia.domain.anomalies.baseline import PROFILES, profiles
from vigia.domain.anomalies.detect import judge, judged
from vigia.domain.anomalies.policy import ANOMALY_POLICY, AnomalyPolicy
from vigia.domain.anomalies.samples import DAYS, EXCLUDED, MEASURED, slot_days
from vigia.domain.anomalies.strays import STRAYS, strays
from vigia.domain.anomalies.views import LOOK_BACK
from vigia.domain.windows import DAY, INSTANT, SLOT, day_start, floor_to, local_date_of
from vigia.store import anomalies as anomaly_store
from vigia.store import baselines as store
from vigia.store.connection import Database, Role
from vigia.store.statistics import refresh_statistics
from vigia.worker.due import Tenant, read_tenant

if TYPE_CHECKING:
    import psycopg

Learned = tuple[pl.DataFrame, pl.DataFrame]

_DAYS_AT_ONCE = 7
_LATE_DAYS = 4
"""Local days that late events may still change."""
RECENT = timedelta(hours=6)
"""How far back the newest slots are judged again, for what came late."""
_WAIT = SLOT
"""How long after its end a slot is judged: nearly all of it has arrived by then."""


@dataclass(slots=True)
class BaselineSummary:
    """What a refresh of baselines did.

    Attributes:
        days: Local days laid out anew.
        created: Pairs of site and metric with their first baseline.
        updated: Pairs with a new one.
        stable: Buckets that are stable.
        buckets: Buckets there are.
        window_to: Last local day that taught.
        errors: Site to why it has no baseline.
    """

    days: int = 0
    created: int = 0
    updated: int = 0
    stable: int = 0
    buckets: int = 0
    window_to: date | None = None
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class AnomalySummary:
    """What a run of judging did.

    Attributes:
        from_: First slot judged; None when nothing was.
        to: End of the last one.
        tests: Tests made.
        anomalies: Tests that were anomalies.
        raising: Those of them that count for findings.
        errors: Site to why it was not judged.
    """

    from_: datetime | None = None
    to: datetime | None = None
    tests: int = 0
    anomalies: int = 0
    raising: int = 0
    errors: dict[str, str] = field(default_factory=dict)


def refresh_baselines(
    database: Database,
    tenant_id: UUID,
    *,
    now: datetime,
    days: tuple[date, date] | None = None,
    policy: AnomalyPolicy = ANOMALY_POLICY,
) -> BaselineSummary:
    """Lay out local days that are over, and learn what is usual from the last of them.

    Args:
        database: Holds 5-minute rows and what is kept of earlier days.
        tenant_id: Whose.
        now: The wall clock; a tenant that lives by its data's clock has its own now.
        days: First and last day to lay out anew, whatever is kept of them; those that late events
            may have changed, and what is missing, when None.
        policy: How many days teach.
    """
    with database.transaction(Role.WORKER) as connection:
        company = _company(connection, tenant_id, now, policy)
        if company is None:
            return BaselineSummary()
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 3))", [tenant_id.hex])
        last = company.last_whole_day
        missing = _to_lay_out(company, store.kept_dates(connection, tenant_id), days)
        for first, end in _stretches(missing):
            rows = company.as_names(_laid_out(connection, company, first, end))
            store.replace_days(connection, tenant_id, rows, first, end)
        oldest = last - timedelta(days=policy.training_days - 1)
        store.forget_days(connection, tenant_id, oldest - timedelta(days=_LATE_DAYS))
        learned = _learned(connection, company, last)
        summary = BaselineSummary(len(missing), window_to=last, errors=company.errors)
        summary.created, summary.updated = _store(connection, company, learned)
        refresh_statistics(connection, {"baseline_profile": learned[0].height})
    summary.buckets, summary.stable = learned[0].height, int(learned[0]["is_stable"].sum())
    return summary


def judge_anomalies(
    database: Database,
    tenant_id: UUID,
    *,
    now: datetime,
    days: tuple[date, date] | None = None,
    policy: AnomalyPolicy = ANOMALY_POLICY,
) -> AnomalySummary:
    """Judge slots by the baselines, and put what left them in place of what was stored.

    Args:
        database: Holds 5-minute rows and baselines.
        tenant_id: Whose.
        now: The wall clock; a tenant that lives by its data's clock has its own now.
        days: First and last UTC day to judge whole, each by what earlier days teach; the newest
            hours, by the stored baselines, when None.
        policy: Limits and floors.
    """
    summary = AnomalySummary()
    with database.transaction(Role.WORKER) as connection:
        company = _company(connection, tenant_id, now, policy)
        if company is None:
            return summary
        summary.errors = company.errors
        newest = floor_to(company.tenant.now - _WAIT, SLOT) - SLOT
        for (start, end), learned in _windows(connection, company, newest, days):
            scores = _judged(connection, company, learned, start, min(end, newest))
            if scores is None:
                continue
            summary.from_ = summary.from_ or start
            summary.to = min(end, newest) + SLOT
            summary.tests += scores.height
            found = scores.filter("is_anomaly")
            summary.anomalies += found.height
            summary.raising += int(found["raises"].sum())
        refresh_statistics(connection, {"anomaly": summary.anomalies})
    return summary


@dataclass(frozen=True)
class _Company:
    """What is known of a tenant before any of its rows are read.

    Attributes:
        tenant: Its sites and metrics by code.
        pairs: `MEASURED`, with the sensitivity and what else judging needs (`detect.JUDGED`).
        errors: Site to why it has no part in this.
        policy: How it is learned and judged.
    """

    tenant: Tenant
    pairs: pl.DataFrame
    errors: dict[str, str]
    policy: AnomalyPolicy

    @property
    def last_whole_day(self) -> date:
        """The last local day that is over at every site."""
        zones = self.pairs["zone"].unique().to_list()
        return min(local_date_of(self.tenant.now, zone) for zone in zones) - DAY

    def as_names(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with ids and names in place of codes."""
        ids = pl.Series([site.site_id for site in self.tenant.sites], dtype=pl.String)
        names = pl.Series([metric.name for metric in self.tenant.metrics], dtype=pl.String)
        return rows.with_columns(
            site_id=pl.lit(ids).gather(pl.col("site")),
            metric=pl.lit(names).gather(pl.col("metric")),
        )

    def as_codes(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with codes in place of ids and names; what nobody has any more is left out."""
        codes = pl.DataFrame(
            list(self.tenant.codes.items()), {"metric": pl.String, "_code": pl.Int64}, orient="row"
        )
        coded = rows.join(self.tenant.site_codes, on="site_id").join(codes, on="metric")
        return coded.with_columns(metric="_code").drop("_code", "site_id")


def _company(
    connection: psycopg.Connection, tenant_id: UUID, now: datetime, policy: AnomalyPolicy
) -> _Company | None:
    """None while there is nothing to learn from."""
    tenant = read_tenant(connection, tenant_id, now)
    if tenant is None:
        return None
    errors = {site.site_id: f"no time zone is called {site.zone}" for site in tenant.sites if not _is_zone(site.zone)}  # fmt: skip
    since = tenant.now.date() - timedelta(days=policy.training_days + 1)
    found = store.measured_since(connection, tenant_id, since)
    company = _Company(tenant, pl.DataFrame(), errors, policy)
    pairs = _measured(company, found)
    if pairs.is_empty():
        return None
    metrics = dict(enumerate(tenant.metrics))
    asked = store.sensitivities(connection, tenant_id, tenant.now)
    own = {site.number: asked[site.site_id] for site in tenant.sites if site.site_id in asked}
    return _Company(tenant, judged(pairs, metrics, own, policy), errors, policy)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _measured(company: _Company, found: pl.DataFrame) -> pl.DataFrame:
    """`MEASURED` of what worries or may be looked at, of sites whose clock is known."""
    tenant = company.tenant
    good = [(s.site_id, s.zone) for s in tenant.sites if s.site_id not in company.errors]
    zones = pl.DataFrame(good, {"site_id": pl.String, "zone": pl.String}, orient="row")
    kinds = {
        metric.name: "count" if metric.kind == "count" else "gauge"
        for metric in tenant.metrics
        if metric.concern != "none"
    }
    known = found.join(zones, on="site_id").filter(pl.col("metric").is_in(list(kinds)))
    starts = [day_start(day, zone) for day, zone in known.select("first_date", "zone").iter_rows()]
    told = known.with_columns(
        kind=pl.col("metric").replace_strict(kinds, return_dtype=pl.String),
        since=pl.Series(starts, dtype=INSTANT),
        until=pl.lit(tenant.now, INSTANT),
    )
    return company.as_codes(told).select(*MEASURED).sort("site", "metric")


def _to_lay_out(
    company: _Company, kept: set[date], asked: tuple[date, date] | None
) -> Sequence[date]:
    """Local days that are not kept, that late events may have changed, or that are asked for."""
    last = company.last_whole_day
    whole = [last - timedelta(days=back) for back in range(company.policy.training_days)]
    first, end = asked or (last - timedelta(days=_LATE_DAYS - 1), last)
    return sorted(day for day in whole if day not in kept or first <= day <= end)


def _stretches(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Days without a gap between them, a week at most at a time."""
    start = 0
    for place in range(1, len(days) + 1):
        goes_on = place < len(days) and days[place] - days[place - 1] == DAY
        if not goes_on or place - start == _DAYS_AT_ONCE:
            yield days[start], days[place - 1]
            start = place


def _laid_out(
    connection: psycopg.Connection, company: _Company, first: date, last: date
) -> pl.DataFrame:
    zones = company.pairs["zone"].unique().to_list()
    window = (
        min(day_start(first, zone) for zone in zones),
        max(day_start(last + DAY, zone) for zone in zones),
    )
    rows = _snapshots(connection, company, window)
    return slot_days(rows, company.pairs, first, last, _excluded(connection, company, window))


def _snapshots(
    connection: psycopg.Connection, company: _Company, window: tuple[datetime, datetime]
) -> pl.DataFrame:
    numbered = company.pairs.select("site", "metric").with_row_index("pair").cast(pl.Int64)
    named = company.as_names(numbered)
    rows = store.read_slots(connection, company.tenant.tenant_id, named, window)
    return rows.join(numbered, on="pair").select("site", "metric", "slot", "n", "sum")


def _excluded(
    connection: psycopg.Connection, company: _Company, window: tuple[datetime, datetime]
) -> pl.DataFrame:
    """`EXCLUDED`: planned work, days on which a site is closed, and conditions that were found."""
    tenant = company.tenant
    found = store.not_teaching(connection, tenant.tenant_id, window)
    everywhere = found.filter(pl.col("site_id").is_null()).drop("site_id")
    first, last = (at.date() for at in window)
    shut = store.closed_days(connection, tenant.tenant_id, first - DAY, last + DAY)
    zones = {site.site_id: site.zone for site in tenant.sites}
    closed = [
        (site, day_start(day, zones[site]), day_start(day + DAY, zones[site]))
        for site, day in shut.iter_rows()
        if site not in company.errors
    ]
    spans = pl.Schema({"site_id": pl.String(), "from": INSTANT, "to": INSTANT})
    named = pl.concat(
        [
            found.drop_nulls("site_id"),
            everywhere.join(tenant.site_codes, how="cross").select(*spans),
            pl.DataFrame(closed, spans, orient="row"),
        ]
    )
    coded = named.join(tenant.site_codes, on="site_id")
    return coded.with_columns(metric=pl.lit(None, pl.Int64)).select(*EXCLUDED)


def _learned(connection: psycopg.Connection, company: _Company, last: date) -> Learned:
    """Baselines from the kept days up to one."""
    policy = company.policy
    first = last - timedelta(days=policy.training_days - 1)
    kept = company.as_codes(store.kept_days(connection, company.tenant.tenant_id, first, last))
    days = kept.select(*DAYS).join(company.pairs, on=["site", "metric"], how="semi")
    found = profiles(days, last, policy)
    return found, strays(days, found, company.pairs, last, policy)


def _store(connection: psycopg.Connection, company: _Company, learned: Learned) -> tuple[int, int]:
    sensitivity = company.pairs.select("site", "metric", "sensitivity")
    found = learned[0].join(sensitivity, on=["site", "metric"])
    taught_to = pl.lit(company.last_whole_day)
    strayed = learned[1].with_columns(window_to=taught_to)
    return store.replace_baselines(
        connection,
        company.tenant.tenant_id,
        company.as_names(found),
        company.as_names(strayed),
    )


def _windows(
    connection: psycopg.Connection,
    company: _Company,
    newest: datetime,
    days: tuple[date, date] | None,
) -> Iterator[tuple[tuple[datetime, datetime], Learned]]:
    """First and last slot to judge at once, and the baselines to judge them by."""
    zones = company.pairs["zone"].unique().to_list()
    if days is None:
        profile, strayed = store.read_baselines(connection, company.tenant.tenant_id)
        if profile.is_empty():
            return
        taught = profile["window_to"].max()
        untaught = max(day_start(taught + DAY, zone) for zone in zones)  # type: ignore[operator, arg-type]
        yield (
            (max(newest - RECENT, untaught), newest),
            (
                company.as_codes(profile).select(*PROFILES),
                company.as_codes(strayed).select(*STRAYS),
            ),
        )
        return
    first, last = days
    learned: Learned | None = None
    for number in range((last - first).days + 1):
        begin = datetime.combine(first + number * DAY, time(), UTC)
        if learned is None or number % _DAYS_AT_ONCE == 0:
            before = min(local_date_of(begin, zone) for zone in zones) - DAY
            learned = _learned(connection, company, before)
        yield (begin, begin + DAY - SLOT), learned


def _judged(
    connection: psycopg.Connection,
    company: _Company,
    learned: Learned,
    start: datetime,
    end: datetime,
) -> pl.DataFrame | None:
    """Judge the slots from one to another, and store what is an anomaly; None without slots."""
    if end < start:
        return None
    window = (start - LOOK_BACK, end + SLOT)
    rows, excluded = (part(connection, company, window) for part in (_snapshots, _excluded))
    scores = judge(rows, company.pairs, learned, (start, end), excluded, company.policy)
    found = scores.filter("is_anomaly").rename({"z": "score"})
    spans = company.tenant.site_codes.join(company.pairs, on="site", how="semi").select(
        "site_id", pl.lit(start).alias("from"), pl.lit(end + SLOT).alias("to")
    )
    anomaly_store.replace_anomalies(
        connection, company.tenant.tenant_id, company.as_names(found), spans
    )
    return scores
