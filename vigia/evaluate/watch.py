"""What a plain system keeps of a stream: counts by slot, and the events that change a state.

Belongs here: one pass over the parts of a stream, in bounded memory, and the grids that rules ask
for. Does not belong here: the rules (`naive`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from vigia.evaluate.slots import Grid, Span
from vigia.evaluate.stream import Fields, Reference, events, parts, read_reference
from vigia.simulator.draws import Ints

FIELDS: Fields = {
    "gps_fix": ("device_id", "person_id", "lat", "lon", "steps_delta", "motion"),
    "device_heartbeat": ("device_id",),
    "phone_event": ("device_id", "person_id"),
    "attendance_event": ("person_id", "kind"),
    "checkpoint_scan": ("person_id",),
    "incident_report": ("person_id",),
    "panic_event": ("person_id",),
    "task": ("task_id", "assignee_id", "status", "due_at"),
    "tour_run": ("run_id", "person_id", "status", "due_at"),
    "ticket": ("ticket_id", "status"),
    "alert": ("alert_id", "severity"),
    "escalation_run": ("subject_ref",),
    "access_event": (),
}
"""What the rules look at. The empty table is every event (`stream.events`)."""

LONGEST_SHIFT_SLOTS = 15 * 12
"""Nobody is clocked in for more than 15 hours: what time clocks assume of who forgot to go."""
_REST = ("still", "unknown")
Listener = Callable[[dict[str, pl.DataFrame]], None]
_BY_SLOT: dict[str, list[str]] = {
    "": ["site"],
    "gps_fix": ["device_id", "person_id", "site"],
    "device_heartbeat": ["device_id", "site"],
    "phone_event": ["device_id", "person_id", "site"],
    "access_event": ["site"],
}
"""Tables of which only the slot matters, and what in it."""


@dataclass(frozen=True)
class Watched:
    """The stream of one company, as much of it as the rules need.

    Attributes:
        span: The slots that are looked at.
        reference: What exists.
        seen: By table, events with their `slot` of arrival; one row a slot and thing for the
            tables that come by the minute.
    """

    span: Span
    reference: Reference
    seen: dict[str, pl.DataFrame]

    @cached_property
    def sites(self) -> pl.Series:
        """Codes of the sites, sorted; rows of the grids by site."""
        return pl.Series(sorted(self.reference.codes("site", "code")), dtype=pl.String)

    @cached_property
    def people(self) -> pl.Series:
        """Codes of everybody who was heard of."""
        return self._codes("person_id", "gps_fix", "phone_event", "attendance_event", "tour_run")

    @cached_property
    def phones(self) -> pl.Series:
        """Codes of the phones; trackers and kiosks have no phone events to miss."""
        phones = [r["code"] for r in self.reference.rows["device"] if r["kind"] == "phone"]
        return pl.Series(sorted(phones), dtype=pl.String)

    def by_site(self, *tables: str) -> Grid:
        """Slots with events of some tables, by site."""
        return self.counted(self.sites, "site", *tables)

    def counted(self, codes: pl.Series, column: str, *tables: str) -> Grid:
        """Rows of some tables by the thing of a column and by slot."""
        frame = pl.concat([self.seen[table].select(column, "slot") for table in tables])
        return self.span.counted(
            len(codes), number_of(codes, frame[column]), frame["slot"].to_numpy()
        )

    @cached_property
    def stays(self) -> pl.DataFrame:
        """Who was clocked in where: `person_id`, `site`, `slot`, `until` (slot of the way out)."""
        punches = self.seen["attendance_event"].filter(
            pl.col("kind").is_in(["clock_in", "clock_out"])
        )
        longest = pl.col("slot") + LONGEST_SHIFT_SLOTS
        following = pl.col("slot").shift(-1).over("person_id").fill_null(longest)
        out = punches.with_columns(until=pl.min_horizontal(following, longest))
        return out.filter(kind="clock_in").select("person_id", "site", "slot", "until")

    @cached_property
    def clocked_in(self) -> Grid:
        """People clocked in at each site."""
        return self.held(self.sites, self.stays, "site")

    @cached_property
    def is_clocked_in(self) -> Grid:
        """Whether each person is clocked in anywhere."""
        return self.held(self.people, self.stays, "person_id")

    def held(self, codes: pl.Series, frame: pl.DataFrame, column: str) -> Grid:
        """Intervals (`slot`, `until`) that hold at the end of each slot, by thing."""
        first, until = (frame[name].to_numpy() for name in ("slot", "until"))
        return self.span.level(len(codes), number_of(codes, frame[column]), first, until)

    def _codes(self, column: str, *tables: str) -> pl.Series:
        return pl.concat([self.seen[t][column] for t in tables]).drop_nulls().unique().sort()


def watch(company: Path, span: Span, also: Listener = lambda _events: None) -> Watched:
    """Read the stream of one company once.

    Args:
        company: Folder of one tenant in a world.
        span: The slots to look at; what arrives outside of them is left out.
        also: Told of the events of every part, for whoever else has to read them.
    """
    kept: dict[str, list[pl.DataFrame]] = {table: [] for table in ("", *FIELDS)}
    for part in parts(company):
        found = events(part, FIELDS)
        also(found)
        take(kept, found, span)
    return Watched(
        span, read_reference(company), {t: pl.concat(frames) for t, frames in kept.items()}
    )


def take(kept: dict[str, list[pl.DataFrame]], found: dict[str, pl.DataFrame], span: Span) -> None:
    """Keep what is needed of the events of one part."""
    for table, frame in found.items():
        slotted = frame.with_columns(slot=pl.Series(span.of(frame["received_at"])))
        inside = slotted.filter(pl.col("slot").is_between(0, span.count - 1))
        kept[table].append(_compact(table, inside))


def _compact(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    if table not in _BY_SLOT:
        return frame
    rows = frame.group_by(*_BY_SLOT[table], "slot", maintain_order=True)
    if table != "gps_fix":
        return rows.agg()
    moved = (pl.col("steps_delta") > 0) | ~pl.col("motion").is_in(_REST)
    return rows.agg(moved.any().alias("moved"), pl.col("lat", "lon").last())


def number_of(codes: pl.Series, values: pl.Series) -> Ints:
    """The position of each value among sorted codes; -1 for an unknown one or none."""
    if not len(codes):
        return np.full(len(values), -1, dtype=np.int64)
    place = codes.search_sorted(values.fill_null("")).clip(0, len(codes) - 1).cast(pl.Int64)
    is_known = (codes.gather(place) == values).fill_null(value=False)
    numbers: Ints = np.where(is_known.to_numpy(), place.to_numpy(), -1)
    return numbers


def ended(frame: pl.DataFrame, name: str, over: Iterable[str], never: int) -> pl.DataFrame:
    """The slot in which each thing is over (`until`), by its code; things that never are, left out.

    Args:
        frame: Changes of state, in the order of arrival.
        name: Column of the code.
        over: States that end a thing.
        never: Slot after the last one.
    """
    ends = frame.filter(pl.col("status").is_in(list(over)))
    return ends.group_by(name).agg(pl.col("slot").min().clip(upper_bound=never).alias("until"))
