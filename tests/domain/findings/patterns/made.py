"""Small histories written by hand: what arrived, row by row, for tests of patterns.

`Made` collects rows as systems tell them; ids are whatever text a test likes. Times are minutes
from `START`, a Monday at 08:00 UTC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import polars as pl
from polars.testing import assert_frame_equal

from vigia.domain.dictionary import Kind, table
from vigia.domain.findings.detect import detect
from vigia.domain.findings.episodes import EPISODES
from vigia.domain.findings.pattern import Pattern
from vigia.domain.watch.facts import Facts, shaped
from vigia.domain.watch.known import Known
from vigia.domain.watch.moments import Moments
from vigia.domain.windows import INSTANT

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TENANT = UUID("00000000-0000-8000-8000-000000000001")
LONG_AGO = -10 * 24 * 60
DAYS = range(7)


def at(minute: float) -> datetime:
    """An instant by its minutes from `START`."""
    return START + timedelta(minutes=minute)


def every(first: float, last: float, step: float = 1) -> Moments:
    """Instants from one minute to another, both included."""
    return Moments.every(timedelta(minutes=step), at(first) - timedelta(microseconds=1), at(last))


def named(name: str, code: str) -> str:
    """The id that a code stands for."""
    return str(Facts(TENANT, {}).named(name, pl.Series([code]))[0])


class Made:
    """What arrived, as it is added."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(
        self, name: str, minute: float = LONG_AGO, *, late_s: float = 0.0, **values: Any
    ) -> Made:
        """Something that happened at a minute and arrived so many seconds later."""
        if table(name).kind is Kind.STATE:
            values = {"verb": "upserted", "source": "registry"} | values
        when = at(minute)
        row = {"at": when, "received_at": when + timedelta(seconds=late_s)}
        self.rows[name].append(row | values)
        return self

    def facts(self) -> Facts:
        """Everything that was added."""
        frames = {
            name: shaped(name, pl.DataFrame(rows, infer_schema_length=None))
            for name, rows in self.rows.items()
        }
        return Facts(TENANT, frames)

    def known(self, moments: Moments) -> Known:
        """What is known of it at some instants."""
        return Known(self.facts(), moments)

    def site(self, site: str = "site", **values: Any) -> Made:
        """An active site in UTC."""
        usual = {"tz": "UTC", "status": "active", "risk_tier": 3, "region": "north"}
        return self.add("site", site_id=site, **usual | values)

    def post(
        self, post: str = "post", site: str = "site", *, headcount: int = 1, **values: Any
    ) -> Made:
        """A post that needs people round the clock."""
        usual = {"must_man": False, "lone": False, "gps_expected": True, "work_expected": True}
        self.add("post", post_id=post, site_id=site, **usual | values)
        for day in DAYS:
            self.add(
                "post_requirement",
                req_id=f"{post} {day}",
                post_id=post,
                site_id=site,
                dow=day,
                start_local=time(0),
                end_local=time(0),
                headcount=headcount,
            )
        return self

    def duty(
        self,
        person: str,
        begins: float,
        ends: float,
        *,
        post: str = "post",
        site: str = "site",
        late_s: float = 0.0,
    ) -> Made:
        """A planned duty of somebody, named after person and begin, and the clock-in on time."""
        name = f"{person} {begins}"
        self.add(
            "shift",
            begins - 600,
            shift_id=name,
            site_id=site,
            post_id=post,
            starts_at=at(begins),
            ends_at=at(ends),
        )
        self.add(
            "shift_assignment",
            begins - 600,
            verb="assigned",
            assignment_id=name,
            shift_id=name,
            person_id=person,
            site_id=site,
            status="assigned",
        )
        return self.punch(person, begins, "clock_in", site=site, assignment=name, late_s=late_s)

    def punch(
        self,
        person: str,
        minute: float,
        kind: str,
        *,
        site: str = "site",
        assignment: str | None = None,
        late_s: float = 0.0,
        **values: Any,
    ) -> Made:
        """Somebody comes or goes."""
        return self.add(
            "attendance_event",
            minute,
            late_s=late_s,
            person_id=person,
            site_id=site,
            assignment_id=assignment,
            kind=kind,
            **values,
        )

    def task(
        self,
        task: str,
        created: float,
        due: float,
        *,
        site: str = "site",
        late_s: float = 0.0,
        **values: Any,
    ) -> Made:
        """A task is asked for."""
        usual = {"kind": "inspection", "priority": "P3", "est_min": 10, "status": "assigned"}
        return self.add(
            "task",
            created,
            late_s=late_s,
            verb="created",
            source="tasks",
            task_id=task,
            site_id=site,
            due_at=at(due),
            **usual | values,
        )

    def task_over(self, task: str, minute: float, status: str = "completed", **values: Any) -> Made:
        """A task is done or called off."""
        usual = {"verb": "completed", "source": "phone/1", "site_id": "site"}
        return self.add("task", minute, task_id=task, status=status, **usual | values)

    def tour(self, run: str, due: float, *, site: str = "site", **values: Any) -> Made:
        """A tour is planned, with half an hour in which it may begin."""
        return self.add(
            "tour_run",
            due - 300,
            verb="scheduled",
            source="tours",
            run_id=run,
            site_id=site,
            due_at=at(due),
            window_end_at=at(due + 30),
            status="scheduled",
            **values,
        )

    def tour_told(self, run: str, minute: float, status: str, **values: Any) -> Made:
        """A tour is begun, walked, missed, excused…"""
        verb = {"in_progress": "started", "completed": "completed"}.get(status, "updated")
        usual = {"verb": verb, "source": "tours", "site_id": "site"}
        return self.add("tour_run", minute, run_id=run, status=status, **usual | values)

    def alert(
        self, code: str, minute: float, *, site: str = "site", late_s: float = 0.0, **values: Any
    ) -> Made:
        """An alert is raised; its id is the one that its code stands for."""
        usual = {"type": "access_tamper", "severity": "HIGH", "state": "firing"}
        return self.add(
            "alert",
            minute,
            late_s=late_s,
            verb="raised",
            source="monitoring",
            alert_id=named("alert", code),
            site_id=site,
            **usual | values,
        )

    def alert_told(self, code: str, minute: float, verb: str, **values: Any) -> Made:
        """An alert is acknowledged or resolved."""
        usual = {"source": "monitoring", "state": verb, "site_id": "site"}
        return self.add("alert", minute, verb=verb, alert_id=named("alert", code), **usual | values)

    def ticket(self, ticket: str, minute: float, *, site: str = "site", **values: Any) -> Made:
        """A ticket is opened."""
        usual = {"priority": "P2", "category": "facility", "status": "new", "opened_at": at(minute)}
        return self.add(
            "ticket",
            minute,
            verb="created",
            source="help-desk",
            ticket_id=ticket,
            site_id=site,
            **usual | values,
        )

    def ticket_told(self, ticket: str, minute: float, status: str, **values: Any) -> Made:
        """A ticket has another status."""
        usual = {"verb": "updated", "source": "help-desk", "site_id": "site"}
        return self.add("ticket", minute, ticket_id=ticket, status=status, **usual | values)

    def window(self, first: float, last: float, *, site: str = "site", **values: Any) -> Made:
        """Planned work at a site."""
        return self.add(
            "maintenance_window",
            site_id=site,
            mw_id=f"{site} {first}",
            matcher="{}",
            starts_at=at(first),
            ends_at=at(last),
            **{"mode": "recover", "state": "planned"} | values,
        )


