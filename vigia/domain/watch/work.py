"""Work as it was known at each instant: tasks, tours, check calls, tickets and alerts.

One row of a table is a stretch over which something was known to stand as it did: from the arrival
of the word (or its own time, if later) to the arrival of the next one. A change of the due time
begins a new stretch of the same task, so counts never count it twice. Belongs here: what is
created, due, late and over, and how much of it there is by site. Does not belong here: how much
is too much (`findings.patterns`), or who is there to do it (`presence`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import polars as pl

from vigia.domain.watch.moments import LONG_AGO_US, MINUTE_US, NEVER_US, Grid, Ints, Moments
from vigia.domain.watch.part import Part
from vigia.domain.watch.things import latest

HOUR_US = 60 * MINUTE_US
TOUR_GRACE_US = 15 * MINUTE_US
"""So long after it was due a tour is not late yet, and after its window not missed yet."""
FORGOTTEN_US = 12 * HOUR_US
"""What nobody has closed so long after it was due is a forgotten entry, and no work of now."""
SAME_ALERT_US = 10 * MINUTE_US
"""The same alert of the same thing again within this time is no other alert."""
UNTOLD_MIN = 10
"""Minutes of a task or a tour of which none are told."""
TASK_OVER = ("completed", "skipped", "cancelled")
RUN_OVER = ("completed", "partial", "missed", "abandoned", "excused", "cancelled")
TICKET_OVER = ("resolved", "closed", "cancelled", "merged")
TICKET_WAITS = ("pending_requester", "pending_vendor", "pending_parts")
TICKET_ANSWERED = ("in_progress", *TICKET_WAITS, *TICKET_OVER)
_IS_CENTRAL = ~pl.col("source").str.starts_with("phone/").fill_null(value=False)


def known_us() -> pl.Expr:
    """When each row had both happened and arrived."""
    return pl.max_horizontal(pl.col("at").to_physical(), pl.col("received_at").to_physical())


def first_known(rows: pl.DataFrame, key: str, name: str) -> pl.DataFrame:
    """When anything of some rows was first known of each thing: `key` and `name`."""
    return rows.group_by(key).agg(known_us().min().alias(name))


def stretches(rows: pl.DataFrame, key: str, columns: Sequence[str]) -> pl.DataFrame:
    """What was known of each thing, one row a stretch over which it stayed the same.

    A word counts from when it and all before it have arrived, until a later one counts.

    Args:
        rows: A history or a part of one.
        key: Name of the thing.
        columns: What is told; a missing value leaves it as it was.

    Returns:
        `key`, `site_id` (the first that was told), `columns`, `created_us` (when it first
        happened), `from_us` and `until_us`; by thing and time.
    """
    told = rows.filter(pl.any_horizontal(pl.col(*columns).is_not_null()))
    ordered = told.sort(key, "at", maintain_order=True).select(
        key,
        pl.col("site_id").drop_nulls().first().over(key),
        pl.col(*columns).forward_fill().over(key),
        created_us=pl.col("at").min().over(key).to_physical(),
        from_us=known_us().cum_max().over(key),
    )
    return ordered.with_columns(
        until_us=pl.col("from_us").shift(-1).over(key).fill_null(NEVER_US)
    ).filter(pl.col("until_us") > pl.col("from_us"))


def ended(frame: pl.DataFrame, over: pl.DataFrame, key: str) -> pl.DataFrame:
    """Stretches cut off where the thing was known to be over (`over_us` of `over`)."""
    both = frame.join(over, on=key, how="left", maintain_order="left")
    both = both.with_columns(pl.col("over_us").fill_null(NEVER_US))
    return both.with_columns(until_us=pl.min_horizontal("until_us", "over_us")).filter(
        pl.col("until_us") > pl.col("from_us")
    )


class Work(Part):
    """What there is to do, and what is wrong."""

    @cached_property
    def tasks(self) -> pl.DataFrame:
        """Open tasks, one row a task and due time.

        `task_id`, `site_id`, `kind`, `priority`, `person_id` (whose it is), `minutes`,
        `created_us`, `due_us`, `from_us`, `until_us` (over, or due at another time), `over_us`.
        Left out is a due time before the task itself: it was dated wrongly and is never late. A
        task that nobody closes is forgotten half a day after it was due.
        """
        rows = self.facts["task"]
        told = stretches(
            rows.filter(_IS_CENTRAL),
            "task_id",
            ("kind", "priority", "assignee_id", "est_min", "due_at"),
        )
        over = first_known(rows.filter(pl.col("status").is_in(TASK_OVER)), "task_id", "over_us")
        dated = ended(told, over, "task_id").with_columns(due_us=pl.col("due_at").to_physical())
        dated = dated.filter(pl.col("due_us") >= pl.col("created_us"))
        return (
            dated.with_columns(
                until_us=pl.min_horizontal("until_us", pl.col("due_us") + FORGOTTEN_US)
            )
            .filter(pl.col("until_us") > pl.col("from_us"))
            .select(
                "task_id",
                "site_id",
                "kind",
                "priority",
                pl.col("assignee_id").alias("person_id"),
                pl.col("est_min").fill_null(UNTOLD_MIN).alias("minutes"),
                "created_us",
                "due_us",
                "from_us",
                "until_us",
                "over_us",
            )
        )

    @cached_property
    def tours(self) -> pl.DataFrame:
        """Tours that are planned and not over, one row a run and due time.

        `run_id`, `tour_id`, `site_id`, `person_id`, `assignment_id`, `minutes`, `due_us`,
        `missed_us` (too late to begin), `from_us`, `until_us`, `begun_us` (known to be under way;
        `NEVER_US`), `over_us`, `excused_us` (known to need no walking; `NEVER_US`). A run that
        nobody closes is forgotten half a day after that.
        """
        rows = self.facts["tour_run"]
        told = stretches(
            rows.filter(_IS_CENTRAL),
            "run_id",
            ("tour_id", "person_id", "assignment_id", "due_at", "window_end_at"),
        ).drop_nulls("due_at")
        status = pl.col("status")
        begun = rows.filter((pl.col("verb") == "started") | (status == "in_progress"))
        excused = rows.filter(status.is_in(["excused", "cancelled"]))
        over = first_known(rows.filter(status.is_in(RUN_OVER)), "run_id", "over_us")
        known = ended(told, over, "run_id")
        for frame, name in ((begun, "begun_us"), (excused, "excused_us")):
            when = first_known(frame, "run_id", name)
            known = known.join(when, on="run_id", how="left", maintain_order="left")
        planned = latest(self.facts["tour_template"], "tour_id").select("tour_id", "planned_min")
        known = known.join(planned, on="tour_id", how="left", maintain_order="left")
        due_us = pl.col("due_at").to_physical()
        missed_us = pl.coalesce("window_end_at", "due_at").to_physical() + TOUR_GRACE_US
        return known.select(
            "run_id",
            "tour_id",
            "site_id",
            "person_id",
            "assignment_id",
            pl.col("planned_min").fill_null(UNTOLD_MIN).alias("minutes"),
            due_us.alias("due_us"),
            missed_us.alias("missed_us"),
            "from_us",
            pl.min_horizontal("until_us", missed_us + FORGOTTEN_US).alias("until_us"),
            pl.col("begun_us", "excused_us").fill_null(NEVER_US),
            "over_us",
        ).filter(pl.col("until_us") > pl.col("from_us"))

    @cached_property
    def checks(self) -> pl.DataFrame:
        """Check calls that are planned, one row a call.

        `check_id`, `site_id`, `person_id`, `assignment_id`, `due_us`, `opens_us`, `closes_us`,
        `from_us` (known), `until_us` (known to be answered, missed or called off), `answered_us`
        (known to be answered; `NEVER_US`).
        """
        rows = self.facts["welfare_check"]
        told = rows.filter(pl.col("verb") == "scheduled").unique(
            "check_id", keep="first", maintain_order=True
        )
        open_ = pl.col("result").fill_null("pending") == "pending"
        answered = rows.filter(pl.col("verb") == "answered")
        known = told.with_columns(from_us=known_us())
        for frame, name in ((rows.filter(~open_), "until_us"), (answered, "answered_us")):
            when = first_known(frame, "check_id", name)
            known = known.join(when, on="check_id", how="left", maintain_order="left")
        return known.select(
            "check_id",
            "site_id",
            "person_id",
            "assignment_id",
            due_us=pl.col("due_at").to_physical(),
            opens_us=pl.coalesce("opens_at", "due_at").to_physical(),
            closes_us=pl.coalesce("closes_at", "due_at").to_physical(),
            from_us="from_us",
            until_us=pl.col("until_us").fill_null(NEVER_US),
            answered_us=pl.col("answered_us").fill_null(NEVER_US),
        )

    @cached_property
    def due(self) -> pl.DataFrame:
        """Everything that was to be done at a certain time, by whom and where.

        `what` (task, tour, check), `site_id`, `person_id`, `assignment_id` (null for tasks),
        `due_us`, `from_us` (known to be due then), `until_us` (known not to be any more: over,
        answered, or due at another time).
        """
        columns = ("site_id", "person_id", "assignment_id", "due_us", "from_us", "until_us")
        nobody = pl.lit(None, pl.String).alias("assignment_id")
        return pl.concat(
            [
                self.tasks.with_columns(nobody).select(pl.lit("task").alias("what"), *columns),
                self.tours.select(pl.lit("tour").alias("what"), *columns),
                self.checks.select(pl.lit("check").alias("what"), *columns),
            ]
        )

    @cached_property
    def tickets(self) -> pl.DataFrame:
        """Tickets that are not over, one row a stretch of one status and priority.

        `ticket_id`, `site_id`, `priority`, `category`, `status`, `opened_us`, `from_us`,
        `until_us`, `answered_us` (known to be worked on; `NEVER_US`).
        """
        rows = self.facts["ticket"]
        told = stretches(rows, "ticket_id", ("priority", "category", "status", "opened_at"))
        is_answer = pl.col("status").is_in(TICKET_ANSWERED) | (
            pl.col("first_response_at").is_not_null()
        )
        answered = first_known(rows.filter(is_answer), "ticket_id", "answered_us")
        known = told.join(answered, on="ticket_id", how="left", maintain_order="left")
        return known.filter(~pl.col("status").is_in(TICKET_OVER)).select(
            "ticket_id",
            "site_id",
            "priority",
            "category",
            "status",
            pl.col("opened_at").to_physical().fill_null(pl.col("created_us")).alias("opened_us"),
            "from_us",
            "until_us",
            pl.col("answered_us").fill_null(NEVER_US),
        )

    @cached_property
    def alerts(self) -> pl.DataFrame:
        """Alerts, one row each.

        `alert_id`, `site_id`, `device_id`, `person_id`, `type`, `severity`, `raised_us`,
        `from_us` (known), `taken_us` (known to be acknowledged; `NEVER_US`), `over_us` (known to
        be resolved or suppressed; `NEVER_US`), `is_repeat` (the same of the same thing was raised
        within ten minutes before).
        """
        rows = self.facts["alert"]
        raised = rows.filter(pl.col("verb") == "raised").unique(
            "alert_id", keep="first", maintain_order=True
        )
        taken = rows.filter(pl.col("verb") == "acknowledged")
        over = rows.filter(
            (pl.col("verb") == "resolved") | pl.col("state").is_in(["resolved", "suppressed"])
        )
        known = raised.with_columns(raised_us=pl.col("at").to_physical(), from_us=known_us())
        for frame, name in ((taken, "taken_us"), (over, "over_us")):
            when = first_known(frame, "alert_id", name)
            known = known.join(when, on="alert_id", how="left", maintain_order="left")
        thing = ("site_id", "type", "device_id")
        known = known.sort("raised_us", maintain_order=True)
        since = pl.col("raised_us") - pl.col("raised_us").shift(1).over(*thing)
        was_known = pl.col("from_us").shift(1).over(*thing) <= pl.col("from_us")
        return known.select(
            "alert_id",
            "site_id",
            "device_id",
            "person_id",
            "type",
            "severity",
            "raised_us",
            "from_us",
            pl.col("taken_us", "over_us").fill_null(NEVER_US),
            is_repeat=((since < SAME_ALERT_US) & was_known).fill_null(value=False),
        )

    def at_sites(
        self, frame: pl.DataFrame, first: pl.Expr, until: pl.Expr, weight: pl.Expr | None = None
    ) -> Grid:
        """How many rows hold at each site and instant, or the sum of what they weigh.

        Args:
            frame: Rows with a `site_id`.
            first: From when each holds.
            until: From when it holds no more.
            weight: What each adds, in whole numbers; 1 without.
        """
        rows = frame.select("site_id", first=first, until=until)
        amount = None if weight is None else frame.select(weight.cast(pl.Int64)).to_series()
        return self.moments.level(
            len(self.things.site_ids),
            self.things.sites(rows["site_id"]),
            _numbers(rows["first"], NEVER_US),
            _numbers(rows["until"], LONG_AGO_US),
            None if amount is None else _numbers(amount, 0),
        )


def _numbers(values: pl.Series, missing: int) -> Ints:
    found: Ints = values.cast(pl.Int64).fill_null(missing).to_numpy()
    return found


def widened(late: pl.DataFrame, key: str, window_us: int) -> pl.DataFrame:
    """Stretches of lateness that count for a window after they end, and never twice at once.

    Args:
        late: `from_us` and `until_us` of each thing's stretches of being late.
        key: Name of the thing.
        window_us: For how long each counts after its end.
    """
    ordered = late.filter(pl.col("until_us") > pl.col("from_us")).sort(key, "from_us")
    following = pl.col("from_us").shift(-1).over(key).fill_null(NEVER_US)
    until = pl.min_horizontal(pl.col("until_us") + window_us, following)
    return ordered.with_columns(until_us=pl.max_horizontal(until, "until_us"))


def within(frame: pl.DataFrame, moments: Moments, window_us: int) -> pl.DataFrame:
    """Rows that may count at some of the moments, to keep matrices of short-lived things small."""
    return frame.filter(
        pl.col("from_us") <= moments.last_us,
        pl.col("until_us") + window_us > moments.first_us,
    )
