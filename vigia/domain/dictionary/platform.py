"""The product's own bookkeeping: ingest, journal, outbox, lake, retention and audit."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "Platform"

TABLES = (
    Table(
        "tenant_clock",
        SECTION,
        "One row per tenant with its data clock.",
        Kind.PLATFORM,
        columns("latest_event_time! | newest trusted event time"),
        key=(),
    ),
    Table(
        "ingest_batch",
        SECTION,
        "One row per delivery: what was tried, when, and how it went.",
        Kind.PLATFORM,
        columns("""
            batch_id!                             | the delivery
            kind! {live, import, replay}          | how it came in
            origin!                               | file name, endpoint or replay
            mapping                               | mapping that was used
            started_at!                           | when it started
            finished_at                           | when it ended
            state! {running, done, failed}        |
            rows! bigint                          | rows offered
            accepted! bigint                      | events stored
            duplicate! bigint                     | events already known
            quarantined! bigint                   | events put aside
            first_event_time                      | oldest accepted event
            last_event_time                       | newest accepted event
            error                                 | why it failed
        """),
        key=("batch_id",),
        indexes=(("started_at",),),
    ),
    Table(
        "ingest_key",
        SECTION,
        "One row per accepted event: its identity.",
        Kind.PLATFORM,
        columns("""
            source!           |
            source_event_id! text |
            event_id! uuid    | id computed from tenant, source and the sender's id
            type!             | CloudEvents type
            batch_id!         | delivery that brought it
            body_hash! bigint | hash of the payload, to tell a repeat from a conflict
        """),
        key=("source", "source_event_id"),
        indexes=(("event_id",),),
    ),
    Table(
        "ingest_event",
        SECTION,
        "One row per accepted change of a thing's state: the journal that state rows are folded from.",
        Kind.PLATFORM,
        columns("""
            event_id! uuid     | the event
            table_name!        | table whose row it changes
            entity_id! uuid    | the thing that changed
            site_id            |
            type!              | CloudEvents type
            source!            |
            event_time!        |
            received_at!       |
            payload! json      | the columns it carried
            batch_id!          | delivery that brought it
        """),
        key=("event_id",),
        time="event_time",
        indexes=(("entity_id", "event_time"), ("table_name", "event_time")),
    ),
    Table(
        "ingest_quarantine",
        SECTION,
        "One row per event or line that was put aside, with the reason.",
        Kind.PLATFORM,
        columns("""
            q_id! uuid                           | the row put aside
            batch_id!                            | delivery that brought it
            line_no bigint                       | line of the file
            source                               |
            source_event_id text                 |
            type                                 | CloudEvents type, when it was readable
            raw! text                            | what was sent, cut at 64 KiB
            raw_bytes! bigint                    | its whole length
            reason_code!                         | code of the reason
            reason!                              | the reason for people
            first_at!                            | when it was first put aside
            attempts! int                        | how often it was tried
            state! {open, replayed, discarded}   |
            resolver                             | who or what settled it
            mapping                              | mapping it was read with
            received_at                          | when the server received it
            missing_table                        | table of the thing it refers to that nobody knows yet
            missing_id uuid                      | id of that thing; when it becomes known, the event is tried again
        """),
        key=("q_id",),
        indexes=(("state", "reason_code"), ("first_at",), ("state", "missing_table", "missing_id")),
    ),
    Table(
        "outbox",
        SECTION,
        "One row per message that another part of the product must see.",
        Kind.PLATFORM,
        columns("""
            outbox_id! bigint | order of writing
            topic!            | what it is about
            payload! json     | the message
            created_at!       |
            published_at      | when it was passed on
        """),
        key=("outbox_id",),
        indexes=(("published_at",),),
    ),
    Table(
        "event_log",
        SECTION,
        "One row per message of the tenant's ordered feed.",
        Kind.PLATFORM,
        columns("""
            tenant_seq! bigint | the tenant's own order
            event_time!        |
            kind!              | what happened
            payload! json      | the message
            payload_hash!      | hash of the message
        """),
        key=("tenant_seq", "event_time"),
        time="event_time",
        partitioned=True,
    ),
    Table(
        "idempotency_record",
        SECTION,
        "One row per idempotency key of an unsafe request.",
        Kind.PLATFORM,
        columns("""
            idempotency_key!  | the client's key
            method!           | HTTP method
            path!             | address
            body_hash!        | hash of the request
            status_code int   | answer's status
            response json     | answer's body
            expires_at!       | until when it is kept
        """),
        key=("idempotency_key",),
    ),
    Table(
        "audit_log",
        SECTION,
        "One row per change that somebody must be able to account for.",
        Kind.PLATFORM,
        columns("""
            audit_seq! bigint | the tenant's own order
            actor!            | who did it
            action!           | what was done
            object_ref!       | what it was done to
            before_hash       | hash of the state before
            after_hash        | hash of the state after
            done_at!          | when it was done
            prev_hash         | hash of the entry before
            hash bytes        | hash of this entry with the one before
        """),
        key=("audit_seq",),
    ),
    Table(
        "lake_file",
        SECTION,
        "One row per file of the lake.",
        Kind.PLATFORM,
        columns("""
            table_name!        | table whose rows it holds
            day! date          | UTC day of the rows
            part! int          | 0 for the archive of the day, more for what came later
            path!              | place in the lake
            row_count! bigint  | rows in it
            byte_count! bigint | size of it
            content_hash!      | SHA-256 of the file
            archived_at!       | when it was written
            verified_at        | when it was read back and found equal
        """),
        key=("table_name", "day", "part"),
    ),
    Table(
        "retention_policy",
        SECTION,
        "One row per kind of record and how long it is kept.",
        Kind.PLATFORM,
        columns("""
            record_type!  | table, or metric resolution
            days! int     | days it is kept
            basis!        | why that long
        """),
        key=("record_type",),
    ),
    Table(
        "legal_hold",
        SECTION,
        "One row per order not to delete.",
        Kind.PLATFORM,
        columns("""
            hold_id!        | the order
            record_type     | table it covers; all when missing
            from_at         |
            to_at           |
            reason!         |
            released_at     | when it ended
        """),
        key=("hold_id",),
    ),
    Table(
        "retention_run",
        SECTION,
        "One row per day of records that retention deleted or refused to delete.",
        Kind.PLATFORM,
        columns("""
            run_id!                 | the decision
            record_type!            | table or resolution
            day! date               | UTC day of the records
            decided_at!             | when it was decided
            deleted_count! bigint   | rows deleted
            verdict! {deleted, kept_unverified, kept_on_hold} | what was decided
            reason!                 |
        """),
        key=("run_id",),
    ),
    Table(
        "quality_result",
        SECTION,
        "One row per table, rule and UTC day: the newest verdict of the quality suites.",
        Kind.PLATFORM,
        columns("""
            table_name!             | table whose rows were examined
            check_name!             | rule of the suite
            day! date               | last UTC day of the rows examined
            from_date! date         | first UTC day of the rows examined
            passed! bool            | every row examined keeps the rule, or enough of them where the rule says so
            examined_count! bigint  | rows examined
            failed_count! bigint    | rows that break the rule
            sample json             | a few of the values that break it
            ran_at!                 | when they were examined
        """),
        key=("table_name", "check_name", "day"),
        indexes=(("ran_at",),),
    ),
    Table(
        "pipeline_failure",
        SECTION,
        "One row per tenant and pipeline run that failed.",
        Kind.PLATFORM,
        columns("""
            run_id!           | the run, as Dagster knows it
            job!              | which job
            step              | step that failed; missing when the run itself died
            reason!           | what went wrong
            failed_at!        | when it failed
            from_date date    | first UTC day that the run was to compute
            until_date date   | last UTC day that the run was to compute
        """),
        key=("run_id",),
        indexes=(("failed_at",),),
    ),
)
