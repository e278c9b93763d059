-- Findings and their evidence, runbooks, schedules and runs of audits, changes of thresholds.
CREATE TABLE ops.finding (
    tenant_id uuid NOT NULL,
    finding_id uuid NOT NULL,
    type text NOT NULL,
    scope_kind text NOT NULL,
    scope_id text NOT NULL,
    episode_start timestamptz NOT NULL,
    dedup_key text NOT NULL,
    category text NOT NULL,
    severity text NOT NULL,
    state text NOT NULL,
    evidence_state text NOT NULL,
    site_id uuid,
    person_id uuid,
    device_id uuid,
    subject_ref text,
    window_from timestamptz NOT NULL,
    window_to timestamptz NOT NULL,
    detected_at timestamptz NOT NULL,
    detectable_at timestamptz,
    confidence real NOT NULL,
    runbook_id uuid,
    message text NOT NULL,
    recommended jsonb NOT NULL,
    inhibited_by uuid,
    cleared_at timestamptz,
    policy_version text NOT NULL,
    figures jsonb NOT NULL,
    verdict text,
    acknowledged_at timestamptz,
    closed_at timestamptz,
    changed_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, finding_id),
    CONSTRAINT scope_kind_is_legal CHECK (scope_kind IN ('site', 'post', 'person', 'device', 'tour_run', 'task', 'ticket', 'alert', 'region')),
    CONSTRAINT category_is_legal CHECK (category IN ('SAFETY', 'SECURITY', 'OPERATIONAL', 'DEVICE_HEALTH', 'COMPLIANCE')),
    CONSTRAINT severity_is_legal CHECK (severity IN ('INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    CONSTRAINT state_is_legal CHECK (state IN ('new', 'acknowledged', 'in_progress', 'resolved', 'false_positive', 'suppressed', 'superseded')),
    CONSTRAINT evidence_state_is_legal CHECK (evidence_state IN ('provisional', 'confirmed', 'retracted')),
    CONSTRAINT confidence_is_legal CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT verdict_is_legal CHECK (verdict IN ('true_positive', 'false_positive')),
    CONSTRAINT window_is_forward CHECK (window_to >= window_from)
);
COMMENT ON TABLE ops.finding IS 'One row per episode that somebody should look at.';
COMMENT ON COLUMN ops.finding.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.finding.finding_id IS 'the finding; computed from type, scope and start of the episode';
COMMENT ON COLUMN ops.finding.type IS 'what kind of episode';
COMMENT ON COLUMN ops.finding.scope_kind IS 'what kind of thing it is about';
COMMENT ON COLUMN ops.finding.scope_id IS 'id or code of what it is about';
COMMENT ON COLUMN ops.finding.episode_start IS '5-minute slot of the first evaluation that was true; never moves';
COMMENT ON COLUMN ops.finding.dedup_key IS 'names the episode within the tenant, for people';
COMMENT ON COLUMN ops.finding.category IS 'whose concern it is';
COMMENT ON COLUMN ops.finding.severity IS 'how bad it is now';
COMMENT ON COLUMN ops.finding.state IS 'where it is in the hands of people';
COMMENT ON COLUMN ops.finding.evidence_state IS 'how sure the data are';
COMMENT ON COLUMN ops.finding.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.finding.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.finding.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.finding.subject_ref IS 'code of the ticket, alert or round it is about';
COMMENT ON COLUMN ops.finding.window_from IS 'start of the time that shows it';
COMMENT ON COLUMN ops.finding.window_to IS 'end of the time that shows it; moves while it lasts';
COMMENT ON COLUMN ops.finding.detected_at IS 'evaluation that raised it (UTC instant)';
COMMENT ON COLUMN ops.finding.detectable_at IS 'when what had arrived could show it first (UTC instant)';
COMMENT ON COLUMN ops.finding.confidence IS 'how sure the rule is';
COMMENT ON COLUMN ops.finding.runbook_id IS 'what to do about it';
COMMENT ON COLUMN ops.finding.message IS 'what it says of itself, without personal data';
COMMENT ON COLUMN ops.finding.recommended IS 'steps and actions, in order';
COMMENT ON COLUMN ops.finding.inhibited_by IS 'finding that mutes it';
COMMENT ON COLUMN ops.finding.cleared_at IS 'since when its condition no longer holds (UTC instant)';
COMMENT ON COLUMN ops.finding.policy_version IS 'thresholds that raised it';
COMMENT ON COLUMN ops.finding.figures IS 'values and bounds of each part of its condition';
COMMENT ON COLUMN ops.finding.verdict IS 'what a person said of it last';
COMMENT ON COLUMN ops.finding.acknowledged_at IS 'when somebody first took notice (UTC instant)';
COMMENT ON COLUMN ops.finding.closed_at IS 'when it was resolved or rejected (UTC instant)';
COMMENT ON COLUMN ops.finding.changed_at IS 'when its state changed last (UTC instant)';
COMMENT ON COLUMN ops.finding.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.finding.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.finding.row_version IS 'how often the row was written';
CREATE INDEX finding_site_id_detected_at_idx ON ops.finding (tenant_id, site_id, detected_at);
CREATE INDEX finding_state_severity_idx ON ops.finding (tenant_id, state, severity);
CREATE INDEX finding_detected_at_idx ON ops.finding (tenant_id, detected_at);
CREATE UNIQUE INDEX finding_type_scope_kind_scope_id_once ON ops.finding (tenant_id, type, scope_kind, scope_id) WHERE state IN ('new', 'acknowledged', 'in_progress') AND cleared_at IS NULL;

CREATE TABLE ops.episode (
    tenant_id uuid NOT NULL,
    type text NOT NULL,
    scope_kind text NOT NULL,
    scope_id text NOT NULL,
    pattern text NOT NULL,
    subtype text,
    site_id uuid,
    person_id uuid,
    device_id uuid,
    subject_ref text,
    sites jsonb,
    episode_start timestamptz NOT NULL,
    window_from timestamptz NOT NULL,
    detected_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    clear_since timestamptz,
    cleared_at timestamptz,
    severity text NOT NULL,
    evidence_state text NOT NULL,
    evidence_at timestamptz NOT NULL,
    figures text NOT NULL,
    PRIMARY KEY (tenant_id, type, scope_kind, scope_id, episode_start)
);
COMMENT ON TABLE ops.episode IS 'One row per episode that detection remembers from audit to audit: open, or not long cleared.';
COMMENT ON COLUMN ops.episode.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.episode.type IS 'what kind of episode';
COMMENT ON COLUMN ops.episode.scope_kind IS 'what kind of thing it is about';
COMMENT ON COLUMN ops.episode.scope_id IS 'what it is about';
COMMENT ON COLUMN ops.episode.pattern IS 'rule that raised it';
COMMENT ON COLUMN ops.episode.subtype IS 'word that the rule has for it';
COMMENT ON COLUMN ops.episode.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.episode.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.episode.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.episode.subject_ref IS 'code of the ticket, alert or round it is about';
COMMENT ON COLUMN ops.episode.sites IS 'sites that the finding of a region stands for';
COMMENT ON COLUMN ops.episode.episode_start IS '5-minute slot of the first evaluation that was true';
COMMENT ON COLUMN ops.episode.window_from IS 'start of the time that shows it';
COMMENT ON COLUMN ops.episode.detected_at IS 'evaluation that raised it (UTC instant)';
COMMENT ON COLUMN ops.episode.seen_at IS 'last evaluation at which it was raised (UTC instant)';
COMMENT ON COLUMN ops.episode.clear_since IS 'since when the rule that ends it holds, while it does';
COMMENT ON COLUMN ops.episode.cleared_at IS 'when that rule had held long enough (UTC instant)';
COMMENT ON COLUMN ops.episode.severity IS 'the worst so far';
COMMENT ON COLUMN ops.episode.evidence_state IS 'how sure the data are';
COMMENT ON COLUMN ops.episode.evidence_at IS 'since when they are that sure (UTC instant)';
COMMENT ON COLUMN ops.episode.figures IS 'JSON of the numbers as they were when it was raised';

CREATE TABLE ops.finding_event (
    tenant_id uuid NOT NULL,
    finding_id uuid NOT NULL,
    ordinal integer NOT NULL,
    event text NOT NULL,
    move text,
    from_value text,
    to_value text,
    party text NOT NULL,
    actor text NOT NULL,
    done_at timestamptz NOT NULL,
    reason text,
    confirmed_by text,
    successor_id uuid,
    runbook_id uuid,
    PRIMARY KEY (tenant_id, finding_id, ordinal),
    CONSTRAINT event_is_legal CHECK (event IN ('detected', 'moved', 'judged', 'severity', 'cleared', 'verdict')),
    CONSTRAINT move_is_legal CHECK (move IN ('acknowledge', 'lapse', 'start', 'resolve', 'reject', 'suppress', 'restore', 'supersede', 'reopen')),
    CONSTRAINT party_is_legal CHECK (party IN ('person', 'system'))
);
COMMENT ON TABLE ops.finding_event IS 'One row per change of a finding: who, when, from what to what, and why.';
COMMENT ON COLUMN ops.finding_event.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.finding_event.finding_id IS 'the finding';
COMMENT ON COLUMN ops.finding_event.ordinal IS 'order among its changes, from 1';
COMMENT ON COLUMN ops.finding_event.event IS 'what changed';
COMMENT ON COLUMN ops.finding_event.move IS 'what was done to it';
COMMENT ON COLUMN ops.finding_event.from_value IS 'state, evidence state or severity before';
COMMENT ON COLUMN ops.finding_event.to_value IS 'the same afterwards';
COMMENT ON COLUMN ops.finding_event.party IS 'who did it: a person or the system';
COMMENT ON COLUMN ops.finding_event.actor IS 'id of the person, or name of the part of the system';
COMMENT ON COLUMN ops.finding_event.done_at IS 'when (UTC instant)';
COMMENT ON COLUMN ops.finding_event.reason IS 'why';
COMMENT ON COLUMN ops.finding_event.confirmed_by IS 'id of the second person';
COMMENT ON COLUMN ops.finding_event.successor_id IS 'finding that takes its place';
COMMENT ON COLUMN ops.finding_event.runbook_id IS 'runbook it had then';
CREATE INDEX finding_event_done_at_idx ON ops.finding_event (tenant_id, done_at);

CREATE TABLE ops.finding_evidence (
    tenant_id uuid NOT NULL,
    evidence_id uuid NOT NULL,
    finding_id uuid NOT NULL,
    kind text NOT NULL,
    redaction_class text NOT NULL,
    refs jsonb NOT NULL,
    snapshot jsonb NOT NULL,
    collected_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, evidence_id),
    CONSTRAINT redaction_class_is_legal CHECK (redaction_class IN ('plain', 'person', 'location', 'contact', 'content', 'biometric'))
);
COMMENT ON TABLE ops.finding_evidence IS 'One row per piece of evidence of a finding.';
COMMENT ON COLUMN ops.finding_evidence.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.finding_evidence.evidence_id IS 'the piece; computed from finding, kind and what it is about';
COMMENT ON COLUMN ops.finding_evidence.finding_id IS 'the finding';
COMMENT ON COLUMN ops.finding_evidence.kind IS 'kind of evidence';
COMMENT ON COLUMN ops.finding_evidence.redaction_class IS 'how private it is';
COMMENT ON COLUMN ops.finding_evidence.refs IS 'stored rows it was taken from: table to list of keys';
COMMENT ON COLUMN ops.finding_evidence.snapshot IS 'the values as they were when they were collected';
COMMENT ON COLUMN ops.finding_evidence.collected_at IS 'when they were collected (UTC instant)';
CREATE INDEX finding_evidence_finding_id_idx ON ops.finding_evidence (tenant_id, finding_id);

