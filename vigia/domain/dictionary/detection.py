"""Detection: findings, what shows them, what is done about them, and the audits that look."""

from vigia.domain.dictionary.model import Kind, Table, columns

SECTION = "Detection"

_OPEN = "state IN ('new', 'acknowledged', 'in_progress')"
_CATEGORY = "{SAFETY, SECURITY, OPERATIONAL, DEVICE_HEALTH, COMPLIANCE}"
_SEVERITY = "{INFO, LOW, MEDIUM, HIGH, CRITICAL}"
_STATE = "{new, acknowledged, in_progress, resolved, false_positive, suppressed, superseded}"

TABLES = (
    Table(
        "finding",
        SECTION,
        "One row per episode that somebody should look at.",
        Kind.PLATFORM,
        columns(f"""
            finding_id!                 | the finding; computed from type, scope and start of the episode
            type!                       | what kind of episode
            scope_kind! {{site, post, person, device, tour_run, task, ticket, alert, region}} | what kind of thing it is about
            scope_id! text              | id or code of what it is about
            episode_start! instant      | 5-minute slot of the first evaluation that was true; never moves
            dedup_key!                  | names the episode within the tenant, for people
            category! {_CATEGORY}       | whose concern it is
            severity! {_SEVERITY}       | how bad it is now
            state! {_STATE}             | where it is in the hands of people
            evidence_state! {{provisional, confirmed, retracted}} | how sure the data are
            site_id                     |
            person_id                   |
            device_id                   |
            subject_ref                 | code of the ticket, alert or round it is about
            window_from! instant        | start of the time that shows it
            window_to! instant          | end of the time that shows it; moves while it lasts
            detected_at!                | evaluation that raised it
            detectable_at               | when what had arrived could show it first
            confidence! real 0..1       | how sure the rule is
            runbook_id                  | what to do about it
            message!                    | what it says of itself, without personal data
            recommended! json           | steps and actions, in order
            inhibited_by uuid           | finding that mutes it
            cleared_at                  | since when its condition no longer holds
            policy_version!             | thresholds that raised it
            figures! json               | values and bounds of each part of its condition
            verdict {{true_positive, false_positive}} | what a person said of it last
            acknowledged_at             | when somebody first took notice
            closed_at                   | when it was resolved or rejected
            changed_at!                 | when its state changed last
            created_at!                 |
            updated_at!                 |
            row_version! int            |
        """),
        key=("finding_id",),
        indexes=(("site_id", "detected_at"), ("state", "severity"), ("detected_at",)),
        checks=(("window_is_forward", "window_to >= window_from"),),
        # A cleared one only waits for people: the next episode must not be lost in it.
        unique_while=((("type", "scope_kind", "scope_id"), f"{_OPEN} AND cleared_at IS NULL"),),
    ),
    Table(
        "episode",
        SECTION,
        "One row per episode that detection remembers from audit to audit: open, or not long cleared.",
        Kind.PLATFORM,
        columns("""
            type!                       | what kind of episode
            scope_kind!                 | what kind of thing it is about
            scope_id! text              | what it is about
            pattern!                    | rule that raised it
            subtype                     | word that the rule has for it
            site_id                     |
            person_id                   |
            device_id                   |
            subject_ref                 | code of the ticket, alert or round it is about
            sites json                  | sites that the finding of a region stands for
            episode_start! instant      | 5-minute slot of the first evaluation that was true
            window_from! instant        | start of the time that shows it
            detected_at!                | evaluation that raised it
            seen_at!                    | last evaluation at which it was raised
            clear_since instant         | since when the rule that ends it holds, while it does
            cleared_at                  | when that rule had held long enough
            severity!                   | the worst so far
            evidence_state!             | how sure the data are
            evidence_at!                | since when they are that sure
            figures! text               | JSON of the numbers as they were when it was raised
        """),
        key=("type", "scope_kind", "scope_id", "episode_start"),
    ),
    Table(
        "finding_event",
        SECTION,
        "One row per change of a finding: who, when, from what to what, and why.",
        Kind.PLATFORM,
        columns("""
            finding_id!                 | the finding
            ordinal! int                | order among its changes, from 1
            event! {detected, moved, judged, severity, cleared, verdict} | what changed
            move {acknowledge, lapse, start, resolve, reject, suppress, restore, supersede, reopen} | what was done to it
            from_value                  | state, evidence state or severity before
            to_value                    | the same afterwards
            party! {person, system}     | who did it: a person or the system
            actor!                      | id of the person, or name of the part of the system
            done_at!                    | when
            reason                      |
            confirmed_by                | id of the second person
            successor_id                | finding that takes its place
            runbook_id                  | runbook it had then
        """),
        key=("finding_id", "ordinal"),
        indexes=(("done_at",),),
    ),
    Table(
        "finding_evidence",
        SECTION,
        "One row per piece of evidence of a finding.",
        Kind.PLATFORM,
        columns("""
            evidence_id!                | the piece; computed from finding, kind and what it is about
            finding_id!                 | the finding
            kind!                       | kind of evidence
            redaction_class! {plain, person, location, contact, content, biometric} | how private it is
            refs! json                  | stored rows it was taken from: table to list of keys
            snapshot! json              | the values as they were when they were collected
            collected_at!               | when they were collected
        """),
        key=("evidence_id",),
        indexes=(("finding_id",),),
    ),
    Table(
        "runbook",
        SECTION,
        "One row per runbook of a tenant: the product's and its own.",
        Kind.PLATFORM,
        columns(f"""
            runbook_id!                 | the runbook
            origin! {{product, tenant}} | who wrote it; a tenant's own come first
            code!                       | its id for people
            finding_type!               | type of finding it is for
            also_for! json              | other types that it is exactly right for
            category! {_CATEGORY}       | category of that type
            severity! {_SEVERITY}       | severity of that type before context
            title!                      | its title
            purpose!                    | what is the matter, and what it may be instead
            steps! json                 | what people do, in order
            evidence_required! json     | kinds of evidence that a finding must carry
            escalation_sla_min!         | time until somebody must own the finding; 0 pages at once
            escalate_to! json           | roles that are told then, in order
            auto_actions! json          | what may happen by itself, once enabled
            done_when!                  | when the finding may be closed
            version! int                |
            owner!                      | role that works it
            is_active! bool             | findings may get it
            updated_at!                 |
        """),
        key=("runbook_id",),
        unique=(("tenant_id", "origin", "code"),),
    ),
    Table(
        "site_audit_schedule",
        SECTION,
        "One row per site and change of how it is audited; the newest in force counts.",
        Kind.PLATFORM,
        columns(f"""
            site_id!                    |
            valid_from!                 | first slot it is in force for
            enabled! bool               | the site is audited at all
            heartbeat_min!              | time between audits for what cannot wait
            audit_min!                  | time between comprehensive audits
            deep_min!                   | time between deep audits
            critical_signals! json      | signals that the site must send
            thresholds! json            | signal to the least count and the minutes it is counted over
            collect_evidence! bool      | evidence is attached to findings
            alert_on_finding! bool      | findings raise alerts
            alert_severity! {_SEVERITY} | from which severity on
            changed_by!                 | who changed it
            changed_at!                 | when
            reason                      |
        """),
        key=("site_id", "valid_from"),
        checks=(("cadences_are_positive", "least(heartbeat_min, audit_min, deep_min) > 0"),),
    ),
    Table(
        "audit_run",
        SECTION,
        "One row per site, cadence and slot that was audited.",
        Kind.PLATFORM,
        columns("""
            site_id!                    |
            cadence! {heartbeat, comprehensive, deep} | which audit
            slot!                       | instant it judged
            run_id!                     | run that did it, with all other sites of the cadence
            state! {done, missed}       | whether it was done, or lay too far back to be made up for
            started_at!                 | when it began
            duration_ms!                | how long the run took
            finding_count! int          | findings raised at the site
        """),
        key=("site_id", "cadence", "slot"),
        indexes=(("cadence", "slot"),),
    ),
    Table(
        "threshold_history",
        SECTION,
        "One row per change of a threshold.",
        Kind.PLATFORM,
        columns("""
            change_id!                  | the change
            scope_kind! {tenant, site, post} | whose threshold
            scope_id!                   | id of the tenant, site or post
            name!                       | the threshold: type of finding and parameter
            old_value! double           | value before
            new_value! double           | value afterwards
            reason!                     |
            evidence_ref json           | counts and baselines that moved it
            actor!                      | who moved it
            changed_at!                 | when
            reverted_at                 | when it was taken back
            reverted_by                 | who took it back
        """),
        key=("change_id",),
        indexes=(("scope_id", "name", "changed_at"),),
    ),
)
