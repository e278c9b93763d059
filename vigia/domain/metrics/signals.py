"""Signal windows: what a person's phone, positions, work and check calls said in 5 minutes.

One row per person, site and slot with any signal. Silence has no row: what it means is for the
detectors to judge, with the completeness watermark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from vigia.domain.geo import distance_mm_between
from vigia.domain.metrics.registry import VALID_FIX, matches
from vigia.domain.windows import INSTANT, SLOT, slot_start

LOOK_BACK_S = 3600
"""How far back a signal can depend on earlier positions."""
HUMAN_KINDS = ("interaction", "login", "logout", "call_in", "call_out", "sms", "push_ack")
COUNTS = ("p_auto", "p_human", "g_valid", "g_invalid", "w_count", "h_ok", "h_missed")
SIGNALS = pl.Schema(
    {
        "site_id": pl.String(),
        "person_id": pl.String(),
        "slot": INSTANT,
        **dict.fromkeys(COUNTS, pl.Int32()),
        "distance_m": pl.Float64(),
        "max_gap_s": pl.Int32(),
        "exposure_min": pl.Int32(),
        "watermark_at": INSTANT,
    }
)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = ("site_id", "person_id", "slot")
_HUMAN = pl.col("human").fill_null(pl.col("kind").is_in(HUMAN_KINDS))
_YES = pl.lit(value=True)


@dataclass(frozen=True, slots=True)
class Source:
    """A table whose rows are signals of a person.

    Attributes:
        person: Column with the person; where it is empty, the device's holder counts.
        times: Instants, of which the first that is known places the row in time.
        gives: Which of `COUNTS` a row raises.
        needs: Further columns.
    """

    person: str
    times: tuple[str, ...]
    gives: Mapping[str, pl.Expr]
    needs: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns to read."""
        return ("site_id", self.person, *self.times, *self.needs)


_FIX_IS_VALID = matches(VALID_FIX)
SOURCES: Mapping[str, Source] = {
    "phone_event": Source(
        "person_id",
        ("event_time",),
        {"p_human": _HUMAN, "p_auto": ~_HUMAN},
        ("device_id", "kind", "human"),
    ),
    "device_heartbeat": Source("person_id", ("event_time",), {"p_auto": _YES}, ("device_id",)),
    "gps_fix": Source(
        "person_id",
        ("fix_time",),
        {"g_valid": _FIX_IS_VALID, "g_invalid": ~_FIX_IS_VALID},
        ("fix_id", "device_id", "lat", "lon", "accuracy_m", "valid", "outdated"),
    ),
    "checkpoint_scan": Source("person_id", ("event_time",), {"w_count": _YES}, ("device_id",)),
    "task": Source("assignee_id", ("completed_at",), {"w_count": _YES}),
    "incident_report": Source("person_id", ("reported_at",), {"w_count": _YES}),
    "welfare_check": Source(
        "person_id",
        ("answered_at", "due_at"),
        {"h_ok": pl.col("result") == "ok", "h_missed": pl.col("result").is_in(["missed", "late"])},
        ("result",),
    ),
}
HOLDERS = pl.Schema(
    {"device_id": pl.String(), "person_id": pl.String(), "from_at": INSTANT, "to_at": INSTANT}
)
WATERMARKS = pl.Schema({"device_id": pl.String(), "complete_until_at": INSTANT})


