"""From verdicts to findings: one a scope while it is true, carried from one audit to the next.

An episode begins at the first instant at which a pattern is raised and nothing of the same type
and scope is open. It ends when its clear rule has held for as long as it must. What is open when a
run ends is handed to the next one, so that instants looked at one by one give the same findings as
all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import polars as pl

from vigia.domain.findings.pattern import Verdict
from vigia.domain.findings.types import SEVERITIES, EvidenceState
from vigia.domain.watch.moments import Bools, Ints, Moments
from vigia.domain.windows import INSTANT, slot_start

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EPISODES = pl.Schema(
    {
        "pattern": pl.String(),
        "type": pl.String(),
        "subtype": pl.String(),
        "scope_kind": pl.String(),
        "scope_id": pl.String(),
        "site_id": pl.String(),
        "person_id": pl.String(),
        "device_id": pl.String(),
        "subject_ref": pl.String(),
        "sites": pl.List(pl.String()),
        "episode_start": INSTANT,
        "window_from": INSTANT,
        "detected_at": INSTANT,
        "seen_at": INSTANT,
        "clear_since": INSTANT,
        "cleared_at": INSTANT,
        "severity": pl.String(),
        "evidence_state": pl.String(),
        "evidence_at": INSTANT,
        "figures": pl.String(),
    }
)
"""One row per episode.

`severity` is the worst so far; `seen_at` the last instant at which it was raised; `clear_since`
when the clear rule began to hold, while it does; `cleared_at` when it had held long enough;
`sites` the sites that a region's finding stands for; `evidence_at` when `evidence_state` became so;
`figures` JSON: the numbers as they were when it was raised."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An episode that goes on: its row, and since when it is clear (-1: it is not)."""

    row: dict[str, Any]
    clear_since: int


def track(pattern: str, verdict: Verdict, moments: Moments, before: pl.DataFrame) -> pl.DataFrame:
    """Follow a verdict through its instants.

    Args:
        pattern: Code of the pattern.
        verdict: What it says.
        moments: The instants of its columns, all after those of earlier runs.
        before: `EPISODES` of earlier runs; those of this type that are not cleared go on.

    Returns:
        `EPISODES` that went on, began or ended, by scope and time.
    """
    going = {
        row["scope_id"]: _Open(row, _us(row["clear_since"]))
        for row in before.filter(
            pl.col("type") == verdict.kind,
            pl.col("scope_kind") == str(verdict.scope_kind),
            pl.col("cleared_at").is_null(),
        ).iter_rows(named=True)
    }
    numbers = {scope: number for number, scope in enumerate(verdict.scopes["scope_id"])}
    busy = np.flatnonzero(verdict.raised.any(axis=1))
    wanted = sorted({*busy.tolist(), *(numbers[s] for s in going if s in numbers)})
    rows = [row for number in wanted for row in _followed(pattern, verdict, moments, number, going)]
    gone = [opened.row for scope, opened in going.items() if scope not in numbers]
    found = pl.DataFrame(rows + gone, schema=EPISODES, orient="row")
    return _retracted(found, verdict, numbers).sort("scope_id", "detected_at")


def _followed(
    pattern: str, verdict: Verdict, moments: Moments, number: int, going: dict[str, _Open]
) -> Iterator[dict[str, Any]]:
    """The episodes of one scope, in order."""
    raised = verdict.raised[number]
    cleared = ~raised if verdict.cleared is None else verdict.cleared[number] & ~raised
    at, hold_us = moments.at_us, verdict.hold // _MICROSECOND
    opened = going.get(verdict.scopes["scope_id"][number])
    place = 0
    while True:
        if opened is None:
            ahead = np.flatnonzero(raised[place:])
            if not len(ahead):
                return
            place += int(ahead[0])
            opened = _Open(_begun(pattern, verdict, moments, number, place), -1)
            place += 1
        end, since = _end(cleared, at, place, opened.clear_since, hold_us)
        last = len(at) if end is None else end
        row = _gone_on(opened.row, verdict, moments, number, place, last)
        if end is None:
            yield row | {"clear_since": _instant(since)}
            return
        yield row | {"clear_since": _instant(since), "cleared_at": _instant(int(at[end]))}
        opened, place = None, end + 1


def _end(cleared: Bools, at: Ints, place: int, since: int, hold_us: int) -> tuple[int | None, int]:
    """Where an episode ends, and since when it is clear (-1 where it is not)."""
    changes = np.flatnonzero(np.diff(cleared[place:].astype(np.int8))) + 1
    starts = [place, *(place + int(change) for change in changes)]
    for start, stop in zip(starts, [*starts[1:], len(at)], strict=True):
        if start >= len(at):
            break
        if not cleared[start]:
            since = -1
            continue
        since = int(at[start]) if since < 0 else since
        held = start + int(np.searchsorted(at[start:stop], since + hold_us, side="left"))
        if held < stop:
            return held, since
    return None, since


