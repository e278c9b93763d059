"""The bar to beat: the plain rules, as somebody would write them down in an afternoon.

Belongs here: one rule per pattern K01 to K12, over a stream by arrival, at the end of every five
minutes, with one open finding per scope. There is no waiting for late data, no roster beyond who
is clocked in, no maintenance window, no uncertainty of positions and no inhibition: each is what
the product adds, so each must show as a difference on the scoreboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from vigia.evaluate.matching import DETECTIONS
from vigia.evaluate.opening_hours import closed
from vigia.evaluate.slots import Grid, Span, in_last, latest, openings
from vigia.evaluate.watch import Watched, ended, number_of
from vigia.simulator.draws import Bools, Ints

HOUR, TEN_MINUTES, QUARTER = 12, 2, 3
"""In slots."""
SEVERITY = {
    "K01": "CRITICAL",
    "K02": "HIGH",
    "K03": "CRITICAL",
    "K04": "MEDIUM",
    "K05": "HIGH",
    "K06": "HIGH",
    "K07": "CRITICAL",
    "K08": "MEDIUM",
    "K09": "HIGH",
    "K10": "HIGH",
    "K11": "HIGH",
    "K12": "MEDIUM",
}
"""What each rule calls its findings: the usual severity of its pattern."""
CLASSES = tuple(SEVERITY)

TASK_OVER = ("completed", "skipped", "cancelled")
TICKET_OVER = ("resolved", "closed", "cancelled", "merged")
RUN_OVER = ("completed", "partial", "missed", "abandoned", "excused", "cancelled")
_EARTH_M = 111_320.0
_LONGEST_RUN = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Opened:
    """Findings of one rule: what each is about, where, and the slot at whose end it opened."""

    pattern: str
    scope_kind: str
    scope: pl.Series
    site: pl.Series
    slot: Ints


def naive_findings(watched: Watched, tenant: str) -> pl.DataFrame:
    """Everything the plain rules find in what was watched (`DETECTIONS`), by time."""
    frames = [_framed(watched.span, tenant, found) for rule in RULES for found in rule(watched)]
    return pl.concat([DETECTIONS.to_frame(), *frames]).sort("detected_at", "detection")


def _framed(span: Span, tenant: str, found: Opened) -> pl.DataFrame:
    table = pl.DataFrame({"scope": found.scope, "site": found.site, "slot": found.slot})
    return table.select(
        pl.format("{}/{}/{}", pl.lit(found.pattern), "scope", "slot").alias("detection"),
        pl.lit(tenant).alias("tenant"),
        pl.lit(found.pattern).alias("class"),
        pl.lit(found.scope_kind).alias("scope_kind"),
        "scope",
        "site",
        pl.Series("detected_at", span.end_of(found.slot)).cast(DETECTIONS["detected_at"]),
        pl.lit(SEVERITY[found.pattern]).alias("severity"),
        pl.lit(value=False).alias("inhibited"),
        pl.lit(value=False).alias("retracted"),
    )


def _at_sites(seen: Watched, pattern: str, true: Bools) -> Opened:
    site, slot = openings(true)
    code = seen.sites.gather(site)
    return Opened(pattern, "site", code, code, slot)


def silent_site(seen: Watched) -> Iterator[Opened]:
    """K01: no phone, position or task event for an hour, at a site with anyone clocked in."""
    signs = seen.by_site("device_heartbeat", "phone_event", "gps_fix", "task")
    quiet = (in_last(signs, HOUR) == 0) & (seen.clocked_in > 0)
    quiet[:, : HOUR - 1] = False
    yield _at_sites(seen, "K01", quiet)


def abandoned_tour(seen: Watched) -> Iterator[Opened]:
    """K02: a tour is in progress, and the last position of its guard is outside the radius."""
    runs = seen.seen["tour_run"]
    begun = runs.filter(verb="started").unique("run_id", keep="first", maintain_order=True)
    over = ended(runs, "run_id", RUN_OVER, seen.span.count)
    walked = begun.join(over, on="run_id", how="left", maintain_order="left")
    who = number_of(seen.people, walked["person_id"])
    first = walked["slot"].to_numpy()
    last = np.minimum(walked["until"].fill_null(seen.span.count).to_numpy(), first + _LONGEST_RUN)
    outside = _next_outside(seen)[who, first]
    left = (who >= 0) & (outside < last)
    chosen = walked.filter(pl.Series(left))
    yield Opened("K02", "tour_run", chosen["run_id"], chosen["site"], outside[left])


def _next_outside(seen: Watched) -> Ints:
    """By person and slot, the first slot from then on at whose end the last position is outside."""
    fixes = seen.seen["gps_fix"]
    is_outside = _metres_beyond(seen, fixes) > 0
    shape = (len(seen.people), seen.span.count)
    states = np.full(shape, -1, dtype=np.int32)
    who = number_of(seen.people, fixes["person_id"])
    known = (who >= 0) & ~np.isnan(is_outside)
    states[who[known], fixes["slot"].to_numpy()[known]] = is_outside[known]
    never = seen.span.count
    slots = np.where(latest(states) == 1, np.arange(never), never)
    ahead: Ints = np.minimum.accumulate(slots[:, ::-1], axis=1)[:, ::-1]
    return ahead


def _metres_beyond(seen: Watched, fixes: pl.DataFrame) -> np.ndarray:
    """How far each position is beyond the radius of its site; NaN where that is not known."""
    fences = {
        row["site_id"]: (row["lat"], row["lon"], row["radius_m"])
        for row in seen.reference.rows["geofence"]
        if row["kind"] == "site" and row["shape"] == "circle"
    }
    frame = pl.DataFrame(
        [(code, *fence) for code, fence in fences.items()],
        {"site": pl.String, "lat_0": pl.Float64, "lon_0": pl.Float64, "radius_m": pl.Float64},
        orient="row",
    )
    near = fixes.join(frame, on="site", how="left", maintain_order="left")
    north = (near["lat"] - near["lat_0"]).to_numpy() * _EARTH_M
    east = (near["lon"] - near["lon_0"]).to_numpy() * _EARTH_M
    east = east * np.cos(np.radians(near["lat_0"].to_numpy()))
    beyond: np.ndarray = np.hypot(north, east) - near["radius_m"].to_numpy()
    return beyond


def storm(seen: Watched) -> Iterator[Opened]:
    """K03: five overdue tasks, three late tours and ten alerts within an hour."""
    overdue = _in_the_hour(seen, _overdue_tasks(seen))
    late = _in_the_hour(seen, _late_tours(seen))
    raised = seen.seen["alert"].filter(verb="raised")
    alerts = seen.span.counted(
        len(seen.sites), number_of(seen.sites, raised["site"]), raised["slot"].to_numpy()
    )
    yield _at_sites(seen, "K03", (overdue >= 5) & (late >= 3) & (in_last(alerts, HOUR) >= 10))


def _in_the_hour(seen: Watched, late: pl.DataFrame) -> np.ndarray:
    """How many intervals held at some time of the hour before, by site."""
    return seen.held(seen.sites, late.with_columns(pl.col("until") + HOUR), "site")


def _tasks(seen: Watched) -> pl.DataFrame:
    """Tasks: `site`, `slot` of their coming, `due`, `until`."""
    changes = seen.seen["task"]
    made = changes.filter(verb="created").unique("task_id", keep="first", maintain_order=True)
    return _until(seen, made, changes, "task_id", TASK_OVER)


def _until(
    seen: Watched, made: pl.DataFrame, changes: pl.DataFrame, name: str, over: tuple[str, ...]
) -> pl.DataFrame:
    ends = ended(changes, name, over, seen.span.count)
    both = made.join(ends, on=name, how="left", maintain_order="left")
    return both.with_columns(pl.col("until").fill_null(seen.span.count))


def _due(seen: Watched, frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows from the slot on in which they are past due; without a due time, never."""
    due = frame.filter(pl.col("due_at").is_not_null())
    past = pl.Series("past", seen.span.of(due["due_at"]))
    return due.with_columns(past).with_columns(slot=pl.max_horizontal("slot", "past")).drop("past")


