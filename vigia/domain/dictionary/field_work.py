"""Field work: tours, checkpoints, tasks, incident reports, visitors and keys."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "Field work"
UPSERT = ("upserted",)

TABLES = (
    Table(
        "tour_template",
        SECTION,
        "One row per tour that a site plans.",
        Kind.STATE,
        columns("""
            tour_id!          | the planned tour
            site_id! -> site  |
            name              |
            kind {fixed_order, any_order, random, fire_watch, mobile} | how it is walked
            planned_min       | time it should take
            min_leg_s         | least honest time between two checkpoints
            mandatory bool    | may not be skipped
            version           |
        """),
        key=("tour_id",),
        verbs=UPSERT,
    ),
    Table(
        "checkpoint",
        SECTION,
        "One row per checkpoint of a site.",
        Kind.STATE,
        columns("""
            checkpoint_id!                    | the checkpoint
            site_id! -> site                  |
            zone_id -> zone                   |
            code!                             | tag number, unique in the tenant
            name                              |
            tech {nfc, qr, ble, gps}          | how it is scanned
            tag_hash                          | keyed hash of the tag
            lat                               |
            lon                               |
            radius_m                          | how near a scan must be
            indoor bool                       | under a roof
            order_no int                      | place in a fixed order
            required bool                     | a tour without it is incomplete
            dwell_s                           | time to stay
            status {active, damaged, removed} |
        """),
        key=("checkpoint_id",),
        natural_key=("code",),
        verbs=UPSERT,
    ),
    Table(
        "tour_schedule",
        SECTION,
        "One row per recurring time at which a tour is due.",
        Kind.STATE,
        columns("""
            ts_id!                    | the schedule
            tour_id! -> tour_template | the tour
            rrule                     | RFC 5545 recurrence
            window_min                | time in which it may start
            grace_min                 | delay that is forgiven
        """),
        key=("ts_id",),
        verbs=UPSERT,
    ),
    Table(
        "tour_run",
        SECTION,
        "One row per tour that was due or walked.",
        Kind.STATE,
        columns("""
            run_id!                     | the run
            tour_id -> tour_template    | the planned tour
            site_id -> site             |
            person_id -> person         |
            assignment_id               |
            due_at                      | when it should start
            window_end_at               | when starting becomes too late
            started_at                  | when it started
            ended_at                    | when it ended
            checkpoints_planned int     | checkpoints to scan
            checkpoints_scanned int     | checkpoints scanned, as the sender counted
            status {scheduled, due, in_progress, completed, partial, missed, abandoned, excused, cancelled} |
            exception_reason            | why it was not walked as planned
        """),
        key=("run_id",),
        verbs=("scheduled", "started", "completed", "updated"),
        indexes=(("site_id", "due_at"),),
    ),
    Table(
        "checkpoint_scan",
        SECTION,
        "One row per scan of a checkpoint.",
        Kind.RECORD,
        columns("""
            scan_id!                     | the scan
            site_id -> site              |
            run_id                       | the tour run it belongs to
            checkpoint_id -> checkpoint  | the checkpoint
            person_id -> person          |
            device_id -> device          |
            event_time!                  |
            lat                          |
            lon                          |
            accuracy_m                   |
            tag_counter int              | the tag's own counter
            photo_hash                   | hash of the photograph
            offline bool                 | stored on the device first
            verdict {valid, out_of_order, duplicate, too_fast, far_away, replayed, unknown_tag} | the sender's judgement
        """),
        key=("scan_id",),
        time="event_time",
        verbs=("recorded",),
        indexes=(("site_id", "event_time"), ("run_id",)),
    ),
    Table(
        "task",
        SECTION,
        "One row per piece of work to be done at a site.",
        Kind.STATE,
        columns("""
            task_id!                | the task
            site_id -> site         |
            kind {patrol, inspection, housekeeping, escort, report, compliance, client_request} | what kind of work it is
            title                   | what to do
            priority {P1, P2, P3, P4} |
            due_at                  | when it should be done
            est_min                 | expected effort
            assignee_id -> person   | who does it
            status {pending, assigned, in_progress, blocked, completed, overdue, skipped, cancelled} |
            completed_at            | when it was done
        """),
        key=("task_id",),
        verbs=("created", "updated", "completed"),
        indexes=(("site_id", "due_at"),),
    ),
    Table(
        "incident_report",
        SECTION,
        "One row per report of something that happened.",
        Kind.STATE,
        columns("""
            ir_id!               | the report
            site_id -> site      |
            person_id -> person  |
            type {theft, trespass, fire, medical, assault, damage, safety, access, equipment, other} | what happened
            severity {low, medium, high, critical} | how bad it was
            occurred_at          | when it happened
            reported_at          | when it was reported
            narrative_enc        | what the reporter wrote, encrypted
            status {draft, submitted, under_review, approved, rejected, closed} |
            police_ref           | reference of the police
        """),
        key=("ir_id",),
        verbs=("reported", "updated"),
        indexes=(("site_id", "occurred_at"),),
    ),
    Table(
        "visitor_visit",
        SECTION,
        "One row per visit of a stranger.",
        Kind.STATE,
        columns("""
            visit_id!        | the visit
            site_id -> site  |
            person_hash      | keyed hash of the visitor
            host_ref         | who is visited
            in_at            | when the visitor came
            out_at           | when the visitor left
            vehicle_hash     | keyed hash of the number plate
            status {expected, in, out, denied, overstay} |
        """),
        key=("visit_id",),
        verbs=("registered", "updated"),
        indexes=(("site_id", "in_at"),),
    ),
    Table(
        "key_log",
        SECTION,
        "One row per issue of a key.",
        Kind.STATE,
        columns("""
            key_log_id!            | the issue
            key_code               | the key
            site_id -> site        |
            holder_id -> person    | who has it
            out_at                 | when it was issued
            back_at                | when it came back
            status {held, issued, overdue, lost} |
        """),
        key=("key_log_id",),
        verbs=("issued", "updated"),
    ),
)