def found(made: Made, moments: Moments, *patterns: Pattern) -> pl.DataFrame:
    """Episodes that patterns find."""
    return detect(made.facts(), moments, None, patterns)


def minutes(episodes: pl.DataFrame, column: str = "detected_at") -> list[float | None]:
    """Times of a column as minutes from `START`."""
    return [
        None if when is None else (when - START) / timedelta(minutes=1) for when in episodes[column]
    ]


def assert_one_by_one_is_all_at_once(
    made: Made, moments: Moments, patterns: Sequence[Pattern]
) -> pl.DataFrame:
    """Look at all instants at once and at each by itself, with the state handed on.

    Returns:
        The episodes, which are the same.
    """
    facts = made.facts()
    at_once = detect(facts, moments, None, patterns).drop("inhibited_by")
    going, over = EPISODES.to_frame(), [EPISODES.to_frame()]
    for us in moments.at_us:
        seen = detect(facts, Moments(moments.at_us[moments.at_us == us]), going, patterns)
        is_over = pl.col("cleared_at").is_not_null()
        over.append(seen.filter(is_over).select(EPISODES.names()))
        going = seen.filter(~is_over).select(EPISODES.names())
    singly = pl.concat([*over, going]).sort("type", "scope_id", "detected_at")
    assert_frame_equal(singly, at_once.sort("type", "scope_id", "detected_at"))
    return at_once


def assert_nothing_later_counts(
    made: Made, moments: Moments, patterns: Sequence[Pattern]
) -> pl.DataFrame:
    """Look at each instant with all facts, and with those alone that had arrived by then.

    Returns:
        What is raised at the instants, which is the same.
    """
    facts, told = made.facts(), [EPISODES.to_frame()]
    for us in moments.at_us:
        now = Moments(moments.at_us[moments.at_us == us])
        arrived = pl.col("received_at") <= pl.lit(int(us)).cast(INSTANT)
        cut = {name: frame.filter(arrived) for name, frame in facts.frames.items()}
        seen = detect(Facts(TENANT, cut), now, None, patterns)
        assert_frame_equal(seen, detect(facts, now, None, patterns))
        told.append(seen.select(EPISODES.names()))
    return pl.concat(told)
