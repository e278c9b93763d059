-- What is usual of each metric, and what was not.
CREATE TABLE ops.baseline_day (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    metric text NOT NULL,
    local_date date NOT NULL,
    samples bytea NOT NULL,
    PRIMARY KEY (tenant_id, site_id, metric, local_date)
);
COMMENT ON TABLE ops.baseline_day IS 'One row per site, metric and local day that may teach what is usual.';
COMMENT ON COLUMN ops.baseline_day.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.baseline_day.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.baseline_day.metric IS 'name in the registry';
COMMENT ON COLUMN ops.baseline_day.local_date IS 'the site''s local day (date)';
COMMENT ON COLUMN ops.baseline_day.samples IS '288 values, one a slot of the wall clock, as little-endian doubles, deflated; NaN where none';
CREATE INDEX baseline_day_local_date_idx ON ops.baseline_day (tenant_id, local_date);

CREATE TABLE ops.baseline_profile (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    metric text NOT NULL,
    hour_of_week integer NOT NULL,
    n integer NOT NULL,
    support integer NOT NULL,
    mean double precision,
    var double precision,
    p05 double precision,
    p50 double precision,
    p95 double precision,
    mad double precision,
    dispersion double precision,
    pooled_parent text NOT NULL,
    is_stable boolean NOT NULL,
    sensitivity text NOT NULL,
    window_from date NOT NULL,
    window_to date NOT NULL,
    version text NOT NULL,
    PRIMARY KEY (tenant_id, site_id, metric, hour_of_week),
    CONSTRAINT hour_of_week_is_legal CHECK (hour_of_week BETWEEN 0 AND 167),
    CONSTRAINT pooled_parent_is_legal CHECK (pooled_parent IN ('none', 'daytype_hour', 'site')),
    CONSTRAINT sensitivity_is_legal CHECK (sensitivity IN ('low', 'medium', 'high'))
);
COMMENT ON TABLE ops.baseline_profile IS 'One row per site, metric and hour of the week.';
COMMENT ON COLUMN ops.baseline_profile.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.baseline_profile.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.baseline_profile.metric IS 'name in the registry';
COMMENT ON COLUMN ops.baseline_profile.hour_of_week IS 'hours of the site''s wall clock since Monday 00:00';
COMMENT ON COLUMN ops.baseline_profile.n IS 'samples of the hour itself';
COMMENT ON COLUMN ops.baseline_profile.support IS 'samples that the figures come from';
COMMENT ON COLUMN ops.baseline_profile.mean IS 'mean of a 5-minute slot';
COMMENT ON COLUMN ops.baseline_profile.var IS 'variance of it';
COMMENT ON COLUMN ops.baseline_profile.p05 IS '5 % quantile';
COMMENT ON COLUMN ops.baseline_profile.p50 IS 'median';
COMMENT ON COLUMN ops.baseline_profile.p95 IS '95 % quantile';
COMMENT ON COLUMN ops.baseline_profile.mad IS 'median distance from the median';
COMMENT ON COLUMN ops.baseline_profile.dispersion IS 'variance over mean; 1 for counts that chance alone spreads';
COMMENT ON COLUMN ops.baseline_profile.pooled_parent IS 'what the figures come from while the hour is young';
COMMENT ON COLUMN ops.baseline_profile.is_stable IS 'the hour has samples enough of its own';
COMMENT ON COLUMN ops.baseline_profile.sensitivity IS 'how readily the site''s metrics are called anomalous';
COMMENT ON COLUMN ops.baseline_profile.window_from IS 'first local day that taught';
COMMENT ON COLUMN ops.baseline_profile.window_to IS 'last one; what is judged comes after it';
COMMENT ON COLUMN ops.baseline_profile.version IS 'policy it was learned by';

CREATE TABLE ops.baseline_stray (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    metric text NOT NULL,
    direction text NOT NULL,
    over_slots integer NOT NULL,
    days integer NOT NULL,
    usual double precision,
    rare double precision,
    window_to date NOT NULL,
    version text NOT NULL,
    PRIMARY KEY (tenant_id, site_id, metric, direction, over_slots),
    CONSTRAINT direction_is_legal CHECK (direction IN ('below', 'above', 'absent'))
);
COMMENT ON TABLE ops.baseline_stray IS 'One row per site, metric and way to look at it.';
COMMENT ON COLUMN ops.baseline_stray.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.baseline_stray.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.baseline_stray.metric IS 'name in the registry';
COMMENT ON COLUMN ops.baseline_stray.direction IS 'which side of the baseline';
COMMENT ON COLUMN ops.baseline_stray.over_slots IS 'slots that are looked at together; 0 for a silence of any length';
COMMENT ON COLUMN ops.baseline_stray.days IS 'local days that taught';
COMMENT ON COLUMN ops.baseline_stray.usual IS 'median over them of the surprise of the most surprising moment, in powers of ten';
COMMENT ON COLUMN ops.baseline_stray.rare IS '95 % quantile of the same';
COMMENT ON COLUMN ops.baseline_stray.window_to IS 'last local day that taught';
COMMENT ON COLUMN ops.baseline_stray.version IS 'policy it was learned by';