CREATE TABLE ops.runbook (
    tenant_id uuid NOT NULL,
    runbook_id uuid NOT NULL,
    origin text NOT NULL,
    code text NOT NULL,
    finding_type text NOT NULL,
    also_for jsonb NOT NULL,
    category text NOT NULL,
    severity text NOT NULL,
    title text NOT NULL,
    purpose text NOT NULL,
    steps jsonb NOT NULL,
    evidence_required jsonb NOT NULL,
    escalation_sla_min integer NOT NULL,
    escalate_to jsonb NOT NULL,
    auto_actions jsonb NOT NULL,
    done_when text NOT NULL,
    version integer NOT NULL,
    owner text NOT NULL,
    is_active boolean NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, runbook_id),
    UNIQUE (tenant_id, origin, code),
    CONSTRAINT origin_is_legal CHECK (origin IN ('product', 'tenant')),
    CONSTRAINT category_is_legal CHECK (category IN ('SAFETY', 'SECURITY', 'OPERATIONAL', 'DEVICE_HEALTH', 'COMPLIANCE')),
    CONSTRAINT severity_is_legal CHECK (severity IN ('INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'))
);
COMMENT ON TABLE ops.runbook IS 'One row per runbook of a tenant: the product''s and its own.';
COMMENT ON COLUMN ops.runbook.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.runbook.runbook_id IS 'the runbook';
COMMENT ON COLUMN ops.runbook.origin IS 'who wrote it; a tenant''s own come first';
COMMENT ON COLUMN ops.runbook.code IS 'its id for people';
COMMENT ON COLUMN ops.runbook.finding_type IS 'type of finding it is for';
COMMENT ON COLUMN ops.runbook.also_for IS 'other types that it is exactly right for';
COMMENT ON COLUMN ops.runbook.category IS 'category of that type';
COMMENT ON COLUMN ops.runbook.severity IS 'severity of that type before context';
COMMENT ON COLUMN ops.runbook.title IS 'its title';
COMMENT ON COLUMN ops.runbook.purpose IS 'what is the matter, and what it may be instead';
COMMENT ON COLUMN ops.runbook.steps IS 'what people do, in order';
COMMENT ON COLUMN ops.runbook.evidence_required IS 'kinds of evidence that a finding must carry';
COMMENT ON COLUMN ops.runbook.escalation_sla_min IS 'time until somebody must own the finding; 0 pages at once (minutes)';
COMMENT ON COLUMN ops.runbook.escalate_to IS 'roles that are told then, in order';
COMMENT ON COLUMN ops.runbook.auto_actions IS 'what may happen by itself, once enabled';
COMMENT ON COLUMN ops.runbook.done_when IS 'when the finding may be closed';
COMMENT ON COLUMN ops.runbook.version IS 'its version';
COMMENT ON COLUMN ops.runbook.owner IS 'role that works it';
COMMENT ON COLUMN ops.runbook.is_active IS 'findings may get it';
COMMENT ON COLUMN ops.runbook.updated_at IS 'when the row was last written (UTC instant)';