def signal_windows(
    rows: Mapping[str, pl.DataFrame], holders: pl.DataFrame, watermarks: pl.DataFrame
) -> pl.DataFrame:
    """Count signals by person, site and slot.

    Args:
        rows: Of some tables of `SOURCES`, their columns; positions from `LOOK_BACK_S` before
            the first slot wanted. A heartbeat needs no person column: its device's holder counts.
        holders: Who holds a device when: `HOLDERS`, open where a bound is missing.
        watermarks: Until when a device has sent everything: `WATERMARKS`.

    Returns:
        One row per person, site and slot with any signal, in that order, with `SIGNALS`.
        Slots within the look-back have rows too, whose distances are not to be trusted.
    """
    known = [_timed(frame, SOURCES[name], holders) for name, frame in rows.items() if frame.height]
    if not known:
        return pl.DataFrame(schema=SIGNALS)
    signals = pl.concat(known, how="diagonal")
    if "fix_id" in signals.columns:
        legs = _legs(signals.filter(pl.col("g_valid")))
        signals = pl.concat([signals.drop("fix_id", "lat", "lon"), legs], how="diagonal")
    present = [c for c in (*COUNTS, "leg_mm", "gap_s", "device_id") if c in signals.columns]
    missing = [pl.lit(None, t).alias(c) for c, t in _OPTIONAL.items() if c not in present]
    slot_end = pl.col("slot") + SLOT
    windows = (
        signals.with_columns(missing)
        .join(watermarks.select(WATERMARKS.names()), on="device_id", how="left")
        .with_columns(known_to=_earlier(pl.col("complete_until_at"), slot_end))
        .group_by(_KEY)
        .agg(
            pl.col(*COUNTS).sum().cast(pl.Int32),
            pl.col("leg_mm").sum().alias("distance_m"),
            pl.col("gap_s").max().fill_null(0).cast(pl.Int32).alias("max_gap_s"),
            pl.lit(SLOT.seconds // 60, pl.Int32).alias("exposure_min"),
            pl.col("known_to").min().alias("watermark_at"),
        )
        .sort(_KEY)
        .select(SIGNALS.names())
    )
    # Divided by numpy: Polars multiplies by the reciprocal, which is not the nearest number.
    return windows.with_columns(distance_m=windows["distance_m"].to_numpy() / 1000)


_OPTIONAL = {
    **dict.fromkeys(COUNTS, pl.Boolean()),
    "leg_mm": pl.Int64(),
    "gap_s": pl.Int64(),
    "device_id": pl.String(),
}


def _earlier(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """The earlier of two instants; null when the first is."""
    return pl.when(one < other).then(one).when(one.is_not_null()).then(other)


def _timed(frame: pl.DataFrame, source: Source, holders: pl.DataFrame) -> pl.DataFrame:
    """Rows of one table as signals: who, where, when, and what they count for."""
    person = pl.col(source.person) if source.person in frame.columns else pl.lit(None, pl.String)
    timed = frame.with_columns(at=pl.coalesce(source.times), person=person)
    if "device_id" in frame.columns:
        timed = _with_holder(timed, holders)
    timed = timed.drop_nulls(["site_id", "person", "at"])
    carried = [c for c in ("device_id", "fix_id", "lat", "lon") if c in frame.columns]
    return timed.select(
        "site_id",
        slot_start(pl.col("at")).alias("slot"),
        "at",
        pl.col("person").alias("person_id"),
        *carried,
        *(expression.fill_null(value=False).alias(k) for k, expression in source.gives.items()),
    )


def _with_holder(rows: pl.DataFrame, holders: pl.DataFrame) -> pl.DataFrame:
    """Rows without a person get who held their device then."""
    if holders.is_empty():
        return rows
    began = holders.drop_nulls("person_id").select(
        "device_id",
        pl.col("person_id").alias("holder"),
        pl.col("from_at").fill_null(_LONG_AGO).alias("at"),
        "to_at",
    )
    held = rows.sort("at").join_asof(
        began.sort("at", "holder"), on="at", by="device_id", check_sortedness=False
    )
    holds = pl.col("to_at").is_null() | (pl.col("at") < pl.col("to_at"))
    return held.with_columns(person=pl.coalesce("person", pl.when(holds).then("holder")))


def _legs(fixes: pl.DataFrame) -> pl.DataFrame:
    """Way and wait from a person's valid position to the next, in the slot of the later one."""
    track = ["site_id", "person_id"]
    ordered = fixes.sort(*track, "at", "fix_id")

    def before(column: str) -> pl.Expr:
        return pl.col(column).shift(1).over(track)

    wait_s = (pl.col("at") - before("at")).dt.total_seconds()
    way = distance_mm_between(before("lat"), before("lon"), pl.col("lat"), pl.col("lon"))
    near = (pl.col("at") - before("at")) <= pl.duration(seconds=LOOK_BACK_S)
    return ordered.select(
        *_KEY,
        pl.when(near).then(way).alias("leg_mm"),
        wait_s.fill_null(LOOK_BACK_S).clip(0, LOOK_BACK_S).alias("gap_s"),
    )