def _begun(
    pattern: str, verdict: Verdict, moments: Moments, number: int, place: int
) -> dict[str, Any]:
    """The row of an episode at the instant at which it is raised."""
    at = _instant(int(moments.at_us[place]))
    assert at is not None
    row: dict[str, Any] = dict(verdict.scopes.row(number, named=True))
    if verdict.site is not None and verdict.site_ids is not None:
        site = int(verdict.site[number, place])
        row["site_id"] = verdict.site_ids[site] if site >= 0 else row["site_id"]
    waits = verdict.provisional is not None and bool(verdict.provisional[number, place])
    state = EvidenceState.PROVISIONAL if waits else EvidenceState.CONFIRMED
    subtype = None
    if verdict.subtype is not None:
        subtype = verdict.subtypes[int(verdict.subtype[number, place])]
    return row | {
        "pattern": pattern,
        "type": verdict.kind,
        "subtype": subtype,
        "scope_kind": str(verdict.scope_kind),
        "sites": verdict.covers(number, place) if verdict.covers else None,
        "episode_start": pl.select(slot_start(pl.lit(at, INSTANT))).item(),
        "window_from": at - verdict.window,
        "detected_at": at,
        "seen_at": at,
        "clear_since": None,
        "cleared_at": None,
        "severity": str(SEVERITIES[int(verdict.severity[number, place])]),
        "evidence_state": str(state),
        "evidence_at": at,
        "figures": orjson.dumps(_figures(verdict, number, place)).decode(),
    }


def _figures(verdict: Verdict, number: int, place: int) -> dict[str, float | None]:
    legs = {leg.name: leg.value for leg in verdict.legs}
    values = {name: float(v[number, place]) for name, v in {**legs, **verdict.figures}.items()}
    return {name: round(v, 3) if np.isfinite(v) else None for name, v in values.items()}


def _gone_on(
    row: dict[str, Any], verdict: Verdict, moments: Moments, number: int, first: int, last: int
) -> dict[str, Any]:
    """The row after the instants from `first` to before `last`: worse, and seen later, or not."""
    seen = np.flatnonzero(verdict.raised[number, first:last])
    if not len(seen):
        return row
    places = first + seen
    worst = int(verdict.severity[number, places].max())
    known = [str(each) for each in SEVERITIES].index(row["severity"])
    moved = {
        "severity": str(SEVERITIES[max(worst, known)]),
        "seen_at": _instant(int(moments.at_us[places[-1]])),
    }
    sure = row["evidence_state"] == EvidenceState.PROVISIONAL and verdict.provisional is not None
    if sure:
        settled = places[~verdict.provisional[number, places]]  # type: ignore[index]
        if len(settled):
            at = _instant(int(moments.at_us[settled[0]]))
            moved |= {"evidence_state": str(EvidenceState.CONFIRMED), "evidence_at": at}
    return row | moved


def _retracted(found: pl.DataFrame, verdict: Verdict, numbers: dict[str, int]) -> pl.DataFrame:
    """Episodes of which late signs prove that they were none."""
    if verdict.late is None or verdict.late.is_empty() or found.is_empty():
        return found
    scope = {number: name for name, number in numbers.items()}
    late = verdict.late.with_columns(
        scope_id=pl.col("row").replace_strict(scope, default=None, return_dtype=pl.String),
        at=pl.col("at_us").cast(INSTANT),
        received=pl.col("received_us").cast(INSTANT),
    ).drop_nulls("scope_id")
    proof = (
        found.select("scope_id", "detected_at", "window_from")
        .join(late, on="scope_id")
        .filter(
            pl.col("at").is_between("window_from", "detected_at", closed="left"),
            pl.col("received") > pl.col("detected_at"),
        )
        .group_by("scope_id", "detected_at")
        .agg(proven_at=pl.col("received").min())
    )
    both = found.join(proof, on=["scope_id", "detected_at"], how="left", maintain_order="left")
    is_proven = pl.col("proven_at").is_not_null()
    return both.with_columns(
        evidence_state=pl.when(is_proven)
        .then(pl.lit(str(EvidenceState.RETRACTED)))
        .otherwise("evidence_state"),
        evidence_at=pl.coalesce("proven_at", "evidence_at"),
    ).drop("proven_at")


def _us(instant: datetime | None) -> int:
    return -1 if instant is None else (instant - _EPOCH) // _MICROSECOND


def _instant(us: int) -> datetime | None:
    return None if us < 0 else _EPOCH + us * _MICROSECOND