CREATE TABLE ops.anomaly (
    tenant_id uuid NOT NULL,
    anomaly_id uuid NOT NULL,
    site_id uuid NOT NULL,
    metric text NOT NULL,
    slot timestamptz NOT NULL,
    direction text NOT NULL,
    over_slots integer NOT NULL,
    observed double precision NOT NULL,
    expected double precision NOT NULL,
    low double precision,
    high double precision,
    score double precision NOT NULL,
    tail_p double precision NOT NULL,
    q double precision NOT NULL,
    tested integer NOT NULL,
    raises boolean NOT NULL,
    hour_of_week integer NOT NULL,
    support integer NOT NULL,
    pooled_parent text NOT NULL,
    window_from date NOT NULL,
    window_to date NOT NULL,
    sensitivity text NOT NULL,
    baseline_version text NOT NULL,
    policy_version text NOT NULL,
    PRIMARY KEY (tenant_id, anomaly_id),
    UNIQUE (tenant_id, site_id, metric, slot),
    CONSTRAINT direction_is_legal CHECK (direction IN ('below', 'above', 'absent')),
    CONSTRAINT hour_of_week_is_legal CHECK (hour_of_week BETWEEN 0 AND 167),
    CONSTRAINT pooled_parent_is_legal CHECK (pooled_parent IN ('none', 'daytype_hour', 'site')),
    CONSTRAINT sensitivity_is_legal CHECK (sensitivity IN ('low', 'medium', 'high'))
);
COMMENT ON TABLE ops.anomaly IS 'One row per site, metric and 5-minute slot that left its baseline.';
COMMENT ON COLUMN ops.anomaly.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.anomaly.anomaly_id IS 'the anomaly; computed from site, metric and slot';
COMMENT ON COLUMN ops.anomaly.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.anomaly.metric IS 'name in the registry';
COMMENT ON COLUMN ops.anomaly.slot IS 'start of the 5 minutes';
COMMENT ON COLUMN ops.anomaly.direction IS 'which side of the baseline';
COMMENT ON COLUMN ops.anomaly.over_slots IS 'slots that were looked at together, up to the end of the slot';
COMMENT ON COLUMN ops.anomaly.observed IS 'what was seen in them';
COMMENT ON COLUMN ops.anomaly.expected IS 'what was due';
COMMENT ON COLUMN ops.anomaly.low IS '5 % quantile of a single slot';
COMMENT ON COLUMN ops.anomaly.high IS '95 % quantile of a single slot';
COMMENT ON COLUMN ops.anomaly.score IS 'deviations out that a normal value as improbable would be; negative below';
COMMENT ON COLUMN ops.anomaly.tail_p IS 'probability under the baseline';
COMMENT ON COLUMN ops.anomaly.q IS 'the same after the correction for all tests of the run';
COMMENT ON COLUMN ops.anomaly.tested IS 'tests of the run';
COMMENT ON COLUMN ops.anomaly.raises IS 'it counts for a finding; else pages alone show it';
COMMENT ON COLUMN ops.anomaly.hour_of_week IS 'hours of the site''s wall clock since Monday 00:00';
COMMENT ON COLUMN ops.anomaly.support IS 'samples of the baseline';
COMMENT ON COLUMN ops.anomaly.pooled_parent IS 'what the baseline''s figures came from';
COMMENT ON COLUMN ops.anomaly.window_from IS 'first local day that taught the baseline';
COMMENT ON COLUMN ops.anomaly.window_to IS 'last one';
COMMENT ON COLUMN ops.anomaly.sensitivity IS 'sensitivity of the site';
COMMENT ON COLUMN ops.anomaly.baseline_version IS 'policy the baseline was learned by';
COMMENT ON COLUMN ops.anomaly.policy_version IS 'policy it was judged by';
CREATE INDEX anomaly_slot_idx ON ops.anomaly (tenant_id, slot);

ALTER TABLE ops.baseline_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.baseline_day FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.baseline_day TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.baseline_day TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.baseline_day TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.baseline_day FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.baseline_day TO vigia_analytics;
CREATE POLICY query ON ops.baseline_day FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.baseline_day TO vigia_query;

ALTER TABLE ops.baseline_profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.baseline_profile FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.baseline_profile TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.baseline_profile TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.baseline_profile TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.baseline_profile FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.baseline_profile TO vigia_analytics;
CREATE POLICY query ON ops.baseline_profile FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.baseline_profile TO vigia_query;

ALTER TABLE ops.baseline_stray ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.baseline_stray FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.baseline_stray TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.baseline_stray TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.baseline_stray TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.baseline_stray FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.baseline_stray TO vigia_analytics;
CREATE POLICY query ON ops.baseline_stray FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.baseline_stray TO vigia_query;

ALTER TABLE ops.anomaly ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.anomaly FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.anomaly TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.anomaly TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.anomaly TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.anomaly FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.anomaly TO vigia_analytics;
CREATE POLICY query ON ops.anomaly FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.anomaly TO vigia_query;