def _overdue_tasks(seen: Watched) -> pl.DataFrame:
    late = _due(seen, _tasks(seen))
    return late.filter(pl.col("until") > pl.col("slot"))


def _late_tours(seen: Watched) -> pl.DataFrame:
    """Tours that are due and not begun."""
    changes = seen.seen["tour_run"]
    planned = changes.filter(verb="scheduled").unique("run_id", keep="first", maintain_order=True)
    runs = _until(seen, planned, changes, "run_id", ("in_progress", *RUN_OVER))
    late = _due(seen, runs)
    return late.filter(pl.col("until") > pl.col("slot"))


def phantom_guard(seen: Watched) -> Iterator[Opened]:
    """K04: a position and no work of a person within two hours."""
    tasks = seen.seen["task"].filter(pl.col("source").str.starts_with("phone/"))
    done = tasks.select(pl.col("assignee_id").alias("person_id"), "slot")
    work = [seen.seen[table].select("person_id", "slot") for table in ("checkpoint_scan",)]
    work += [seen.seen["incident_report"].select("person_id", "slot"), done]
    both = pl.concat(work)
    who = number_of(seen.people, both["person_id"])
    worked = seen.span.counted(len(seen.people), who, both["slot"].to_numpy())
    fixes = seen.counted(seen.people, "person_id", "gps_fix")
    idle = (in_last(fixes, 2 * HOUR) > 0) & (in_last(worked, 2 * HOUR) == 0)
    yield _of_people(seen, "K04", idle & _was_there(fixes, 2 * HOUR))


