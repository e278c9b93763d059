"""Facility: assets, their readings and downtime, work orders and prevention."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "Facility"
UPSERT = ("upserted",)

TABLES = (
    Table(
        "asset",
        SECTION,
        "One row per piece of equipment at a site.",
        Kind.STATE,
        columns("""
            asset_id!               | the asset
            site_id! -> site        |
            zone_id -> zone         |
            parent_id -> asset      | what it is part of
            code!                   | inventory number, unique in the tenant
            category                | what kind of equipment it is
            make                    | maker
            model                   | maker's model
            serial                  | serial number
            criticality int 1..5    | importance, 5 highest
            in_service_on           | first day in service
            warranty_to_on          | last day of the warranty
            nfc_hash                | keyed hash of its tag
            status {operational, standby, degraded, down, maintenance, retired} |
        """),
        key=("asset_id",),
        natural_key=("code",),
        verbs=UPSERT,
    ),
    Table(
        "asset_reading",
        SECTION,
        "One row per reading of an asset's meter or sensor.",
        Kind.RECORD,
        columns("""
            reading_id!         | the reading
            site_id -> site     |
            asset_id! -> asset  |
            metric!             | what was read
            value! double       | the value
            unit_name           | unit of the value
            event_time!         |
        """),
        key=("reading_id",),
        time="event_time",
        verbs=("recorded",),
        indexes=(("asset_id", "event_time"),),
    ),
    Table(
        "asset_downtime",
        SECTION,
        "One row per period in which an asset was down.",
        Kind.STATE,
        columns("""
            downtime_id!        | the period
            asset_id! -> asset  |
            from_at             |
            to_at               |
            cause               | why it was down
        """),
        key=("downtime_id",),
        verbs=("started", "ended"),
    ),
    Table(
        "work_order",
        SECTION,
        "One row per maintenance job.",
        Kind.STATE,
        columns("""
            wo_id!                  | the work order
            site_id -> site         |
            asset_id -> asset       |
            type {corrective, preventive, inspection, project} | what kind of job it is
            priority {P1, P2, P3, P4} |
            title                   | what to do
            requested_at            | when it was asked for
            due_at                  | when it should be done
            first_reaction_at       | when somebody first reacted
            completed_at            | when it was done
            est_min                 | expected effort
            assignee_id -> person   | who does it
            status {open, assigned, in_progress, on_hold_parts, on_hold_vendor, on_hold_access, completed, verified, cancelled} |
        """),
        key=("wo_id",),
        verbs=("requested", "updated", "completed"),
        indexes=(("site_id", "due_at"),),
    ),
    Table(
        "preventive_plan",
        SECTION,
        "One row per recurring maintenance of an asset.",
        Kind.STATE,
        columns("""
            plan_id!            | the plan
            asset_id! -> asset  |
            rrule               | RFC 5545 recurrence
            checklist json      | what to do, with schema_version
            lead_days           | how long before due the work order is made
        """),
        key=("plan_id",),
        verbs=UPSERT,
    ),
)
