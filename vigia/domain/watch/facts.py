"""What arrived, as the rules look at it: one frame per table, and no more columns than they need.

Things that have states come as their histories, an event a row, because what is known of them at
an instant is what had arrived by then. Reading frames is for the store and for evaluation, which
give the same ones for the same events; what follows from them is for the other modules here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import polars as pl

from vigia.domain.dictionary import Column, ColumnType, Kind, Table, table
from vigia.domain.telemetry.ids import reference_bytes, uuid_texts
from vigia.domain.watch.moments import Ints
from vigia.domain.windows import INSTANT

_WANTED = """
site                calendar_id client_id tz region network_operator power_feeder risk_tier criticality gps_expectation status
client              tier
zone                indoor
geofence            geofence_id kind shape lat lon radius_m buffer_m
post                zone_id kind must_man armed lone gps_expected work_expected
post_requirement    post_id dow start_local end_local headcount valid_from valid_to
post_stand_down     post_id from_at to_at
calendar            tz hours
holiday             calendar_id holiday_on kind
maintenance_window  matcher starts_at ends_at mode state
person              role supervisor_id home_site_id status
device              kind platform os_version app_version status
device_assignment   device_id person_id post_id from_at to_at
tour_template       kind planned_min mandatory
checkpoint          lat lon radius_m indoor required status
shift               post_id starts_at ends_at headcount status
shift_assignment    shift_id person_id status relieved_by
leave_request       person_id from_at to_at status
sla_policy          code calendar_id
sla_target          policy_id priority category first_response_min resolve_min round_the_clock
escalation_policy   code
escalation_step     policy_id order_no wait_min target target_ref channel min_severity
on_call_shift       schedule_code role region person_id backup_id from_at to_at
tour_run            tour_id person_id assignment_id due_at window_end_at started_at ended_at checkpoints_planned checkpoints_scanned status
task                kind priority due_at est_min assignee_id status completed_at
work_order          type priority due_at est_min assignee_id status
ticket              client_id category priority group_id assignee_id status opened_at first_response_at
incident_report     person_id type severity occurred_at
welfare_check       person_id assignment_id due_at opens_at closes_at method answered_at attempts result
panic_event         person_id device_id panic_source triggered_at state
visitor_visit       status
alert               device_id person_id type severity source_ref state count
escalation_run      subject_kind subject_ref step next_step_at state
gps_fix             device_id person_id boot_id seq lat lon accuracy_m satellites speed_mps provider mock valid outdated steps_delta motion
device_heartbeat    device_id boot_id seq battery_pct charging network location_permission gps_enabled power_save queue_depth
phone_event         device_id person_id boot_id seq kind human
attendance_event    person_id assignment_id device_id kind method geo
checkpoint_scan     run_id checkpoint_id person_id device_id offline verdict
access_event        zone_id person_id kind
contact_log         person_id subject_ref channel direction outcome
escalation_event    run_id subject_ref step target_id delivered_at answered_at result
asset_reading       asset_id
handover            post_id from_person_id to_person_id
"""

WANTED: Mapping[str, tuple[str, ...]] = {
    words[0]: tuple(words[1:]) for words in map(str.split, _WANTED.strip().splitlines())
}
"""By table, the columns that rules look at, beside those that every frame has."""

REFERENCE = frozenset(
    [
        "site",
        "client",
        "zone",
        "geofence",
        "post",
        "post_requirement",
        "post_stand_down",
        "calendar",
        "holiday",
        "maintenance_window",
        "person",
        "device",
        "device_assignment",
        "tour_template",
        "checkpoint",
        "shift",
        "shift_assignment",
        "leave_request",
        "sla_policy",
        "sla_target",
        "escalation_policy",
        "escalation_step",
        "on_call_shift",
    ]
)
"""Tables whose whole history counts, however old; of the others a window is enough."""

STANDING = (
    "site", "client", "zone", "geofence", "post", "post_requirement", "calendar", "person",
    "device", "device_assignment", "tour_template", "checkpoint", "maintenance_window",
    "sla_policy", "sla_target", "escalation_step",
)  # fmt: skip
"""Tables of what exists: rules take the latest of it, so no instant may be shown what was told
later."""

_TYPES: dict[ColumnType, pl.DataType] = {
    ColumnType.UUID: pl.String(),
    ColumnType.TEXT: pl.String(),
    ColumnType.JSON: pl.String(),
    ColumnType.TIMESTAMP: INSTANT,
    ColumnType.DATE: pl.Date(),
    ColumnType.TIME: pl.Time(),
    ColumnType.INTEGER: pl.Int64(),
    ColumnType.BIGINT: pl.Int64(),
    ColumnType.REAL: pl.Float64(),
    ColumnType.DOUBLE: pl.Float64(),
    ColumnType.DECIMAL: pl.Float64(),
    ColumnType.BOOLEAN: pl.Boolean(),
}


def wanted(name: str) -> tuple[Column, ...]:
    """The columns of a table that rules look at: its key, its site, and those of `WANTED`.

    The key of records is left out: nobody asks which one it was.
    """
    of = table(name)
    names = dict.fromkeys((*_own(of), *WANTED[name]))
    return tuple(of.column(each) for each in names)


def _own(of: Table) -> tuple[str, ...]:
    site = ("site_id",) if any(column.name == "site_id" for column in of.columns) else ()
    return (*of.key[:1], *site) if of.kind is Kind.STATE else site


def schema(name: str) -> pl.Schema:
    """The frame of a table: `received_at`, `at` (when it happened, by trusted time), its columns.

    Histories also have `verb`, `source`, and `site_id` where the event names one. Ids are text.
    """
    head: dict[str, pl.DataType] = {"received_at": INSTANT, "at": INSTANT}
    if table(name).kind is Kind.STATE:
        head |= {"verb": pl.String(), "source": pl.String(), "site_id": pl.String()}
    return pl.Schema({**head, **{c.name: _TYPES[c.type] for c in wanted(name)}})


def shaped(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of any origin as a frame of `schema`, in the order of arrival.

    Args:
        name: The table.
        rows: Some or all columns of the schema; ids as text or as 16 bytes.
    """
    columns = []
    for column, kind in schema(name).items():
        if column not in rows.columns:
            columns.append(pl.Series(column, [None] * rows.height, kind))
            continue
        values = rows[column]
        if values.dtype == pl.Binary:
            values = uuid_texts(values).alias(column)
        columns.append(values.cast(kind))
    return pl.DataFrame(columns).sort("received_at", "at", maintain_order=True)