def _was_there(signs: Grid, window: int) -> Bools:
    """Whether a thing was heard of before the window too: who has just come has done nothing yet."""
    before = np.zeros(signs.shape, dtype=bool)
    before[:, window:] = (in_last(signs, window) > 0)[:, :-window]
    return before


def _of_people(seen: Watched, pattern: str, true: Bools) -> Opened:
    who, slot = openings(true)
    return Opened(pattern, "person", seen.people.gather(who), _site_of_people(seen, who), slot)


def _site_of_people(seen: Watched, who: Ints) -> pl.Series:
    """Where each person was clocked in most; a finding about a person names no site by itself."""
    home = seen.stays.group_by("person_id").agg(pl.col("site").mode().sort().first())
    code = pl.DataFrame({"person_id": seen.people.gather(who)})
    return code.join(home, on="person_id", how="left", maintain_order="left")["site"]


def one_sided_device(seen: Watched) -> Iterator[Opened]:
    """K05 and K06: of phone events and positions, an hour has one and not the other."""
    positions = seen.counted(seen.phones, "device_id", "gps_fix")
    calls = seen.counted(seen.phones, "device_id", "device_heartbeat", "phone_event")
    was_there = _was_there(positions + calls, HOUR)
    fixes, signs = in_last(positions, HOUR), in_last(calls, HOUR)
    site = _site_of_devices(seen)
    for pattern, one_sided in (
        ("K05", (signs > 0) & (fixes == 0)),
        ("K06", (fixes > 0) & (signs == 0)),
    ):
        device, slot = openings(one_sided & was_there)
        yield Opened(pattern, "device", seen.phones.gather(device), site.gather(device), slot)


def _site_of_devices(seen: Watched) -> pl.Series:
    """Where each device was heard of most."""
    heard = pl.concat(
        [seen.seen[t].select("device_id", "site") for t in ("gps_fix", "device_heartbeat")]
    )
    most = heard.group_by("device_id").agg(pl.col("site").mode().sort().first())
    code = pl.DataFrame({"device_id": seen.phones})
    return code.join(most, on="device_id", how="left", maintain_order="left")["site"]


def distress(seen: Watched) -> Iterator[Opened]:
    """K07: a call for help; or somebody clocked in neither moves nor uses the phone for 10 min."""
    moving = seen.seen["gps_fix"].filter("moved").select("person_id", "slot")
    used = seen.seen["phone_event"].select("person_id", "slot")
    alive = pl.concat([moving, used])
    who = number_of(seen.people, alive["person_id"])
    lively = seen.span.counted(len(seen.people), who, alive["slot"].to_numpy())
    calls = seen.seen["panic_event"].filter(verb="triggered")
    called = seen.span.counted(
        len(seen.people), number_of(seen.people, calls["person_id"]), calls["slot"].to_numpy()
    )
    still = (in_last(lively, TEN_MINUTES) == 0) & (seen.is_clocked_in > 0)
    yield _of_people(seen, "K07", still | (called > 0))


