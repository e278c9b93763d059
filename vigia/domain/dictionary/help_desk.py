"""Help desk, service levels, alerts of existing systems and escalation."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "Help desk, SLA, escalation"
UPSERT = ("upserted",)

TABLES = (
    Table(
        "support_group",
        SECTION,
        "One row per assignment group of the help desk.",
        Kind.STATE,
        columns("""
            group_id!  | the group
            code!      | short code, unique in the tenant
            name       |
        """),
        key=("group_id",),
        natural_key=("code",),
        verbs=UPSERT,
    ),
    Table(
        "ticket",
        SECTION,
        "One row per ticket of the help desk.",
        Kind.STATE,
        columns("""
            ticket_id!                                         | the ticket
            number!                                            | its number for people, unique in the tenant
            client_id -> client                                |
            site_id -> site                                    |
            requester_ref                                      | who asked, as the source names them
            channel {app, web, email, phone, api, system, self_service, direct} | how it came in
            category {facility, equipment, access, security, safety, hr, it, field_support, fraud, crisis, other} | what it is about
            source_category                                    | category as the source names it
            priority {P1, P2, P3, P4}                          |
            impact int 1..4                                    | how much is affected, 1 most
            urgency int 1..4                                   | how soon it hurts, 1 soonest
            subject                                            | one line for people
            body_ref                                           | pointer to the text
            original_language                                  | language it was written in
            group_id -> support_group                          | group that works on it
            assignee_id -> person                              | who works on it
            status {new, open, assigned, in_progress, pending_requester, pending_vendor, pending_parts, resolved, closed, reopened, cancelled, merged} |
            opened_at                                          | when it was opened
            first_response_at                                  | when somebody first answered
            resolved_at                                        | when it was resolved
            closed_at                                          | when it was closed
            source_ref                                         | finding, alert or prediction it came from
            reassignment_count int                             | reassignments, as the source counted them
            reopen_count int                                   | reopenings, as the source counted them
            imported_sla_met bool                              | the source system's own verdict, carried as it came
        """),
        key=("ticket_id",),
        natural_key=("number",),
        verbs=("created", "updated", "resolved", "closed"),
        indexes=(("site_id", "opened_at"), ("status",)),
    ),
    Table(
        "ticket_message",
        SECTION,
        "One row per message on a ticket.",
        Kind.RECORD,
        columns("""
            message_id!                        | the message
            ticket_id! -> ticket               |
            author_kind {requester, agent, system} | who wrote it
            language                           | language it was written in
            internal bool                      | hidden from the requester
            body_ref                           | pointer to the text
            event_time!                        |
        """),
        key=("message_id",),
        time="event_time",
        verbs=("recorded",),
        indexes=(("ticket_id", "event_time"),),
    ),
    Table(
        "sla_policy",
        SECTION,
        "One row per set of promises on service times.",
        Kind.STATE,
        columns("""
            policy_id!               | the policy
            code!                    | short code, unique in the tenant
            name                     |
            calendar_id -> calendar  | hours that count, for priorities that do not run 24/7
        """),
        key=("policy_id",),
        natural_key=("code",),
        verbs=UPSERT,
    ),
    Table(
        "sla_target",
        SECTION,
        "One row per policy and priority.",
        Kind.STATE,
        columns("""
            target_id!                  | the promise
            policy_id! -> sla_policy    | the policy
            priority {P1, P2, P3, P4}   |
            category                    | category it is limited to
            first_response_min          | promised first answer
            update_min                  | promised interval of updates
            resolve_min                 | promised solution
            at_risk_pct                 | share of the target at which it is at risk
            round_the_clock bool        | counts 24/7 instead of the calendar's hours
        """),
        key=("target_id",),
        verbs=UPSERT,
    ),
    Table(
        "sla_clock",
        SECTION,
        "One row per promise that runs on a ticket, work order or task.",
        Kind.DERIVED,
        columns("""
            clock_id!                                 | the clock
            site_id                                   |
            subject_kind! {ticket, work_order, task}  | what it runs on
            subject_id!                               | the ticket, work order or task
            kind! {first_response, update, resolve}   | which promise
            policy_id!                                | policy it follows
            started_at!                               | when it started
            stopped_at                                | when the promise was kept
            due_at!                                   | when it is broken
            state! {running, paused, met, breached, cancelled} |
            breached_at                               | when it was broken
            target_min!                               | promised counted minutes
            elapsed_min! real                         | counted minutes so far
            remaining_min! real                       | counted minutes left, negative when broken
            as_of_at!                                 | data clock at which it was computed
        """),
        key=("clock_id",),
        indexes=(("subject_id",), ("site_id", "due_at")),
    ),
    Table(
        "sla_clock_segment",
        SECTION,
        "One row per stretch of a clock that counted or did not.",
        Kind.DERIVED,
        columns("""
            clock_id!        | the clock
            from_at!         |
            to_at!           |
            counted! bool    | the stretch counts
            reason! {business_hours, round_the_clock, outside_hours, holiday, pending_requester, pending_vendor, pending_parts, access, approval} |
        """),
        key=("clock_id", "from_at"),
        checks=(("segment_is_forward", "to_at > from_at"),),
    ),
    Table(
        "alert",
        SECTION,
        "One row per alert of an existing system, or of ours.",
        Kind.STATE,
        columns("""
            alert_id!               | the alert
            site_id -> site         |
            device_id -> device     |
            person_id -> person     |
            type                    | what is wrong
            severity {INFO, LOW, MEDIUM, HIGH, CRITICAL} | how bad it is
            source_ref              | what raised it
            first_seen_at           | first raised
            last_seen_at            | last raised
            count int               | how often it was raised
            state {firing, acknowledged, resolved, suppressed} |
            acked_at                | when it was acknowledged
            acked_by                | who acknowledged
            resolved_at             | when it was resolved
        """),
        key=("alert_id",),
        verbs=("raised", "acknowledged", "resolved"),
        indexes=(("site_id", "first_seen_at"),),
    ),
    Table(
        "escalation_policy",
        SECTION,
        "One row per escalation chain.",
        Kind.STATE,
        columns("""
            policy_id!  | the chain
            code!       | short code, unique in the tenant
            name        |
        """),
        key=("policy_id",),
        natural_key=("code",),
        verbs=UPSERT,
    ),
    Table(
        "escalation_step",
        SECTION,
        "One row per step of a chain.",
        Kind.STATE,
        columns("""
            step_id!                          | the step
            policy_id! -> escalation_policy   | the chain
            order_no int                      | place in the chain
            wait_min                          | time before the next step
            target {role, on_call_schedule, person, client_contact} | kind of target
            target_ref                        | which role, schedule or person
            channel {push, sms, call, email}  | by what means
            min_severity {INFO, LOW, MEDIUM, HIGH, CRITICAL} | least severity that takes the step
        """),
        key=("step_id",),
        verbs=UPSERT,
    ),
    Table(
        "escalation_run",
        SECTION,
        "One row per running or ended escalation.",
        Kind.STATE,
        columns("""
            run_id!              | the escalation
            site_id -> site      |
            subject_kind {alert, ticket, panic} | what is escalated
            subject_ref          | which alert, ticket or call
            policy_snapshot json | the chain as it was at the start
            step int             | step reached
            next_step_at         | when the next step is due
            state {running, acknowledged, exhausted, stopped, failed} |
        """),
        key=("run_id",),
        verbs=("started", "updated"),
    ),
    Table(
        "escalation_event",
        SECTION,
        "One row per message of an escalation.",
        Kind.RECORD,
        columns("""
            escalation_event_id!     | the message
            site_id -> site          |
            run_id                   | the escalation
            subject_ref              | which alert, ticket or call
            step int                 | step of the chain
            target_id                | whom it went to
            channel {push, sms, call, email} | by what means
            event_time!              | when it was sent
            delivered_at             | when it arrived
            answered_at              | when it was answered
            result {sent, delivered, failed, acked, declined, no_target} | how it went
        """),
        key=("escalation_event_id",),
        time="event_time",
        verbs=("recorded",),
        indexes=(("site_id", "event_time"),),
    ),
    Table(
        "on_call_shift",
        SECTION,
        "One row per period in which a person is on call.",
        Kind.STATE,
        columns("""
            on_call_id!           | the period
            schedule_code         | the schedule
            role                  | role that is on call
            region                | region it covers
            person_id -> person   |
            backup_id -> person   | who stands in
            from_at               |
            to_at                 |
        """),
        key=("on_call_id",),
        verbs=UPSERT,
    ),
)