@dataclass(frozen=True)
class Facts:
    """Everything of one tenant that a run looks at.

    Attributes:
        tenant_id: Whose.
        frames: By table of `WANTED`, frames of `schema`, in the order of arrival.
    """

    tenant_id: UUID
    frames: Mapping[str, pl.DataFrame]

    def __getitem__(self, name: str) -> pl.DataFrame:
        """The frame of a table; an empty one where nothing arrived."""
        found = self.frames.get(name)
        return self._empty[name] if found is None else found

    @cached_property
    def _empty(self) -> dict[str, pl.DataFrame]:
        return {name: pl.DataFrame(schema=schema(name)) for name in WANTED}

    @cached_property
    def news_us(self) -> Ints:
        """When something was told of what exists, microseconds since 1970."""
        told = [self[name]["received_at"].to_physical().cast(pl.Int64) for name in STANDING]
        news: Ints = pl.concat(told).unique().sort().to_numpy()
        return news

    def told_by(self, us: int) -> Facts:
        """The same without what was told later of what exists."""
        until = pl.lit(us).cast(INSTANT)
        kept = {name: self[name].filter(pl.col("received_at") <= until) for name in STANDING}
        return Facts(self.tenant_id, {**self.frames, **kept})

    def named(self, name: str, codes: pl.Series) -> pl.Series:
        """The ids that codes name, as the ids of a table's frame; null for none."""
        known = {
            code: str(UUID(bytes=reference_bytes(self.tenant_id, name, code)))
            for code in codes.drop_nulls().unique().to_list()
        }
        return codes.replace_strict(known, default=None, return_dtype=pl.String)