def shortage(seen: Watched) -> Iterator[Opened]:
    """K08: three open tickets and three late tasks at a site."""
    changes = seen.seen["ticket"]
    opened = changes.filter(verb="created").unique("ticket_id", keep="first", maintain_order=True)
    tickets = _until(seen, opened, changes, "ticket_id", TICKET_OVER)
    waiting = seen.held(seen.sites, tickets, "site")
    late = seen.held(seen.sites, _overdue_tasks(seen), "site")
    yield _at_sites(seen, "K08", (waiting >= 3) & (late >= 3))


def uncovered_post(seen: Watched) -> Iterator[Opened]:
    """K09: nobody is clocked in at a site with a pending task; so none of its posts is covered."""
    pending = seen.held(seen.sites, _tasks(seen), "site")
    site, slot = openings((seen.clocked_in == 0) & (pending > 0))
    empty = pl.DataFrame({"site": seen.sites.gather(site), "slot": slot})
    posts = pl.DataFrame(
        {
            "site": pl.Series(seen.reference.codes("post", "site_id"), dtype=pl.String),
            "post": pl.Series(seen.reference.codes("post", "post_id"), dtype=pl.String),
        }
    )
    each = empty.join(posts, on="site", how="inner", maintain_order="left")
    yield Opened("K09", "post", each["post"], each["site"], each["slot"].to_numpy())


def broken_chain(seen: Watched) -> Iterator[Opened]:
    """K10: a HIGH alert is not acknowledged for 15 minutes, and nobody was told."""
    alerts = seen.seen["alert"]
    grave = alerts.filter(pl.col("severity").is_in(["HIGH", "CRITICAL"]), verb="raised")
    grave = grave.unique("alert_id", keep="first", maintain_order=True)
    seen_to = alerts.filter(pl.col("verb") != "raised").select("alert_id", "slot")
    told = seen.seen["escalation_run"].select(pl.col("subject_ref").alias("alert_id"), "slot")
    answers = pl.concat([seen_to, told]).group_by("alert_id").agg(until=pl.col("slot").min())
    both = grave.join(answers, on="alert_id", how="left", maintain_order="left")
    due = pl.col("slot") + QUARTER
    ignored = both.filter(
        (pl.col("until").is_null() | (pl.col("until") > due)) & (due < seen.span.count)
    )
    yield Opened(
        "K10", "alert", ignored["alert_id"], ignored["site"], ignored["slot"].to_numpy() + QUARTER
    )


def outage(seen: Watched) -> Iterator[Opened]:
    """K11: three sites of a region without any event for ten minutes."""
    quiet = in_last(seen.by_site(""), TEN_MINUTES) == 0
    quiet[:, : TEN_MINUTES - 1] = False
    region_of = dict(
        zip(
            seen.reference.codes("site", "code"),
            seen.reference.codes("site", "region"),
            strict=True,
        )
    )
    regions = pl.Series(sorted(set(region_of.values())), dtype=pl.String)
    member = number_of(regions, pl.Series([region_of[code] for code in seen.sites]))
    silent = np.zeros((len(regions), seen.span.count), dtype=np.int32)
    np.add.at(silent, member, quiet)
    region, slot = openings(silent >= 3)
    none = pl.Series([None] * len(slot), dtype=pl.String)
    yield Opened("K11", "region", regions.gather(region), none, slot)


def off_hours(seen: Watched) -> Iterator[Opened]:
    """K12: anybody's event at a closed site: outside of its hours, with nobody clocked in."""
    signs = seen.by_site(
        "access_event",
        "gps_fix",
        "phone_event",
        "device_heartbeat",
        "checkpoint_scan",
        "attendance_event",
    )
    shut = closed(seen.reference, seen.sites, seen.span)
    yield _at_sites(seen, "K12", (signs > 0) & shut & (seen.clocked_in == 0))


RULES: tuple[Callable[[Watched], Iterator[Opened]], ...] = (
    silent_site,
    abandoned_tour,
    storm,
    phantom_guard,
    one_sided_device,
    distress,
    shortage,
    uncovered_post,
    broken_chain,
    outage,
    off_hours,
)
"""Every rule; between them they know all of `CLASSES`."""