CREATE TABLE ops.site_audit_schedule (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    valid_from timestamptz NOT NULL,
    enabled boolean NOT NULL,
    heartbeat_min integer NOT NULL,
    audit_min integer NOT NULL,
    deep_min integer NOT NULL,
    critical_signals jsonb NOT NULL,
    thresholds jsonb NOT NULL,
    collect_evidence boolean NOT NULL,
    alert_on_finding boolean NOT NULL,
    alert_severity text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    reason text,
    PRIMARY KEY (tenant_id, site_id, valid_from),
    CONSTRAINT alert_severity_is_legal CHECK (alert_severity IN ('INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    CONSTRAINT cadences_are_positive CHECK (least(heartbeat_min, audit_min, deep_min) > 0)
);
COMMENT ON TABLE ops.site_audit_schedule IS 'One row per site and change of how it is audited; the newest in force counts.';
COMMENT ON COLUMN ops.site_audit_schedule.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.site_audit_schedule.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.site_audit_schedule.valid_from IS 'first slot it is in force for';
COMMENT ON COLUMN ops.site_audit_schedule.enabled IS 'the site is audited at all';
COMMENT ON COLUMN ops.site_audit_schedule.heartbeat_min IS 'time between audits for what cannot wait (minutes)';
COMMENT ON COLUMN ops.site_audit_schedule.audit_min IS 'time between comprehensive audits (minutes)';
COMMENT ON COLUMN ops.site_audit_schedule.deep_min IS 'time between deep audits (minutes)';
COMMENT ON COLUMN ops.site_audit_schedule.critical_signals IS 'signals that the site must send';
COMMENT ON COLUMN ops.site_audit_schedule.thresholds IS 'signal to the least count and the minutes it is counted over';
COMMENT ON COLUMN ops.site_audit_schedule.collect_evidence IS 'evidence is attached to findings';
COMMENT ON COLUMN ops.site_audit_schedule.alert_on_finding IS 'findings raise alerts';
COMMENT ON COLUMN ops.site_audit_schedule.alert_severity IS 'from which severity on';
COMMENT ON COLUMN ops.site_audit_schedule.changed_by IS 'who changed it';
COMMENT ON COLUMN ops.site_audit_schedule.changed_at IS 'when (UTC instant)';
COMMENT ON COLUMN ops.site_audit_schedule.reason IS 'why';

CREATE TABLE ops.audit_run (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    cadence text NOT NULL,
    slot timestamptz NOT NULL,
    run_id uuid NOT NULL,
    state text NOT NULL,
    started_at timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    finding_count integer NOT NULL,
    PRIMARY KEY (tenant_id, site_id, cadence, slot),
    CONSTRAINT cadence_is_legal CHECK (cadence IN ('heartbeat', 'comprehensive', 'deep')),
    CONSTRAINT state_is_legal CHECK (state IN ('done', 'missed')),
    CONSTRAINT finding_count_is_legal CHECK (finding_count >= 0)
);
COMMENT ON TABLE ops.audit_run IS 'One row per site, cadence and slot that was audited.';
COMMENT ON COLUMN ops.audit_run.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.audit_run.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.audit_run.cadence IS 'which audit';
COMMENT ON COLUMN ops.audit_run.slot IS 'instant it judged';
COMMENT ON COLUMN ops.audit_run.run_id IS 'run that did it, with all other sites of the cadence';
COMMENT ON COLUMN ops.audit_run.state IS 'whether it was done, or lay too far back to be made up for';
COMMENT ON COLUMN ops.audit_run.started_at IS 'when it began (UTC instant)';
COMMENT ON COLUMN ops.audit_run.duration_ms IS 'how long the run took (milliseconds)';
COMMENT ON COLUMN ops.audit_run.finding_count IS 'findings raised at the site';
CREATE INDEX audit_run_cadence_slot_idx ON ops.audit_run (tenant_id, cadence, slot);

CREATE TABLE ops.threshold_history (
    tenant_id uuid NOT NULL,
    change_id uuid NOT NULL,
    scope_kind text NOT NULL,
    scope_id uuid NOT NULL,
    name text NOT NULL,
    old_value double precision NOT NULL,
    new_value double precision NOT NULL,
    reason text NOT NULL,
    evidence_ref jsonb,
    actor text NOT NULL,
    changed_at timestamptz NOT NULL,
    reverted_at timestamptz,
    reverted_by text,
    PRIMARY KEY (tenant_id, change_id),
    CONSTRAINT scope_kind_is_legal CHECK (scope_kind IN ('tenant', 'site', 'post'))
);
COMMENT ON TABLE ops.threshold_history IS 'One row per change of a threshold.';
COMMENT ON COLUMN ops.threshold_history.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.threshold_history.change_id IS 'the change';
COMMENT ON COLUMN ops.threshold_history.scope_kind IS 'whose threshold';
COMMENT ON COLUMN ops.threshold_history.scope_id IS 'id of the tenant, site or post';
COMMENT ON COLUMN ops.threshold_history.name IS 'the threshold: type of finding and parameter';
COMMENT ON COLUMN ops.threshold_history.old_value IS 'value before';
COMMENT ON COLUMN ops.threshold_history.new_value IS 'value afterwards';
COMMENT ON COLUMN ops.threshold_history.reason IS 'why';
COMMENT ON COLUMN ops.threshold_history.evidence_ref IS 'counts and baselines that moved it';
COMMENT ON COLUMN ops.threshold_history.actor IS 'who moved it';
COMMENT ON COLUMN ops.threshold_history.changed_at IS 'when (UTC instant)';
COMMENT ON COLUMN ops.threshold_history.reverted_at IS 'when it was taken back (UTC instant)';
COMMENT ON COLUMN ops.threshold_history.reverted_by IS 'who took it back';
CREATE INDEX threshold_history_scope_id_name_changed_at_idx ON ops.threshold_history (tenant_id, scope_id, name, changed_at);

ALTER TABLE ops.finding ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.finding FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.finding TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.finding TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.finding TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.finding FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.finding TO vigia_analytics;
CREATE POLICY query ON ops.finding FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.finding TO vigia_query;

ALTER TABLE ops.episode ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.episode FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.episode TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.episode TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.episode TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.episode FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.episode TO vigia_analytics;
CREATE POLICY query ON ops.episode FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.episode TO vigia_query;

ALTER TABLE ops.finding_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.finding_event FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.finding_event TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.finding_event TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.finding_event TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.finding_event FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.finding_event TO vigia_analytics;
CREATE POLICY query ON ops.finding_event FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.finding_event TO vigia_query;

ALTER TABLE ops.finding_evidence ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.finding_evidence FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.finding_evidence TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.finding_evidence TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.finding_evidence TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.finding_evidence FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.finding_evidence TO vigia_analytics;
CREATE POLICY query ON ops.finding_evidence FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.finding_evidence TO vigia_query;

ALTER TABLE ops.runbook ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.runbook FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.runbook TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.runbook TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.runbook TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.runbook FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.runbook TO vigia_analytics;
CREATE POLICY query ON ops.runbook FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.runbook TO vigia_query;

ALTER TABLE ops.site_audit_schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.site_audit_schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.site_audit_schedule TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.site_audit_schedule TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.site_audit_schedule TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.site_audit_schedule FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.site_audit_schedule TO vigia_analytics;
CREATE POLICY query ON ops.site_audit_schedule FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.site_audit_schedule TO vigia_query;

ALTER TABLE ops.audit_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.audit_run FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.audit_run TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.audit_run TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.audit_run TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.audit_run FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.audit_run TO vigia_analytics;
CREATE POLICY query ON ops.audit_run FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.audit_run TO vigia_query;

ALTER TABLE ops.threshold_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.threshold_history FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.threshold_history TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.threshold_history TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.threshold_history TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.threshold_history FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.threshold_history TO vigia_analytics;
CREATE POLICY query ON ops.threshold_history FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.threshold_history TO vigia_query;
