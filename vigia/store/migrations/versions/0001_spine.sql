-- Whose rows the app role may touch; nobody's when trusted code has not said so.
CREATE FUNCTION ops.current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('vigia.tenant_id', true), '')::uuid;

-- Which tenant a query role may read. The role itself is the key: text that runs as the role
-- can change settings, but not who it is.
CREATE TABLE ops.tenant_role (
    role_name name PRIMARY KEY,
    tenant_id uuid NOT NULL
);
COMMENT ON TABLE ops.tenant_role IS 'One row per query role with the tenant it may read.';
CREATE FUNCTION ops.tenant_of_role(asking name) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, ops
RETURN (SELECT tenant_id FROM ops.tenant_role WHERE role_name = asking);

-- Later payloads win column by column; a missing or null column leaves what is known.
CREATE AGGREGATE ops.jsonb_merge(jsonb) (
    SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}'
);

-- One partition a day, made before rows of the day arrive. The app role may not create
-- tables, so this runs as the owner and takes only names and days.
CREATE FUNCTION ops.ensure_partitions(parent text, days date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ops AS $$
DECLARE
    made integer := 0;
    wanted date;
    child text;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
        WHERE c.relnamespace = 'ops'::regnamespace AND c.relname = parent
    ) THEN
        RAISE EXCEPTION 'ops.% is not stored by day', parent;
    END IF;
    FOREACH wanted IN ARRAY days LOOP
        child := format('%s_%s', parent, to_char(wanted, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(format('ops.%I', child)) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(hashtext(child));
        CONTINUE WHEN to_regclass(format('ops.%I', child)) IS NOT NULL;
        EXECUTE format(
            'CREATE TABLE ops.%I PARTITION OF ops.%I FOR VALUES FROM (%L) TO (%L)',
            child, parent, wanted::timestamp AT TIME ZONE 'UTC',
            (wanted + 1)::timestamp AT TIME ZONE 'UTC'
        );
        EXECUTE format('ALTER TABLE ops.%I ENABLE ROW LEVEL SECURITY', child);
        EXECUTE format('ALTER TABLE ops.%I FORCE ROW LEVEL SECURITY', child);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION ops.ensure_partitions(text, date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.ensure_partitions(text, date[]) TO vigia_app, vigia_worker;

-- Partitions that retention has emptied. Row security would hide every row from the owner, and a
-- full partition would look empty: it is lifted for the look, under a lock that lets nobody in.
CREATE FUNCTION ops.drop_empty_partitions(parent text, days date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ops AS $$
DECLARE
    dropped integer := 0;
    wanted date;
    child text;
    is_used boolean;
BEGIN
    FOREACH wanted IN ARRAY days LOOP
        child := format('%s_%s', parent, to_char(wanted, 'YYYYMMDD'));
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM pg_inherits
            WHERE inhrelid = to_regclass(format('ops.%I', child))
              AND inhparent = to_regclass(format('ops.%I', parent))
        );
        PERFORM pg_advisory_xact_lock(hashtext(child));
        EXECUTE format('LOCK TABLE ops.%I IN ACCESS EXCLUSIVE MODE', parent);
        EXECUTE format('ALTER TABLE ops.%I NO FORCE ROW LEVEL SECURITY', child);
        EXECUTE format('SELECT EXISTS (SELECT FROM ops.%I)', child) INTO is_used;
        IF is_used THEN
            EXECUTE format('ALTER TABLE ops.%I FORCE ROW LEVEL SECURITY', child);
        ELSE
            EXECUTE format('DROP TABLE ops.%I', child);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    RETURN dropped;
END $$;
REVOKE EXECUTE ON FUNCTION ops.drop_empty_partitions(text, date[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.drop_empty_partitions(text, date[]) TO vigia_worker;

-- What the planner knows of a table. Bulk writes outrun autovacuum by a minute, and a plan made
-- for an empty table can take hours on a full one. Only the owner may analyse, so this does.
CREATE FUNCTION ops.refresh_statistics(tables text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, ops AS $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY tables LOOP
        EXECUTE format('ANALYZE ops.%I', wanted);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION ops.refresh_statistics(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.refresh_statistics(text[]) TO vigia_app, vigia_worker;

CREATE TABLE ops.tenant (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    country text,
    default_tz text NOT NULL,
    locale text NOT NULL,
    status text NOT NULL,
    retention_profile text NOT NULL,
    clock_mode text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id),
    UNIQUE (slug),
    CONSTRAINT status_is_legal CHECK (status IN ('active', 'suspended', 'closing')),
    CONSTRAINT retention_profile_is_legal CHECK (retention_profile IN ('standard', 'keep_all')),
    CONSTRAINT clock_mode_is_legal CHECK (clock_mode IN ('wall', 'data'))
);
COMMENT ON TABLE ops.tenant IS 'One row per guarding company that uses the platform.';
COMMENT ON COLUMN ops.tenant.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.tenant.name IS 'its name for people';
COMMENT ON COLUMN ops.tenant.slug IS 'short name in addresses and file names';
COMMENT ON COLUMN ops.tenant.country IS 'ISO 3166 code of its seat';
COMMENT ON COLUMN ops.tenant.default_tz IS 'IANA zone of sites that name none';
COMMENT ON COLUMN ops.tenant.locale IS 'language of its people';
COMMENT ON COLUMN ops.tenant.status IS 'its state';
COMMENT ON COLUMN ops.tenant.retention_profile IS 'which retention defaults apply';
COMMENT ON COLUMN ops.tenant.clock_mode IS 'what "now" means: wall clock, or the newest event';
COMMENT ON COLUMN ops.tenant.created_at IS 'when the row was first written (UTC instant)';

CREATE TABLE ops.calendar (
    tenant_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    code text NOT NULL,
    name text,
    tz text,
    hours jsonb,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, calendar_id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id)
);
COMMENT ON TABLE ops.calendar IS 'One row per business calendar.';
COMMENT ON COLUMN ops.calendar.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.calendar.calendar_id IS 'the calendar';
COMMENT ON COLUMN ops.calendar.code IS 'short code, unique in the tenant';
COMMENT ON COLUMN ops.calendar.name IS 'its name for people';
COMMENT ON COLUMN ops.calendar.tz IS 'IANA zone of its hours';
COMMENT ON COLUMN ops.calendar.hours IS 'weekday number to list of [open, close] wall-clock times';
COMMENT ON COLUMN ops.calendar.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.calendar.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.calendar.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.calendar.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.calendar.row_version IS 'how often the row was written';

CREATE TABLE ops.maintenance_window (
    tenant_id uuid NOT NULL,
    mw_id uuid NOT NULL,
    matcher jsonb,
    starts_at timestamptz,
    ends_at timestamptz,
    rrule text,
    reason text,
    mode text,
    state text,
    approved_by text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, mw_id),
    CONSTRAINT mode_is_legal CHECK (mode IN ('suppress', 'recover')),
    CONSTRAINT state_is_legal CHECK (state IN ('planned', 'active', 'ended', 'cancelled')),
    CONSTRAINT window_is_forward CHECK (ends_at > starts_at),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id)
);
COMMENT ON TABLE ops.maintenance_window IS 'One row per period in which matching noise is muted.';
COMMENT ON COLUMN ops.maintenance_window.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.maintenance_window.mw_id IS 'the window';
COMMENT ON COLUMN ops.maintenance_window.matcher IS 'what it mutes: field to value or list of values';
COMMENT ON COLUMN ops.maintenance_window.starts_at IS 'start, inclusive (UTC instant)';
COMMENT ON COLUMN ops.maintenance_window.ends_at IS 'end, exclusive (UTC instant)';
COMMENT ON COLUMN ops.maintenance_window.rrule IS 'RFC 5545 recurrence, when it repeats';
COMMENT ON COLUMN ops.maintenance_window.reason IS 'why';
COMMENT ON COLUMN ops.maintenance_window.mode IS 'whether still-true conditions fire at its end';
COMMENT ON COLUMN ops.maintenance_window.state IS 'its state';
COMMENT ON COLUMN ops.maintenance_window.approved_by IS 'who approved it';
COMMENT ON COLUMN ops.maintenance_window.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.maintenance_window.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.maintenance_window.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.maintenance_window.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.maintenance_window.row_version IS 'how often the row was written';

CREATE TABLE ops.attendance_event (
    tenant_id uuid NOT NULL,
    att_id uuid NOT NULL,
    person_id uuid NOT NULL,
    assignment_id uuid,
    site_id uuid,
    device_id uuid,
    kind text NOT NULL,
    method text,
    event_time timestamptz NOT NULL,
    lat double precision,
    lon double precision,
    accuracy_m real,
    mock boolean,
    geo text,
    face_score real,
    photo_hash bytea,
    corrected_by uuid,
    reason text,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, att_id),
    CONSTRAINT kind_is_legal CHECK (kind IN ('clock_in', 'clock_out', 'break_start', 'break_end', 'correction')),
    CONSTRAINT method_is_legal CHECK (method IN ('app', 'kiosk', 'nfc', 'face', 'supervisor', 'import')),
    CONSTRAINT lat_is_legal CHECK (lat BETWEEN -90 AND 90),
    CONSTRAINT lon_is_legal CHECK (lon BETWEEN -180 AND 180),
    CONSTRAINT geo_is_legal CHECK (geo IN ('inside', 'outside', 'uncertain', 'none')),
    CONSTRAINT face_score_is_legal CHECK (face_score BETWEEN 0 AND 1)
);
COMMENT ON TABLE ops.attendance_event IS 'One row per clocking of a person.';
COMMENT ON COLUMN ops.attendance_event.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.attendance_event.att_id IS 'the clocking';
COMMENT ON COLUMN ops.attendance_event.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.attendance_event.assignment_id IS 'the shift assignment it belongs to';
COMMENT ON COLUMN ops.attendance_event.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.attendance_event.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.attendance_event.kind IS 'what was clocked';
COMMENT ON COLUMN ops.attendance_event.method IS 'how it was clocked';
COMMENT ON COLUMN ops.attendance_event.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.attendance_event.lat IS 'latitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.attendance_event.lon IS 'longitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.attendance_event.accuracy_m IS 'reported radius of uncertainty of the position (metres)';
COMMENT ON COLUMN ops.attendance_event.mock IS 'the phone reported a mocked position';
COMMENT ON COLUMN ops.attendance_event.geo IS 'where it was against the site''s fence';
COMMENT ON COLUMN ops.attendance_event.face_score IS 'similarity of the face';
COMMENT ON COLUMN ops.attendance_event.photo_hash IS 'hash of the photograph';
COMMENT ON COLUMN ops.attendance_event.corrected_by IS 'who corrected it';
COMMENT ON COLUMN ops.attendance_event.reason IS 'why';
COMMENT ON COLUMN ops.attendance_event.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.attendance_event.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX attendance_event_site_id_event_time_idx ON ops.attendance_event (tenant_id, site_id, event_time);
CREATE INDEX attendance_event_person_id_event_time_idx ON ops.attendance_event (tenant_id, person_id, event_time);

CREATE TABLE ops.handover (
    tenant_id uuid NOT NULL,
    handover_id uuid NOT NULL,
    site_id uuid,
    post_id uuid NOT NULL,
    from_person_id uuid,
    to_person_id uuid,
    event_time timestamptz NOT NULL,
    notes_ref text,
    keys_ok boolean,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, handover_id)
);
COMMENT ON TABLE ops.handover IS 'One row per handover of a post.';
COMMENT ON COLUMN ops.handover.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.handover.handover_id IS 'the handover';
COMMENT ON COLUMN ops.handover.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.handover.post_id IS 'the post of the site';
COMMENT ON COLUMN ops.handover.from_person_id IS 'who left';
COMMENT ON COLUMN ops.handover.to_person_id IS 'who came';
COMMENT ON COLUMN ops.handover.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.handover.notes_ref IS 'pointer to the notes';
COMMENT ON COLUMN ops.handover.keys_ok IS 'keys were complete';
COMMENT ON COLUMN ops.handover.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.handover.received_at IS 'when the server received it (UTC instant)';

CREATE TABLE ops.device (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    code text NOT NULL,
    kind text,
    platform text,
    model text,
    os_version text,
    app_version text,
    serial_hash bytea,
    status text,
    last_event_at timestamptz,
    battery_health_pct real,
    in_service_on date,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, device_id),
    UNIQUE (tenant_id, code),
    CONSTRAINT kind_is_legal CHECK (kind IN ('phone', 'tracker', 'kiosk', 'panic_fob', 'nfc_reader')),
    CONSTRAINT status_is_legal CHECK (status IN ('unknown', 'online', 'stale', 'offline', 'lost', 'retired')),
    CONSTRAINT battery_health_pct_is_legal CHECK (battery_health_pct BETWEEN 0 AND 100),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id)
);
COMMENT ON TABLE ops.device IS 'One row per device.';
COMMENT ON COLUMN ops.device.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.device.device_id IS 'the device';
COMMENT ON COLUMN ops.device.code IS 'serial or inventory number, unique in the tenant';
COMMENT ON COLUMN ops.device.kind IS 'what it is';
COMMENT ON COLUMN ops.device.platform IS 'operating system family';
COMMENT ON COLUMN ops.device.model IS 'maker''s model';
COMMENT ON COLUMN ops.device.os_version IS 'version of the operating system';
COMMENT ON COLUMN ops.device.app_version IS 'version of the guard app';
COMMENT ON COLUMN ops.device.serial_hash IS 'keyed hash of the serial number';
COMMENT ON COLUMN ops.device.status IS 'its state';
COMMENT ON COLUMN ops.device.last_event_at IS 'newest event the sender knows of (UTC instant)';
COMMENT ON COLUMN ops.device.battery_health_pct IS 'capacity left against new (percent 0-100)';
COMMENT ON COLUMN ops.device.in_service_on IS 'first day in service (date)';
COMMENT ON COLUMN ops.device.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.device.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.device.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.device.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.device.row_version IS 'how often the row was written';

CREATE TABLE ops.device_heartbeat (
    tenant_id uuid NOT NULL,
    hb_id uuid NOT NULL,
    site_id uuid,
    device_id uuid NOT NULL,
    boot_id uuid,
    seq bigint,
    event_time timestamptz NOT NULL,
    battery_pct real,
    charging boolean,
    battery_temp_c real,
    network text,
    rssi_dbm integer,
    location_permission text,
    gps_enabled boolean,
    power_save boolean,
    app_state text,
    queue_depth integer,
    free_storage_mb integer,
    clock_offset_ms integer,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, hb_id, event_time),
    CONSTRAINT battery_pct_is_legal CHECK (battery_pct BETWEEN 0 AND 100),
    CONSTRAINT network_is_legal CHECK (network IN ('none', '2g', '3g', '4g', '5g', 'wifi')),
    CONSTRAINT location_permission_is_legal CHECK (location_permission IN ('always', 'in_use', 'denied')),
    CONSTRAINT app_state_is_legal CHECK (app_state IN ('foreground', 'background', 'killed'))
) PARTITION BY RANGE (event_time);
COMMENT ON TABLE ops.device_heartbeat IS 'One row per heartbeat of a device.';
COMMENT ON COLUMN ops.device_heartbeat.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.device_heartbeat.hb_id IS 'the heartbeat';
COMMENT ON COLUMN ops.device_heartbeat.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.device_heartbeat.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.device_heartbeat.boot_id IS 'which start of the device counted the sequence';
COMMENT ON COLUMN ops.device_heartbeat.seq IS 'the device''s own event number, so that gaps are visible';
COMMENT ON COLUMN ops.device_heartbeat.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.device_heartbeat.battery_pct IS 'charge left (percent 0-100)';
COMMENT ON COLUMN ops.device_heartbeat.charging IS 'on a charger';
COMMENT ON COLUMN ops.device_heartbeat.battery_temp_c IS 'temperature of the battery (degrees Celsius)';
COMMENT ON COLUMN ops.device_heartbeat.network IS 'network in use';
COMMENT ON COLUMN ops.device_heartbeat.rssi_dbm IS 'signal strength (dBm)';
COMMENT ON COLUMN ops.device_heartbeat.location_permission IS 'what the person allowed';
COMMENT ON COLUMN ops.device_heartbeat.gps_enabled IS 'positioning is switched on';
COMMENT ON COLUMN ops.device_heartbeat.power_save IS 'power saving is on';
COMMENT ON COLUMN ops.device_heartbeat.app_state IS 'state of the guard app';
COMMENT ON COLUMN ops.device_heartbeat.queue_depth IS 'events still waiting on the device';
COMMENT ON COLUMN ops.device_heartbeat.free_storage_mb IS 'free storage (megabytes)';
COMMENT ON COLUMN ops.device_heartbeat.clock_offset_ms IS 'device clock minus server clock (milliseconds)';
COMMENT ON COLUMN ops.device_heartbeat.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.device_heartbeat.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX device_heartbeat_site_id_event_time_idx ON ops.device_heartbeat (tenant_id, site_id, event_time);
CREATE INDEX device_heartbeat_device_id_event_time_idx ON ops.device_heartbeat (tenant_id, device_id, event_time);
CREATE TABLE ops.device_heartbeat_default PARTITION OF ops.device_heartbeat DEFAULT;
ALTER TABLE ops.device_heartbeat_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.device_heartbeat_default FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.phone_event (
    tenant_id uuid NOT NULL,
    pe_id uuid NOT NULL,
    site_id uuid,
    device_id uuid NOT NULL,
    person_id uuid,
    boot_id uuid,
    seq bigint,
    kind text NOT NULL,
    human boolean,
    event_time timestamptz NOT NULL,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, pe_id, event_time),
    CONSTRAINT kind_is_legal CHECK (kind IN ('interaction', 'login', 'logout', 'call_in', 'call_out', 'sms', 'push_ack', 'permission_change', 'network_change', 'reboot', 'crash'))
) PARTITION BY RANGE (event_time);
COMMENT ON TABLE ops.phone_event IS 'One row per event of a phone that is not a position or a heartbeat.';
COMMENT ON COLUMN ops.phone_event.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.phone_event.pe_id IS 'the phone event';
COMMENT ON COLUMN ops.phone_event.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.phone_event.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.phone_event.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.phone_event.boot_id IS 'which start of the device counted the sequence';
COMMENT ON COLUMN ops.phone_event.seq IS 'the device''s own event number, so that gaps are visible';
COMMENT ON COLUMN ops.phone_event.kind IS 'what happened';
COMMENT ON COLUMN ops.phone_event.human IS 'a person caused it';
COMMENT ON COLUMN ops.phone_event.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.phone_event.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.phone_event.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX phone_event_site_id_event_time_idx ON ops.phone_event (tenant_id, site_id, event_time);
CREATE TABLE ops.phone_event_default PARTITION OF ops.phone_event DEFAULT;
ALTER TABLE ops.phone_event_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.phone_event_default FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.gps_fix (
    tenant_id uuid NOT NULL,
    fix_id uuid NOT NULL,
    site_id uuid,
    device_id uuid NOT NULL,
    person_id uuid,
    boot_id uuid,
    seq bigint,
    fix_time timestamptz NOT NULL,
    device_time timestamptz,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    altitude_m real,
    speed_mps real,
    course_deg real,
    accuracy_m real,
    hdop real,
    satellites integer,
    provider text,
    mock boolean,
    valid boolean,
    outdated boolean,
    steps_delta integer,
    motion text,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, fix_id, fix_time),
    CONSTRAINT lat_is_legal CHECK (lat BETWEEN -90 AND 90),
    CONSTRAINT lon_is_legal CHECK (lon BETWEEN -180 AND 180),
    CONSTRAINT course_deg_is_legal CHECK (course_deg BETWEEN 0 AND 360),
    CONSTRAINT provider_is_legal CHECK (provider IN ('gps', 'fused', 'network', 'manual')),
    CONSTRAINT motion_is_legal CHECK (motion IN ('still', 'walking', 'running', 'vehicle', 'unknown'))
) PARTITION BY RANGE (fix_time);
COMMENT ON TABLE ops.gps_fix IS 'One row per position of a device.';
COMMENT ON COLUMN ops.gps_fix.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.gps_fix.fix_id IS 'the position';
COMMENT ON COLUMN ops.gps_fix.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.gps_fix.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.gps_fix.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.gps_fix.boot_id IS 'which start of the device counted the sequence';
COMMENT ON COLUMN ops.gps_fix.seq IS 'the device''s own event number, so that gaps are visible';
COMMENT ON COLUMN ops.gps_fix.fix_time IS 'when the position was measured (UTC instant)';
COMMENT ON COLUMN ops.gps_fix.device_time IS 'when the device recorded it (UTC instant)';
COMMENT ON COLUMN ops.gps_fix.lat IS 'latitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.gps_fix.lon IS 'longitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.gps_fix.altitude_m IS 'height above the ellipsoid (metres)';
COMMENT ON COLUMN ops.gps_fix.speed_mps IS 'speed over ground (metres per second)';
COMMENT ON COLUMN ops.gps_fix.course_deg IS 'heading, clockwise from north (degrees)';
COMMENT ON COLUMN ops.gps_fix.accuracy_m IS 'reported radius of uncertainty of the position (metres)';
COMMENT ON COLUMN ops.gps_fix.hdop IS 'horizontal dilution of precision';
COMMENT ON COLUMN ops.gps_fix.satellites IS 'satellites used';
COMMENT ON COLUMN ops.gps_fix.provider IS 'where the position came from';
COMMENT ON COLUMN ops.gps_fix.mock IS 'the phone reported a mocked position';
COMMENT ON COLUMN ops.gps_fix.valid IS 'the device calls it valid';
COMMENT ON COLUMN ops.gps_fix.outdated IS 'the device repeats an older position';
COMMENT ON COLUMN ops.gps_fix.steps_delta IS 'steps since the last position';
COMMENT ON COLUMN ops.gps_fix.motion IS 'how the person moves';
COMMENT ON COLUMN ops.gps_fix.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.gps_fix.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX gps_fix_site_id_fix_time_idx ON ops.gps_fix (tenant_id, site_id, fix_time);
CREATE INDEX gps_fix_device_id_fix_time_idx ON ops.gps_fix (tenant_id, device_id, fix_time);
CREATE TABLE ops.gps_fix_default PARTITION OF ops.gps_fix DEFAULT;
ALTER TABLE ops.gps_fix_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.gps_fix_default FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.geofence_event (
    tenant_id uuid NOT NULL,
    ge_id uuid NOT NULL,
    site_id uuid,
    device_id uuid NOT NULL,
    geofence_id uuid,
    kind text NOT NULL,
    event_time timestamptz NOT NULL,
    confidence real,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, ge_id),
    CONSTRAINT kind_is_legal CHECK (kind IN ('enter', 'exit', 'crossed', 'dwell')),
    CONSTRAINT confidence_is_legal CHECK (confidence BETWEEN 0 AND 1)
);
COMMENT ON TABLE ops.geofence_event IS 'One row per crossing of a fence that a device reports.';
COMMENT ON COLUMN ops.geofence_event.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.geofence_event.ge_id IS 'the crossing';
COMMENT ON COLUMN ops.geofence_event.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.geofence_event.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.geofence_event.geofence_id IS 'the fence';
COMMENT ON COLUMN ops.geofence_event.kind IS 'what happened';
COMMENT ON COLUMN ops.geofence_event.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.geofence_event.confidence IS 'how sure the device is';
COMMENT ON COLUMN ops.geofence_event.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.geofence_event.received_at IS 'when the server received it (UTC instant)';

CREATE TABLE ops.access_event (
    tenant_id uuid NOT NULL,
    access_id uuid NOT NULL,
    site_id uuid,
    zone_id uuid,
    person_id uuid,
    person_hash bytea,
    credential_hash bytea,
    door text,
    kind text NOT NULL,
    event_time timestamptz NOT NULL,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, access_id),
    CONSTRAINT kind_is_legal CHECK (kind IN ('granted', 'denied', 'forced', 'held_open'))
);
COMMENT ON TABLE ops.access_event IS 'One row per use of a door.';
COMMENT ON COLUMN ops.access_event.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.access_event.access_id IS 'the use';
COMMENT ON COLUMN ops.access_event.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.access_event.zone_id IS 'the zone of the site';
COMMENT ON COLUMN ops.access_event.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.access_event.person_hash IS 'keyed hash of who it was, for strangers';
COMMENT ON COLUMN ops.access_event.credential_hash IS 'keyed hash of the card or code';
COMMENT ON COLUMN ops.access_event.door IS 'the door''s own name';
COMMENT ON COLUMN ops.access_event.kind IS 'what happened';
COMMENT ON COLUMN ops.access_event.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.access_event.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.access_event.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX access_event_site_id_event_time_idx ON ops.access_event (tenant_id, site_id, event_time);

CREATE TABLE ops.contact_log (
    tenant_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    site_id uuid,
    person_id uuid,
    subject_ref text,
    channel text NOT NULL,
    direction text,
    outcome text,
    event_time timestamptz NOT NULL,
    contacted_by text,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, contact_id),
    CONSTRAINT channel_is_legal CHECK (channel IN ('call', 'radio', 'sms', 'push', 'visit')),
    CONSTRAINT direction_is_legal CHECK (direction IN ('in', 'out')),
    CONSTRAINT outcome_is_legal CHECK (outcome IN ('reached', 'no_answer', 'declined', 'voicemail'))
);
COMMENT ON TABLE ops.contact_log IS 'One row per attempt of the control room to reach somebody, or to be reached.';
COMMENT ON COLUMN ops.contact_log.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.contact_log.contact_id IS 'the attempt';
COMMENT ON COLUMN ops.contact_log.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.contact_log.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.contact_log.subject_ref IS 'what it was about';
COMMENT ON COLUMN ops.contact_log.channel IS 'by what means';
COMMENT ON COLUMN ops.contact_log.direction IS 'who started it';
COMMENT ON COLUMN ops.contact_log.outcome IS 'how it went';
COMMENT ON COLUMN ops.contact_log.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.contact_log.contacted_by IS 'who tried';
COMMENT ON COLUMN ops.contact_log.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.contact_log.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX contact_log_site_id_event_time_idx ON ops.contact_log (tenant_id, site_id, event_time);

CREATE TABLE ops.checkpoint_scan (
    tenant_id uuid NOT NULL,
    scan_id uuid NOT NULL,
    site_id uuid,
    run_id uuid,
    checkpoint_id uuid,
    person_id uuid,
    device_id uuid,
    event_time timestamptz NOT NULL,
    lat double precision,
    lon double precision,
    accuracy_m real,
    tag_counter integer,
    photo_hash bytea,
    offline boolean,
    verdict text,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, scan_id),
    CONSTRAINT lat_is_legal CHECK (lat BETWEEN -90 AND 90),
    CONSTRAINT lon_is_legal CHECK (lon BETWEEN -180 AND 180),
    CONSTRAINT verdict_is_legal CHECK (verdict IN ('valid', 'out_of_order', 'duplicate', 'too_fast', 'far_away', 'replayed', 'unknown_tag'))
);
COMMENT ON TABLE ops.checkpoint_scan IS 'One row per scan of a checkpoint.';
COMMENT ON COLUMN ops.checkpoint_scan.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.checkpoint_scan.scan_id IS 'the scan';
COMMENT ON COLUMN ops.checkpoint_scan.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.checkpoint_scan.run_id IS 'the tour run it belongs to';
COMMENT ON COLUMN ops.checkpoint_scan.checkpoint_id IS 'the checkpoint';
COMMENT ON COLUMN ops.checkpoint_scan.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.checkpoint_scan.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.checkpoint_scan.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.checkpoint_scan.lat IS 'latitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.checkpoint_scan.lon IS 'longitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.checkpoint_scan.accuracy_m IS 'reported radius of uncertainty of the position (metres)';
COMMENT ON COLUMN ops.checkpoint_scan.tag_counter IS 'the tag''s own counter';
COMMENT ON COLUMN ops.checkpoint_scan.photo_hash IS 'hash of the photograph';
COMMENT ON COLUMN ops.checkpoint_scan.offline IS 'stored on the device first';
COMMENT ON COLUMN ops.checkpoint_scan.verdict IS 'the sender''s judgement';
COMMENT ON COLUMN ops.checkpoint_scan.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.checkpoint_scan.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX checkpoint_scan_site_id_event_time_idx ON ops.checkpoint_scan (tenant_id, site_id, event_time);
CREATE INDEX checkpoint_scan_run_id_idx ON ops.checkpoint_scan (tenant_id, run_id);

CREATE TABLE ops.asset_reading (
    tenant_id uuid NOT NULL,
    reading_id uuid NOT NULL,
    site_id uuid,
    asset_id uuid NOT NULL,
    metric text NOT NULL,
    value double precision NOT NULL,
    unit_name text,
    event_time timestamptz NOT NULL,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, reading_id)
);
COMMENT ON TABLE ops.asset_reading IS 'One row per reading of an asset''s meter or sensor.';
COMMENT ON COLUMN ops.asset_reading.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.asset_reading.reading_id IS 'the reading';
COMMENT ON COLUMN ops.asset_reading.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.asset_reading.asset_id IS 'the asset it concerns';
COMMENT ON COLUMN ops.asset_reading.metric IS 'what was read';
COMMENT ON COLUMN ops.asset_reading.value IS 'the value';
COMMENT ON COLUMN ops.asset_reading.unit_name IS 'unit of the value';
COMMENT ON COLUMN ops.asset_reading.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.asset_reading.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.asset_reading.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX asset_reading_asset_id_event_time_idx ON ops.asset_reading (tenant_id, asset_id, event_time);

CREATE TABLE ops.support_group (
    tenant_id uuid NOT NULL,
    group_id uuid NOT NULL,
    code text NOT NULL,
    name text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, group_id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id)
);
COMMENT ON TABLE ops.support_group IS 'One row per assignment group of the help desk.';
COMMENT ON COLUMN ops.support_group.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.support_group.group_id IS 'the group';
COMMENT ON COLUMN ops.support_group.code IS 'short code, unique in the tenant';
COMMENT ON COLUMN ops.support_group.name IS 'its name for people';
COMMENT ON COLUMN ops.support_group.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.support_group.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.support_group.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.support_group.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.support_group.row_version IS 'how often the row was written';

CREATE TABLE ops.ticket_message (
    tenant_id uuid NOT NULL,
    message_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    author_kind text,
    language text,
    internal boolean,
    body_ref text,
    event_time timestamptz NOT NULL,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, message_id),
    CONSTRAINT author_kind_is_legal CHECK (author_kind IN ('requester', 'agent', 'system'))
);
COMMENT ON TABLE ops.ticket_message IS 'One row per message on a ticket.';
COMMENT ON COLUMN ops.ticket_message.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.ticket_message.message_id IS 'the message';
COMMENT ON COLUMN ops.ticket_message.ticket_id IS 'the ticket it belongs to';
COMMENT ON COLUMN ops.ticket_message.author_kind IS 'who wrote it';
COMMENT ON COLUMN ops.ticket_message.language IS 'language it was written in';
COMMENT ON COLUMN ops.ticket_message.internal IS 'hidden from the requester';
COMMENT ON COLUMN ops.ticket_message.body_ref IS 'pointer to the text';
COMMENT ON COLUMN ops.ticket_message.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.ticket_message.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.ticket_message.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX ticket_message_ticket_id_event_time_idx ON ops.ticket_message (tenant_id, ticket_id, event_time);

CREATE TABLE ops.sla_clock (
    tenant_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    site_id uuid,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    kind text NOT NULL,
    policy_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    stopped_at timestamptz,
    due_at timestamptz NOT NULL,
    state text NOT NULL,
    breached_at timestamptz,
    target_min integer NOT NULL,
    elapsed_min real NOT NULL,
    remaining_min real NOT NULL,
    as_of_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, clock_id),
    CONSTRAINT subject_kind_is_legal CHECK (subject_kind IN ('ticket', 'work_order', 'task')),
    CONSTRAINT kind_is_legal CHECK (kind IN ('first_response', 'update', 'resolve')),
    CONSTRAINT state_is_legal CHECK (state IN ('running', 'paused', 'met', 'breached', 'cancelled'))
);
COMMENT ON TABLE ops.sla_clock IS 'One row per promise that runs on a ticket, work order or task.';
COMMENT ON COLUMN ops.sla_clock.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.sla_clock.clock_id IS 'the clock';
COMMENT ON COLUMN ops.sla_clock.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.sla_clock.subject_kind IS 'what it runs on';
COMMENT ON COLUMN ops.sla_clock.subject_id IS 'the ticket, work order or task';
COMMENT ON COLUMN ops.sla_clock.kind IS 'which promise';
COMMENT ON COLUMN ops.sla_clock.policy_id IS 'policy it follows';
COMMENT ON COLUMN ops.sla_clock.started_at IS 'when it started (UTC instant)';
COMMENT ON COLUMN ops.sla_clock.stopped_at IS 'when the promise was kept (UTC instant)';
COMMENT ON COLUMN ops.sla_clock.due_at IS 'when it is broken (UTC instant)';
COMMENT ON COLUMN ops.sla_clock.state IS 'its state';
COMMENT ON COLUMN ops.sla_clock.breached_at IS 'when it was broken (UTC instant)';
COMMENT ON COLUMN ops.sla_clock.target_min IS 'promised counted minutes (minutes)';
COMMENT ON COLUMN ops.sla_clock.elapsed_min IS 'counted minutes so far (minutes)';
COMMENT ON COLUMN ops.sla_clock.remaining_min IS 'counted minutes left, negative when broken (minutes)';
COMMENT ON COLUMN ops.sla_clock.as_of_at IS 'data clock at which it was computed (UTC instant)';
CREATE INDEX sla_clock_subject_id_idx ON ops.sla_clock (tenant_id, subject_id);
CREATE INDEX sla_clock_site_id_due_at_idx ON ops.sla_clock (tenant_id, site_id, due_at);

CREATE TABLE ops.sla_clock_segment (
    tenant_id uuid NOT NULL,
    clock_id uuid NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    counted boolean NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (tenant_id, clock_id, from_at),
    CONSTRAINT reason_is_legal CHECK (reason IN ('business_hours', 'round_the_clock', 'outside_hours', 'holiday', 'pending_requester', 'pending_vendor', 'pending_parts', 'access', 'approval')),
    CONSTRAINT segment_is_forward CHECK (to_at > from_at)
);
COMMENT ON TABLE ops.sla_clock_segment IS 'One row per stretch of a clock that counted or did not.';
COMMENT ON COLUMN ops.sla_clock_segment.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.sla_clock_segment.clock_id IS 'the clock';
COMMENT ON COLUMN ops.sla_clock_segment.from_at IS 'start of the interval, inclusive (UTC instant)';
COMMENT ON COLUMN ops.sla_clock_segment.to_at IS 'end of the interval, exclusive; open when missing (UTC instant)';
COMMENT ON COLUMN ops.sla_clock_segment.counted IS 'the stretch counts';
COMMENT ON COLUMN ops.sla_clock_segment.reason IS 'why';

CREATE TABLE ops.escalation_policy (
    tenant_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    code text NOT NULL,
    name text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, policy_id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id)
);
COMMENT ON TABLE ops.escalation_policy IS 'One row per escalation chain.';
COMMENT ON COLUMN ops.escalation_policy.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.escalation_policy.policy_id IS 'the chain';
COMMENT ON COLUMN ops.escalation_policy.code IS 'short code, unique in the tenant';
COMMENT ON COLUMN ops.escalation_policy.name IS 'its name for people';
COMMENT ON COLUMN ops.escalation_policy.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.escalation_policy.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.escalation_policy.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.escalation_policy.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.escalation_policy.row_version IS 'how often the row was written';

CREATE TABLE ops.escalation_event (
    tenant_id uuid NOT NULL,
    escalation_event_id uuid NOT NULL,
    site_id uuid,
    run_id uuid,
    subject_ref text,
    step integer,
    target_id uuid,
    channel text,
    event_time timestamptz NOT NULL,
    delivered_at timestamptz,
    answered_at timestamptz,
    result text,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, escalation_event_id),
    CONSTRAINT channel_is_legal CHECK (channel IN ('push', 'sms', 'call', 'email')),
    CONSTRAINT result_is_legal CHECK (result IN ('sent', 'delivered', 'failed', 'acked', 'declined', 'no_target'))
);
COMMENT ON TABLE ops.escalation_event IS 'One row per message of an escalation.';
COMMENT ON COLUMN ops.escalation_event.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.escalation_event.escalation_event_id IS 'the message';
COMMENT ON COLUMN ops.escalation_event.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.escalation_event.run_id IS 'the escalation';
COMMENT ON COLUMN ops.escalation_event.subject_ref IS 'which alert, ticket or call';
COMMENT ON COLUMN ops.escalation_event.step IS 'step of the chain';
COMMENT ON COLUMN ops.escalation_event.target_id IS 'whom it went to';
COMMENT ON COLUMN ops.escalation_event.channel IS 'by what means';
COMMENT ON COLUMN ops.escalation_event.event_time IS 'when it was sent (UTC instant)';
COMMENT ON COLUMN ops.escalation_event.delivered_at IS 'when it arrived (UTC instant)';
COMMENT ON COLUMN ops.escalation_event.answered_at IS 'when it was answered (UTC instant)';
COMMENT ON COLUMN ops.escalation_event.result IS 'how it went';
COMMENT ON COLUMN ops.escalation_event.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.escalation_event.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX escalation_event_site_id_event_time_idx ON ops.escalation_event (tenant_id, site_id, event_time);

CREATE TABLE ops.metric_sample (
    tenant_id uuid NOT NULL,
    sample_id uuid NOT NULL,
    site_id uuid,
    metric text NOT NULL,
    value double precision NOT NULL,
    event_time timestamptz NOT NULL,
    extra jsonb,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, sample_id)
);
COMMENT ON TABLE ops.metric_sample IS 'One row per value of an imported series.';
COMMENT ON COLUMN ops.metric_sample.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.metric_sample.sample_id IS 'the value''s event';
COMMENT ON COLUMN ops.metric_sample.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.metric_sample.metric IS 'name of the series';
COMMENT ON COLUMN ops.metric_sample.value IS 'the value';
COMMENT ON COLUMN ops.metric_sample.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.metric_sample.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.metric_sample.received_at IS 'when the server received it (UTC instant)';
CREATE INDEX metric_sample_site_id_event_time_idx ON ops.metric_sample (tenant_id, site_id, event_time);

CREATE TABLE ops.metric (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    unit text NOT NULL,
    kind text NOT NULL,
    family text NOT NULL,
    source_table text NOT NULL,
    value_column text,
    at_column text,
    until jsonb,
    row_filter jsonb,
    concern text NOT NULL,
    imported boolean NOT NULL,
    PRIMARY KEY (tenant_id, name),
    CONSTRAINT kind_is_legal CHECK (kind IN ('gauge', 'count', 'duration')),
    CONSTRAINT concern_is_legal CHECK (concern IN ('low', 'high', 'both', 'none'))
);
COMMENT ON TABLE ops.metric IS 'One row per metric that the tenant measures.';
COMMENT ON COLUMN ops.metric.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.metric.name IS 'name in the registry';
COMMENT ON COLUMN ops.metric.title IS 'what people call it';
COMMENT ON COLUMN ops.metric.unit IS 'unit of its values';
COMMENT ON COLUMN ops.metric.kind IS 'how its values combine';
COMMENT ON COLUMN ops.metric.family IS 'signal family or module it belongs to';
COMMENT ON COLUMN ops.metric.source_table IS 'table whose rows it measures';
COMMENT ON COLUMN ops.metric.value_column IS 'column it measures; rows are counted when missing';
COMMENT ON COLUMN ops.metric.at_column IS 'instant that places a row in time; the table''s own when missing';
COMMENT ON COLUMN ops.metric.until IS 'what ends the interval of a gauge: {"columns": [...]} or {"next": column, "delay_s": n, "cap_s": n}';
COMMENT ON COLUMN ops.metric.row_filter IS 'column to list of values a row must have; `column!` must not, `column<=` at most';
COMMENT ON COLUMN ops.metric.concern IS 'direction that worries';
COMMENT ON COLUMN ops.metric.imported IS 'made by an import, not by the product';

CREATE TABLE ops.signal_window (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    person_id uuid NOT NULL,
    slot timestamptz NOT NULL,
    p_auto integer NOT NULL,
    p_human integer NOT NULL,
    g_valid integer NOT NULL,
    g_invalid integer NOT NULL,
    w_count integer NOT NULL,
    h_ok integer NOT NULL,
    h_missed integer NOT NULL,
    distance_m double precision NOT NULL,
    max_gap_s integer NOT NULL,
    exposure_min integer NOT NULL,
    watermark_at timestamptz,
    PRIMARY KEY (tenant_id, site_id, person_id, slot),
    CONSTRAINT w_count_is_legal CHECK (w_count >= 0)
) PARTITION BY RANGE (slot);
COMMENT ON TABLE ops.signal_window IS 'One row per person, site and 5-minute slot with any signal.';
COMMENT ON COLUMN ops.signal_window.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.signal_window.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.signal_window.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.signal_window.slot IS 'start of the 5 minutes';
COMMENT ON COLUMN ops.signal_window.p_auto IS 'automatic phone events and heartbeats';
COMMENT ON COLUMN ops.signal_window.p_human IS 'phone events a person caused';
COMMENT ON COLUMN ops.signal_window.g_valid IS 'valid positions';
COMMENT ON COLUMN ops.signal_window.g_invalid IS 'other positions';
COMMENT ON COLUMN ops.signal_window.w_count IS 'scans, finished tasks and reports';
COMMENT ON COLUMN ops.signal_window.h_ok IS 'welfare checks answered';
COMMENT ON COLUMN ops.signal_window.h_missed IS 'welfare checks missed or late';
COMMENT ON COLUMN ops.signal_window.distance_m IS 'way between valid positions no more than an hour apart, exact to 1 mm (metres)';
COMMENT ON COLUMN ops.signal_window.max_gap_s IS 'longest wait for a valid position that ended in the slot, 3600 at most (seconds)';
COMMENT ON COLUMN ops.signal_window.exposure_min IS 'minutes of the slot that exist (minutes)';
COMMENT ON COLUMN ops.signal_window.watermark_at IS 'until when the person''s device is known to have sent everything (UTC instant)';
CREATE TABLE ops.signal_window_default PARTITION OF ops.signal_window DEFAULT;
ALTER TABLE ops.signal_window_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.signal_window_default FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.metric_5m (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    metric text NOT NULL,
    slot timestamptz NOT NULL,
    n bigint NOT NULL,
    sum numeric(24,6) NOT NULL,
    sum_sq double precision NOT NULL,
    min numeric(24,6) NOT NULL,
    max numeric(24,6) NOT NULL,
    last numeric(24,6) NOT NULL,
    input_hash bigint NOT NULL,
    PRIMARY KEY (tenant_id, site_id, metric, slot)
);
COMMENT ON TABLE ops.metric_5m IS 'One row per site, metric and 5-minute slot.';
COMMENT ON COLUMN ops.metric_5m.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.metric_5m.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.metric_5m.metric IS 'name in the registry';
COMMENT ON COLUMN ops.metric_5m.slot IS 'start of the 5 minutes';
COMMENT ON COLUMN ops.metric_5m.n IS 'values aggregated';
COMMENT ON COLUMN ops.metric_5m.sum IS 'sum of the values, exact to 1e-6';
COMMENT ON COLUMN ops.metric_5m.sum_sq IS 'sum of their squares';
COMMENT ON COLUMN ops.metric_5m.min IS 'least value';
COMMENT ON COLUMN ops.metric_5m.max IS 'greatest value';
COMMENT ON COLUMN ops.metric_5m.last IS 'newest value';
COMMENT ON COLUMN ops.metric_5m.input_hash IS 'hash of the input set; equal inputs, equal hash';
CREATE INDEX metric_5m_slot_idx ON ops.metric_5m (tenant_id, slot);

CREATE TABLE ops.metric_1h (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    metric text NOT NULL,
    slot timestamptz NOT NULL,
    n bigint NOT NULL,
    sum numeric(24,6) NOT NULL,
    sum_sq double precision NOT NULL,
    min numeric(24,6) NOT NULL,
    max numeric(24,6) NOT NULL,
    last numeric(24,6) NOT NULL,
    input_hash bigint NOT NULL,
    PRIMARY KEY (tenant_id, site_id, metric, slot)
);
COMMENT ON TABLE ops.metric_1h IS 'One row per site, metric and UTC hour.';
COMMENT ON COLUMN ops.metric_1h.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.metric_1h.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.metric_1h.metric IS 'name in the registry';
COMMENT ON COLUMN ops.metric_1h.slot IS 'start of the hour';
COMMENT ON COLUMN ops.metric_1h.n IS 'values aggregated';
COMMENT ON COLUMN ops.metric_1h.sum IS 'sum of the values, exact to 1e-6';
COMMENT ON COLUMN ops.metric_1h.sum_sq IS 'sum of their squares';
COMMENT ON COLUMN ops.metric_1h.min IS 'least value';
COMMENT ON COLUMN ops.metric_1h.max IS 'greatest value';
COMMENT ON COLUMN ops.metric_1h.last IS 'newest value';
COMMENT ON COLUMN ops.metric_1h.input_hash IS 'hash of the input set; equal inputs, equal hash';
CREATE INDEX metric_1h_slot_idx ON ops.metric_1h (tenant_id, slot);

CREATE TABLE ops.metric_1d (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    metric text NOT NULL,
    local_date date NOT NULL,
    n bigint NOT NULL,
    sum numeric(24,6) NOT NULL,
    sum_sq double precision NOT NULL,
    min numeric(24,6) NOT NULL,
    max numeric(24,6) NOT NULL,
    last numeric(24,6) NOT NULL,
    input_hash bigint NOT NULL,
    PRIMARY KEY (tenant_id, site_id, metric, local_date)
);
COMMENT ON TABLE ops.metric_1d IS 'One row per site, metric and local day of the site.';
COMMENT ON COLUMN ops.metric_1d.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.metric_1d.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.metric_1d.metric IS 'name in the registry';
COMMENT ON COLUMN ops.metric_1d.local_date IS 'the site''s local day (date)';
COMMENT ON COLUMN ops.metric_1d.n IS 'values aggregated';
COMMENT ON COLUMN ops.metric_1d.sum IS 'sum of the values, exact to 1e-6';
COMMENT ON COLUMN ops.metric_1d.sum_sq IS 'sum of their squares';
COMMENT ON COLUMN ops.metric_1d.min IS 'least value';
COMMENT ON COLUMN ops.metric_1d.max IS 'greatest value';
COMMENT ON COLUMN ops.metric_1d.last IS 'newest value';
COMMENT ON COLUMN ops.metric_1d.input_hash IS 'hash of the input set; equal inputs, equal hash';
CREATE INDEX metric_1d_local_date_idx ON ops.metric_1d (tenant_id, local_date);

CREATE TABLE ops.dirty_slot (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    slot timestamptz NOT NULL,
    generation bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    PRIMARY KEY (tenant_id, site_id, slot)
);
COMMENT ON TABLE ops.dirty_slot IS 'One row per site and 5-minute slot whose derived rows are out of date.';
COMMENT ON COLUMN ops.dirty_slot.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.dirty_slot.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.dirty_slot.slot IS 'start of the 5 minutes';
COMMENT ON COLUMN ops.dirty_slot.generation IS 'grows with each mark, so that a mark made during a recomputation survives it';
CREATE INDEX dirty_slot_slot_idx ON ops.dirty_slot (tenant_id, slot);

CREATE TABLE ops.device_watermark (
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    boot_id uuid NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    seen_count bigint NOT NULL,
    queue_depth integer,
    heartbeat_at timestamptz,
    drained_at timestamptz,
    complete_until_at timestamptz,
    last_event_at timestamptz,
    PRIMARY KEY (tenant_id, device_id, boot_id),
    CONSTRAINT seen_count_is_legal CHECK (seen_count >= 0)
);
COMMENT ON TABLE ops.device_watermark IS 'One row per device and start of it, with how completely it has reported.';
COMMENT ON COLUMN ops.device_watermark.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.device_watermark.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.device_watermark.boot_id IS 'which start of the device counted the sequence';
COMMENT ON COLUMN ops.device_watermark.first_seq IS 'least number seen';
COMMENT ON COLUMN ops.device_watermark.last_seq IS 'greatest number seen';
COMMENT ON COLUMN ops.device_watermark.seen_count IS 'distinct numbers seen';
COMMENT ON COLUMN ops.device_watermark.queue_depth IS 'events still on the device, by its newest heartbeat';
COMMENT ON COLUMN ops.device_watermark.heartbeat_at IS 'newest heartbeat (UTC instant)';
COMMENT ON COLUMN ops.device_watermark.drained_at IS 'newest heartbeat with nothing left on the device (UTC instant)';
COMMENT ON COLUMN ops.device_watermark.complete_until_at IS 'until when everything is known to have arrived (UTC instant)';
COMMENT ON COLUMN ops.device_watermark.last_event_at IS 'newest event (UTC instant)';

CREATE TABLE ops.tenant_clock (
    tenant_id uuid NOT NULL,
    latest_event_time timestamptz NOT NULL,
    PRIMARY KEY (tenant_id)
);
COMMENT ON TABLE ops.tenant_clock IS 'One row per tenant with its data clock.';
COMMENT ON COLUMN ops.tenant_clock.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.tenant_clock.latest_event_time IS 'newest trusted event time (UTC instant)';

CREATE TABLE ops.ingest_batch (
    tenant_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    kind text NOT NULL,
    origin text NOT NULL,
    mapping text,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    state text NOT NULL,
    rows bigint NOT NULL,
    accepted bigint NOT NULL,
    duplicate bigint NOT NULL,
    quarantined bigint NOT NULL,
    first_event_time timestamptz,
    last_event_time timestamptz,
    error text,
    PRIMARY KEY (tenant_id, batch_id),
    CONSTRAINT kind_is_legal CHECK (kind IN ('live', 'import', 'replay')),
    CONSTRAINT state_is_legal CHECK (state IN ('running', 'done', 'failed'))
);
COMMENT ON TABLE ops.ingest_batch IS 'One row per delivery: what was tried, when, and how it went.';
COMMENT ON COLUMN ops.ingest_batch.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.ingest_batch.batch_id IS 'the delivery';
COMMENT ON COLUMN ops.ingest_batch.kind IS 'how it came in';
COMMENT ON COLUMN ops.ingest_batch.origin IS 'file name, endpoint or replay';
COMMENT ON COLUMN ops.ingest_batch.mapping IS 'mapping that was used';
COMMENT ON COLUMN ops.ingest_batch.started_at IS 'when it started (UTC instant)';
COMMENT ON COLUMN ops.ingest_batch.finished_at IS 'when it ended (UTC instant)';
COMMENT ON COLUMN ops.ingest_batch.state IS 'its state';
COMMENT ON COLUMN ops.ingest_batch.rows IS 'rows offered';
COMMENT ON COLUMN ops.ingest_batch.accepted IS 'events stored';
COMMENT ON COLUMN ops.ingest_batch.duplicate IS 'events already known';
COMMENT ON COLUMN ops.ingest_batch.quarantined IS 'events put aside';
COMMENT ON COLUMN ops.ingest_batch.first_event_time IS 'oldest accepted event (UTC instant)';
COMMENT ON COLUMN ops.ingest_batch.last_event_time IS 'newest accepted event (UTC instant)';
COMMENT ON COLUMN ops.ingest_batch.error IS 'why it failed';
CREATE INDEX ingest_batch_started_at_idx ON ops.ingest_batch (tenant_id, started_at);

CREATE TABLE ops.ingest_key (
    tenant_id uuid NOT NULL,
    source text NOT NULL,
    source_event_id text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    batch_id uuid NOT NULL,
    body_hash bigint NOT NULL,
    PRIMARY KEY (tenant_id, source, source_event_id)
);
COMMENT ON TABLE ops.ingest_key IS 'One row per accepted event: its identity.';
COMMENT ON COLUMN ops.ingest_key.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.ingest_key.source IS 'the device or system that sent it (CloudEvents source)';
COMMENT ON COLUMN ops.ingest_key.source_event_id IS 'the sender''s own id of the event (CloudEvents id)';
COMMENT ON COLUMN ops.ingest_key.event_id IS 'id computed from tenant, source and the sender''s id';
COMMENT ON COLUMN ops.ingest_key.type IS 'CloudEvents type';
COMMENT ON COLUMN ops.ingest_key.batch_id IS 'delivery that brought it';
COMMENT ON COLUMN ops.ingest_key.body_hash IS 'hash of the payload, to tell a repeat from a conflict';
CREATE INDEX ingest_key_event_id_idx ON ops.ingest_key (tenant_id, event_id);

CREATE TABLE ops.ingest_event (
    tenant_id uuid NOT NULL,
    event_id uuid NOT NULL,
    table_name text NOT NULL,
    entity_id uuid NOT NULL,
    site_id uuid,
    type text NOT NULL,
    source text NOT NULL,
    event_time timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    payload jsonb NOT NULL,
    batch_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
);
COMMENT ON TABLE ops.ingest_event IS 'One row per accepted change of a thing''s state: the journal that state rows are folded from.';
COMMENT ON COLUMN ops.ingest_event.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.ingest_event.event_id IS 'the event';
COMMENT ON COLUMN ops.ingest_event.table_name IS 'table whose row it changes';
COMMENT ON COLUMN ops.ingest_event.entity_id IS 'the thing that changed';
COMMENT ON COLUMN ops.ingest_event.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.ingest_event.type IS 'CloudEvents type';
COMMENT ON COLUMN ops.ingest_event.source IS 'the device or system that sent it (CloudEvents source)';
COMMENT ON COLUMN ops.ingest_event.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.ingest_event.received_at IS 'when the server received it (UTC instant)';
COMMENT ON COLUMN ops.ingest_event.payload IS 'the columns it carried';
COMMENT ON COLUMN ops.ingest_event.batch_id IS 'delivery that brought it';
CREATE INDEX ingest_event_entity_id_event_time_idx ON ops.ingest_event (tenant_id, entity_id, event_time);
CREATE INDEX ingest_event_table_name_event_time_idx ON ops.ingest_event (tenant_id, table_name, event_time);

CREATE TABLE ops.ingest_quarantine (
    tenant_id uuid NOT NULL,
    q_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    line_no bigint,
    source text,
    source_event_id text,
    type text,
    raw text NOT NULL,
    raw_bytes bigint NOT NULL,
    reason_code text NOT NULL,
    reason text NOT NULL,
    first_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    state text NOT NULL,
    resolver text,
    mapping text,
    received_at timestamptz,
    missing_table text,
    missing_id uuid,
    PRIMARY KEY (tenant_id, q_id),
    CONSTRAINT state_is_legal CHECK (state IN ('open', 'replayed', 'discarded'))
);
COMMENT ON TABLE ops.ingest_quarantine IS 'One row per event or line that was put aside, with the reason.';
COMMENT ON COLUMN ops.ingest_quarantine.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.ingest_quarantine.q_id IS 'the row put aside';
COMMENT ON COLUMN ops.ingest_quarantine.batch_id IS 'delivery that brought it';
COMMENT ON COLUMN ops.ingest_quarantine.line_no IS 'line of the file';
COMMENT ON COLUMN ops.ingest_quarantine.source IS 'the device or system that sent it (CloudEvents source)';
COMMENT ON COLUMN ops.ingest_quarantine.source_event_id IS 'the sender''s own id of the event (CloudEvents id)';
COMMENT ON COLUMN ops.ingest_quarantine.type IS 'CloudEvents type, when it was readable';
COMMENT ON COLUMN ops.ingest_quarantine.raw IS 'what was sent, cut at 64 KiB';
COMMENT ON COLUMN ops.ingest_quarantine.raw_bytes IS 'its whole length';
COMMENT ON COLUMN ops.ingest_quarantine.reason_code IS 'code of the reason';
COMMENT ON COLUMN ops.ingest_quarantine.reason IS 'the reason for people';
COMMENT ON COLUMN ops.ingest_quarantine.first_at IS 'when it was first put aside (UTC instant)';
COMMENT ON COLUMN ops.ingest_quarantine.attempts IS 'how often it was tried';
COMMENT ON COLUMN ops.ingest_quarantine.state IS 'its state';
COMMENT ON COLUMN ops.ingest_quarantine.resolver IS 'who or what settled it';
COMMENT ON COLUMN ops.ingest_quarantine.mapping IS 'mapping it was read with';
COMMENT ON COLUMN ops.ingest_quarantine.received_at IS 'when the server received it (UTC instant)';
COMMENT ON COLUMN ops.ingest_quarantine.missing_table IS 'table of the thing it refers to that nobody knows yet';
COMMENT ON COLUMN ops.ingest_quarantine.missing_id IS 'id of that thing; when it becomes known, the event is tried again';
CREATE INDEX ingest_quarantine_state_reason_code_idx ON ops.ingest_quarantine (tenant_id, state, reason_code);
CREATE INDEX ingest_quarantine_first_at_idx ON ops.ingest_quarantine (tenant_id, first_at);
CREATE INDEX ingest_quarantine_state_missing_table_missing_id_idx ON ops.ingest_quarantine (tenant_id, state, missing_table, missing_id);

CREATE TABLE ops.outbox (
    tenant_id uuid NOT NULL,
    outbox_id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL,
    topic text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    PRIMARY KEY (tenant_id, outbox_id)
);
COMMENT ON TABLE ops.outbox IS 'One row per message that another part of the product must see.';
COMMENT ON COLUMN ops.outbox.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.outbox.outbox_id IS 'order of writing';
COMMENT ON COLUMN ops.outbox.topic IS 'what it is about';
COMMENT ON COLUMN ops.outbox.payload IS 'the message';
COMMENT ON COLUMN ops.outbox.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.outbox.published_at IS 'when it was passed on (UTC instant)';
CREATE INDEX outbox_published_at_idx ON ops.outbox (tenant_id, published_at);

CREATE TABLE ops.event_log (
    tenant_id uuid NOT NULL,
    tenant_seq bigint NOT NULL,
    event_time timestamptz NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    payload_hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, tenant_seq, event_time)
) PARTITION BY RANGE (event_time);
COMMENT ON TABLE ops.event_log IS 'One row per message of the tenant''s ordered feed.';
COMMENT ON COLUMN ops.event_log.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.event_log.tenant_seq IS 'the tenant''s own order';
COMMENT ON COLUMN ops.event_log.event_time IS 'when it happened, by the device''s or system''s own clock (UTC instant)';
COMMENT ON COLUMN ops.event_log.kind IS 'what happened';
COMMENT ON COLUMN ops.event_log.payload IS 'the message';
COMMENT ON COLUMN ops.event_log.payload_hash IS 'hash of the message';
CREATE TABLE ops.event_log_default PARTITION OF ops.event_log DEFAULT;
ALTER TABLE ops.event_log_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.event_log_default FORCE ROW LEVEL SECURITY;

CREATE TABLE ops.idempotency_record (
    tenant_id uuid NOT NULL,
    idempotency_key text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    body_hash bytea NOT NULL,
    status_code integer,
    response jsonb,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, idempotency_key)
);
COMMENT ON TABLE ops.idempotency_record IS 'One row per idempotency key of an unsafe request.';
COMMENT ON COLUMN ops.idempotency_record.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.idempotency_record.idempotency_key IS 'the client''s key';
COMMENT ON COLUMN ops.idempotency_record.method IS 'HTTP method';
COMMENT ON COLUMN ops.idempotency_record.path IS 'address';
COMMENT ON COLUMN ops.idempotency_record.body_hash IS 'hash of the request';
COMMENT ON COLUMN ops.idempotency_record.status_code IS 'answer''s status';
COMMENT ON COLUMN ops.idempotency_record.response IS 'answer''s body';
COMMENT ON COLUMN ops.idempotency_record.expires_at IS 'until when it is kept (UTC instant)';

CREATE TABLE ops.audit_log (
    tenant_id uuid NOT NULL,
    audit_seq bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object_ref text NOT NULL,
    before_hash bytea,
    after_hash bytea,
    done_at timestamptz NOT NULL,
    prev_hash bytea,
    hash bytea,
    PRIMARY KEY (tenant_id, audit_seq)
);
COMMENT ON TABLE ops.audit_log IS 'One row per change that somebody must be able to account for.';
COMMENT ON COLUMN ops.audit_log.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.audit_log.audit_seq IS 'the tenant''s own order';
COMMENT ON COLUMN ops.audit_log.actor IS 'who did it';
COMMENT ON COLUMN ops.audit_log.action IS 'what was done';
COMMENT ON COLUMN ops.audit_log.object_ref IS 'what it was done to';
COMMENT ON COLUMN ops.audit_log.before_hash IS 'hash of the state before';
COMMENT ON COLUMN ops.audit_log.after_hash IS 'hash of the state after';
COMMENT ON COLUMN ops.audit_log.done_at IS 'when it was done (UTC instant)';
COMMENT ON COLUMN ops.audit_log.prev_hash IS 'hash of the entry before';
COMMENT ON COLUMN ops.audit_log.hash IS 'hash of this entry with the one before';

CREATE TABLE ops.lake_file (
    tenant_id uuid NOT NULL,
    table_name text NOT NULL,
    day date NOT NULL,
    part integer NOT NULL,
    path text NOT NULL,
    row_count bigint NOT NULL,
    byte_count bigint NOT NULL,
    content_hash bytea NOT NULL,
    archived_at timestamptz NOT NULL,
    verified_at timestamptz,
    PRIMARY KEY (tenant_id, table_name, day, part),
    CONSTRAINT row_count_is_legal CHECK (row_count >= 0),
    CONSTRAINT byte_count_is_legal CHECK (byte_count >= 0)
);
COMMENT ON TABLE ops.lake_file IS 'One row per file of the lake.';
COMMENT ON COLUMN ops.lake_file.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.lake_file.table_name IS 'table whose rows it holds';
COMMENT ON COLUMN ops.lake_file.day IS 'UTC day of the rows';
COMMENT ON COLUMN ops.lake_file.part IS '0 for the archive of the day, more for what came later';
COMMENT ON COLUMN ops.lake_file.path IS 'place in the lake';
COMMENT ON COLUMN ops.lake_file.row_count IS 'rows in it';
COMMENT ON COLUMN ops.lake_file.byte_count IS 'size of it';
COMMENT ON COLUMN ops.lake_file.content_hash IS 'SHA-256 of the file';
COMMENT ON COLUMN ops.lake_file.archived_at IS 'when it was written (UTC instant)';
COMMENT ON COLUMN ops.lake_file.verified_at IS 'when it was read back and found equal (UTC instant)';

CREATE TABLE ops.retention_policy (
    tenant_id uuid NOT NULL,
    record_type text NOT NULL,
    days integer NOT NULL,
    basis text NOT NULL,
    PRIMARY KEY (tenant_id, record_type)
);
COMMENT ON TABLE ops.retention_policy IS 'One row per kind of record and how long it is kept.';
COMMENT ON COLUMN ops.retention_policy.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.retention_policy.record_type IS 'table, or metric resolution';
COMMENT ON COLUMN ops.retention_policy.days IS 'days it is kept';
COMMENT ON COLUMN ops.retention_policy.basis IS 'why that long';

CREATE TABLE ops.legal_hold (
    tenant_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    record_type text,
    from_at timestamptz,
    to_at timestamptz,
    reason text NOT NULL,
    released_at timestamptz,
    PRIMARY KEY (tenant_id, hold_id)
);
COMMENT ON TABLE ops.legal_hold IS 'One row per order not to delete.';
COMMENT ON COLUMN ops.legal_hold.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.legal_hold.hold_id IS 'the order';
COMMENT ON COLUMN ops.legal_hold.record_type IS 'table it covers; all when missing';
COMMENT ON COLUMN ops.legal_hold.from_at IS 'start of the interval, inclusive (UTC instant)';
COMMENT ON COLUMN ops.legal_hold.to_at IS 'end of the interval, exclusive; open when missing (UTC instant)';
COMMENT ON COLUMN ops.legal_hold.reason IS 'why';
COMMENT ON COLUMN ops.legal_hold.released_at IS 'when it ended (UTC instant)';

CREATE TABLE ops.retention_run (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    record_type text NOT NULL,
    day date NOT NULL,
    decided_at timestamptz NOT NULL,
    deleted_count bigint NOT NULL,
    verdict text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (tenant_id, run_id),
    CONSTRAINT deleted_count_is_legal CHECK (deleted_count >= 0),
    CONSTRAINT verdict_is_legal CHECK (verdict IN ('deleted', 'kept_unverified', 'kept_on_hold'))
);
COMMENT ON TABLE ops.retention_run IS 'One row per day of records that retention deleted or refused to delete.';
COMMENT ON COLUMN ops.retention_run.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.retention_run.run_id IS 'the decision';
COMMENT ON COLUMN ops.retention_run.record_type IS 'table or resolution';
COMMENT ON COLUMN ops.retention_run.day IS 'UTC day of the records';
COMMENT ON COLUMN ops.retention_run.decided_at IS 'when it was decided (UTC instant)';
COMMENT ON COLUMN ops.retention_run.deleted_count IS 'rows deleted';
COMMENT ON COLUMN ops.retention_run.verdict IS 'what was decided';
COMMENT ON COLUMN ops.retention_run.reason IS 'why';

CREATE TABLE ops.quality_result (
    tenant_id uuid NOT NULL,
    table_name text NOT NULL,
    check_name text NOT NULL,
    day date NOT NULL,
    from_date date NOT NULL,
    passed boolean NOT NULL,
    examined_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    sample jsonb,
    ran_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, table_name, check_name, day),
    CONSTRAINT examined_count_is_legal CHECK (examined_count >= 0),
    CONSTRAINT failed_count_is_legal CHECK (failed_count >= 0)
);
COMMENT ON TABLE ops.quality_result IS 'One row per table, rule and UTC day: the newest verdict of the quality suites.';
COMMENT ON COLUMN ops.quality_result.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.quality_result.table_name IS 'table whose rows were examined';
COMMENT ON COLUMN ops.quality_result.check_name IS 'rule of the suite';
COMMENT ON COLUMN ops.quality_result.day IS 'last UTC day of the rows examined';
COMMENT ON COLUMN ops.quality_result.from_date IS 'first UTC day of the rows examined (date)';
COMMENT ON COLUMN ops.quality_result.passed IS 'every row examined keeps the rule, or enough of them where the rule says so';
COMMENT ON COLUMN ops.quality_result.examined_count IS 'rows examined';
COMMENT ON COLUMN ops.quality_result.failed_count IS 'rows that break the rule';
COMMENT ON COLUMN ops.quality_result.sample IS 'a few of the values that break it';
COMMENT ON COLUMN ops.quality_result.ran_at IS 'when they were examined (UTC instant)';
CREATE INDEX quality_result_ran_at_idx ON ops.quality_result (tenant_id, ran_at);

CREATE TABLE ops.pipeline_failure (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    job text NOT NULL,
    step text,
    reason text NOT NULL,
    failed_at timestamptz NOT NULL,
    from_date date,
    until_date date,
    PRIMARY KEY (tenant_id, run_id)
);
COMMENT ON TABLE ops.pipeline_failure IS 'One row per tenant and pipeline run that failed.';
COMMENT ON COLUMN ops.pipeline_failure.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.pipeline_failure.run_id IS 'the run, as Dagster knows it';
COMMENT ON COLUMN ops.pipeline_failure.job IS 'which job';
COMMENT ON COLUMN ops.pipeline_failure.step IS 'step that failed; missing when the run itself died';
COMMENT ON COLUMN ops.pipeline_failure.reason IS 'what went wrong';
COMMENT ON COLUMN ops.pipeline_failure.failed_at IS 'when it failed (UTC instant)';
COMMENT ON COLUMN ops.pipeline_failure.from_date IS 'first UTC day that the run was to compute (date)';
COMMENT ON COLUMN ops.pipeline_failure.until_date IS 'last UTC day that the run was to compute (date)';
CREATE INDEX pipeline_failure_failed_at_idx ON ops.pipeline_failure (tenant_id, failed_at);

CREATE TABLE ops.holiday (
    tenant_id uuid NOT NULL,
    holiday_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    holiday_on date,
    name text,
    kind text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, holiday_id),
    CONSTRAINT kind_is_legal CHECK (kind IN ('public', 'client', 'closed', 'half_day')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, calendar_id) REFERENCES ops.calendar (tenant_id, calendar_id)
);
COMMENT ON TABLE ops.holiday IS 'One row per calendar and day that is not an ordinary day.';
COMMENT ON COLUMN ops.holiday.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.holiday.holiday_id IS 'the holiday';
COMMENT ON COLUMN ops.holiday.calendar_id IS 'the calendar it changes';
COMMENT ON COLUMN ops.holiday.holiday_on IS 'the local day (date)';
COMMENT ON COLUMN ops.holiday.name IS 'its name for people';
COMMENT ON COLUMN ops.holiday.kind IS 'what kind of day it is';
COMMENT ON COLUMN ops.holiday.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.holiday.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.holiday.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.holiday.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.holiday.row_version IS 'how often the row was written';

CREATE TABLE ops.sla_policy (
    tenant_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    code text NOT NULL,
    name text,
    calendar_id uuid,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, policy_id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, calendar_id) REFERENCES ops.calendar (tenant_id, calendar_id)
);
COMMENT ON TABLE ops.sla_policy IS 'One row per set of promises on service times.';
COMMENT ON COLUMN ops.sla_policy.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.sla_policy.policy_id IS 'the policy';
COMMENT ON COLUMN ops.sla_policy.code IS 'short code, unique in the tenant';
COMMENT ON COLUMN ops.sla_policy.name IS 'its name for people';
COMMENT ON COLUMN ops.sla_policy.calendar_id IS 'hours that count, for priorities that do not run 24/7';
COMMENT ON COLUMN ops.sla_policy.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.sla_policy.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.sla_policy.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.sla_policy.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.sla_policy.row_version IS 'how often the row was written';

CREATE TABLE ops.escalation_step (
    tenant_id uuid NOT NULL,
    step_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    order_no integer,
    wait_min integer,
    target text,
    target_ref text,
    channel text,
    min_severity text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, step_id),
    CONSTRAINT target_is_legal CHECK (target IN ('role', 'on_call_schedule', 'person', 'client_contact')),
    CONSTRAINT channel_is_legal CHECK (channel IN ('push', 'sms', 'call', 'email')),
    CONSTRAINT min_severity_is_legal CHECK (min_severity IN ('INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES ops.escalation_policy (tenant_id, policy_id)
);
COMMENT ON TABLE ops.escalation_step IS 'One row per step of a chain.';
COMMENT ON COLUMN ops.escalation_step.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.escalation_step.step_id IS 'the step';
COMMENT ON COLUMN ops.escalation_step.policy_id IS 'the chain';
COMMENT ON COLUMN ops.escalation_step.order_no IS 'place in the chain';
COMMENT ON COLUMN ops.escalation_step.wait_min IS 'time before the next step (minutes)';
COMMENT ON COLUMN ops.escalation_step.target IS 'kind of target';
COMMENT ON COLUMN ops.escalation_step.target_ref IS 'which role, schedule or person';
COMMENT ON COLUMN ops.escalation_step.channel IS 'by what means';
COMMENT ON COLUMN ops.escalation_step.min_severity IS 'least severity that takes the step';
COMMENT ON COLUMN ops.escalation_step.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.escalation_step.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.escalation_step.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.escalation_step.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.escalation_step.row_version IS 'how often the row was written';

CREATE TABLE ops.client (
    tenant_id uuid NOT NULL,
    client_id uuid NOT NULL,
    code text NOT NULL,
    name text,
    tier text,
    contract_no text,
    contract_from_on date,
    contract_to_on date,
    sla_policy_id uuid,
    penalty_terms jsonb,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, client_id),
    UNIQUE (tenant_id, code),
    CONSTRAINT tier_is_legal CHECK (tier IN ('basic', 'standard', 'premium', 'vip')),
    CONSTRAINT status_is_legal CHECK (status IN ('prospect', 'active', 'on_hold', 'ended')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, sla_policy_id) REFERENCES ops.sla_policy (tenant_id, policy_id)
);
COMMENT ON TABLE ops.client IS 'One row per client of the guarding company.';
COMMENT ON COLUMN ops.client.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.client.client_id IS 'the client that buys the service';
COMMENT ON COLUMN ops.client.code IS 'short code, unique in the tenant';
COMMENT ON COLUMN ops.client.name IS 'its name for people';
COMMENT ON COLUMN ops.client.tier IS 'service level bought';
COMMENT ON COLUMN ops.client.contract_no IS 'contract number';
COMMENT ON COLUMN ops.client.contract_from_on IS 'first day of the contract (date)';
COMMENT ON COLUMN ops.client.contract_to_on IS 'last day of the contract (date)';
COMMENT ON COLUMN ops.client.sla_policy_id IS 'promises made to it';
COMMENT ON COLUMN ops.client.penalty_terms IS 'penalties agreed, with schema_version';
COMMENT ON COLUMN ops.client.status IS 'its state';
COMMENT ON COLUMN ops.client.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.client.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.client.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.client.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.client.row_version IS 'how often the row was written';

CREATE TABLE ops.sla_target (
    tenant_id uuid NOT NULL,
    target_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    priority text,
    category text,
    first_response_min integer,
    update_min integer,
    resolve_min integer,
    at_risk_pct real,
    round_the_clock boolean,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, target_id),
    CONSTRAINT priority_is_legal CHECK (priority IN ('P1', 'P2', 'P3', 'P4')),
    CONSTRAINT at_risk_pct_is_legal CHECK (at_risk_pct BETWEEN 0 AND 100),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES ops.sla_policy (tenant_id, policy_id)
);
COMMENT ON TABLE ops.sla_target IS 'One row per policy and priority.';
COMMENT ON COLUMN ops.sla_target.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.sla_target.target_id IS 'the promise';
COMMENT ON COLUMN ops.sla_target.policy_id IS 'the policy';
COMMENT ON COLUMN ops.sla_target.priority IS 'P1 emergency, P2 urgent, P3 routine, P4 planned';
COMMENT ON COLUMN ops.sla_target.category IS 'category it is limited to';
COMMENT ON COLUMN ops.sla_target.first_response_min IS 'promised first answer (minutes)';
COMMENT ON COLUMN ops.sla_target.update_min IS 'promised interval of updates (minutes)';
COMMENT ON COLUMN ops.sla_target.resolve_min IS 'promised solution (minutes)';
COMMENT ON COLUMN ops.sla_target.at_risk_pct IS 'share of the target at which it is at risk (percent 0-100)';
COMMENT ON COLUMN ops.sla_target.round_the_clock IS 'counts 24/7 instead of the calendar''s hours';
COMMENT ON COLUMN ops.sla_target.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.sla_target.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.sla_target.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.sla_target.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.sla_target.row_version IS 'how often the row was written';

CREATE TABLE ops.site (
    tenant_id uuid NOT NULL,
    site_id uuid NOT NULL,
    client_id uuid,
    calendar_id uuid,
    code text NOT NULL,
    name text,
    archetype text,
    lat double precision,
    lon double precision,
    tz text,
    region text,
    network_operator text,
    power_feeder text,
    risk_tier integer,
    criticality integer,
    gps_expectation text,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, site_id),
    UNIQUE (tenant_id, code),
    CONSTRAINT archetype_is_legal CHECK (archetype IN ('office', 'warehouse', 'hospital', 'mall', 'construction', 'residential', 'bank_atm', 'data_centre', 'factory', 'campus', 'event')),
    CONSTRAINT lat_is_legal CHECK (lat BETWEEN -90 AND 90),
    CONSTRAINT lon_is_legal CHECK (lon BETWEEN -180 AND 180),
    CONSTRAINT risk_tier_is_legal CHECK (risk_tier BETWEEN 1 AND 5),
    CONSTRAINT criticality_is_legal CHECK (criticality BETWEEN 1 AND 5),
    CONSTRAINT gps_expectation_is_legal CHECK (gps_expectation IN ('good', 'degraded', 'none')),
    CONSTRAINT status_is_legal CHECK (status IN ('onboarding', 'active', 'suspended', 'closed')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES ops.client (tenant_id, client_id),
    FOREIGN KEY (tenant_id, calendar_id) REFERENCES ops.calendar (tenant_id, calendar_id)
);
COMMENT ON TABLE ops.site IS 'One row per guarded site.';
COMMENT ON COLUMN ops.site.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.site.site_id IS 'the site';
COMMENT ON COLUMN ops.site.client_id IS 'the client that buys the service';
COMMENT ON COLUMN ops.site.calendar_id IS 'its business calendar';
COMMENT ON COLUMN ops.site.code IS 'short code, unique in the tenant';
COMMENT ON COLUMN ops.site.name IS 'its name for people';
COMMENT ON COLUMN ops.site.archetype IS 'what kind of place it is';
COMMENT ON COLUMN ops.site.lat IS 'latitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.site.lon IS 'longitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.site.tz IS 'IANA zone; decides local days, hours of week and SLA';
COMMENT ON COLUMN ops.site.region IS 'region of the company';
COMMENT ON COLUMN ops.site.network_operator IS 'mobile operator that covers it';
COMMENT ON COLUMN ops.site.power_feeder IS 'power feeder it hangs on';
COMMENT ON COLUMN ops.site.risk_tier IS 'risk, 5 highest';
COMMENT ON COLUMN ops.site.criticality IS 'importance to the client, 5 highest';
COMMENT ON COLUMN ops.site.gps_expectation IS 'what position quality to expect there';
COMMENT ON COLUMN ops.site.status IS 'its state';
COMMENT ON COLUMN ops.site.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.site.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.site.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.site.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.site.row_version IS 'how often the row was written';

CREATE TABLE ops.zone (
    tenant_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    site_id uuid NOT NULL,
    name text,
    indoor boolean,
    floor integer,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, zone_id),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id)
);
COMMENT ON TABLE ops.zone IS 'One row per zone of a site.';
COMMENT ON COLUMN ops.zone.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.zone.zone_id IS 'the zone of the site';
COMMENT ON COLUMN ops.zone.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.zone.name IS 'its name for people';
COMMENT ON COLUMN ops.zone.indoor IS 'under a roof, where positions are poor';
COMMENT ON COLUMN ops.zone.floor IS 'storey';
COMMENT ON COLUMN ops.zone.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.zone.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.zone.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.zone.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.zone.row_version IS 'how often the row was written';

CREATE TABLE ops.geofence (
    tenant_id uuid NOT NULL,
    geofence_id uuid NOT NULL,
    site_id uuid NOT NULL,
    kind text,
    shape text,
    lat double precision,
    lon double precision,
    radius_m real,
    polygon jsonb,
    buffer_m real,
    valid_from timestamptz,
    valid_to timestamptz,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, geofence_id),
    CONSTRAINT kind_is_legal CHECK (kind IN ('site', 'zone', 'exclusion', 'checkpoint')),
    CONSTRAINT shape_is_legal CHECK (shape IN ('circle', 'polygon')),
    CONSTRAINT lat_is_legal CHECK (lat BETWEEN -90 AND 90),
    CONSTRAINT lon_is_legal CHECK (lon BETWEEN -180 AND 180),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id)
);
COMMENT ON TABLE ops.geofence IS 'One row per fence of a site.';
COMMENT ON COLUMN ops.geofence.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.geofence.geofence_id IS 'the fence';
COMMENT ON COLUMN ops.geofence.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.geofence.kind IS 'what it encloses';
COMMENT ON COLUMN ops.geofence.shape IS 'how it is drawn';
COMMENT ON COLUMN ops.geofence.lat IS 'latitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.geofence.lon IS 'longitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.geofence.radius_m IS 'radius of a circle (metres)';
COMMENT ON COLUMN ops.geofence.polygon IS 'ring of [lon, lat] pairs';
COMMENT ON COLUMN ops.geofence.buffer_m IS 'distance beyond the edge that still counts as uncertain (metres)';
COMMENT ON COLUMN ops.geofence.valid_from IS 'in force from';
COMMENT ON COLUMN ops.geofence.valid_to IS 'in force until, exclusive; open when missing';
COMMENT ON COLUMN ops.geofence.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.geofence.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.geofence.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.geofence.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.geofence.row_version IS 'how often the row was written';

CREATE TABLE ops.person (
    tenant_id uuid NOT NULL,
    person_id uuid NOT NULL,
    employee_no text NOT NULL,
    initials text,
    role text,
    hired_on date,
    left_on date,
    supervisor_id uuid,
    home_site_id uuid,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, person_id),
    UNIQUE (tenant_id, employee_no),
    CONSTRAINT role_is_legal CHECK (role IN ('guard', 'supervisor', 'area_officer', 'controller', 'technician', 'logistics', 'compliance', 'ops_manager', 'senior_manager', 'client_contact')),
    CONSTRAINT status_is_legal CHECK (status IN ('applicant', 'active', 'suspended', 'left')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, home_site_id) REFERENCES ops.site (tenant_id, site_id)
);
COMMENT ON TABLE ops.person IS 'One row per person who works for or with the company.';
COMMENT ON COLUMN ops.person.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.person.person_id IS 'the person';
COMMENT ON COLUMN ops.person.employee_no IS 'personnel number, unique in the tenant';
COMMENT ON COLUMN ops.person.initials IS 'what operators see instead of a name';
COMMENT ON COLUMN ops.person.role IS 'what the person does';
COMMENT ON COLUMN ops.person.hired_on IS 'first day of work (date)';
COMMENT ON COLUMN ops.person.left_on IS 'last day of work (date)';
COMMENT ON COLUMN ops.person.supervisor_id IS 'who leads the person';
COMMENT ON COLUMN ops.person.home_site_id IS 'usual site';
COMMENT ON COLUMN ops.person.status IS 'its state';
COMMENT ON COLUMN ops.person.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.person.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.person.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.person.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.person.row_version IS 'how often the row was written';

CREATE TABLE ops.tour_template (
    tenant_id uuid NOT NULL,
    tour_id uuid NOT NULL,
    site_id uuid NOT NULL,
    name text,
    kind text,
    planned_min integer,
    min_leg_s integer,
    mandatory boolean,
    version text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, tour_id),
    CONSTRAINT kind_is_legal CHECK (kind IN ('fixed_order', 'any_order', 'random', 'fire_watch', 'mobile')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id)
);
COMMENT ON TABLE ops.tour_template IS 'One row per tour that a site plans.';
COMMENT ON COLUMN ops.tour_template.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.tour_template.tour_id IS 'the planned tour';
COMMENT ON COLUMN ops.tour_template.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.tour_template.name IS 'its name for people';
COMMENT ON COLUMN ops.tour_template.kind IS 'how it is walked';
COMMENT ON COLUMN ops.tour_template.planned_min IS 'time it should take (minutes)';
COMMENT ON COLUMN ops.tour_template.min_leg_s IS 'least honest time between two checkpoints (seconds)';
COMMENT ON COLUMN ops.tour_template.mandatory IS 'may not be skipped';
COMMENT ON COLUMN ops.tour_template.version IS 'its version';
COMMENT ON COLUMN ops.tour_template.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.tour_template.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.tour_template.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.tour_template.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.tour_template.row_version IS 'how often the row was written';

CREATE TABLE ops.visitor_visit (
    tenant_id uuid NOT NULL,
    visit_id uuid NOT NULL,
    site_id uuid,
    person_hash bytea,
    host_ref text,
    in_at timestamptz,
    out_at timestamptz,
    vehicle_hash bytea,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, visit_id),
    CONSTRAINT status_is_legal CHECK (status IN ('expected', 'in', 'out', 'denied', 'overstay')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id)
);
COMMENT ON TABLE ops.visitor_visit IS 'One row per visit of a stranger.';
COMMENT ON COLUMN ops.visitor_visit.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.visitor_visit.visit_id IS 'the visit';
COMMENT ON COLUMN ops.visitor_visit.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.visitor_visit.person_hash IS 'keyed hash of the visitor';
COMMENT ON COLUMN ops.visitor_visit.host_ref IS 'who is visited';
COMMENT ON COLUMN ops.visitor_visit.in_at IS 'when the visitor came (UTC instant)';
COMMENT ON COLUMN ops.visitor_visit.out_at IS 'when the visitor left (UTC instant)';
COMMENT ON COLUMN ops.visitor_visit.vehicle_hash IS 'keyed hash of the number plate';
COMMENT ON COLUMN ops.visitor_visit.status IS 'its state';
COMMENT ON COLUMN ops.visitor_visit.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.visitor_visit.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.visitor_visit.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.visitor_visit.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.visitor_visit.row_version IS 'how often the row was written';
CREATE INDEX visitor_visit_site_id_in_at_idx ON ops.visitor_visit (tenant_id, site_id, in_at);

CREATE TABLE ops.escalation_run (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    site_id uuid,
    subject_kind text,
    subject_ref text,
    policy_snapshot jsonb,
    step integer,
    next_step_at timestamptz,
    state text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, run_id),
    CONSTRAINT subject_kind_is_legal CHECK (subject_kind IN ('alert', 'ticket', 'panic')),
    CONSTRAINT state_is_legal CHECK (state IN ('running', 'acknowledged', 'exhausted', 'stopped', 'failed')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id)
);
COMMENT ON TABLE ops.escalation_run IS 'One row per running or ended escalation.';
COMMENT ON COLUMN ops.escalation_run.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.escalation_run.run_id IS 'the escalation';
COMMENT ON COLUMN ops.escalation_run.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.escalation_run.subject_kind IS 'what is escalated';
COMMENT ON COLUMN ops.escalation_run.subject_ref IS 'which alert, ticket or call';
COMMENT ON COLUMN ops.escalation_run.policy_snapshot IS 'the chain as it was at the start';
COMMENT ON COLUMN ops.escalation_run.step IS 'step reached';
COMMENT ON COLUMN ops.escalation_run.next_step_at IS 'when the next step is due (UTC instant)';
COMMENT ON COLUMN ops.escalation_run.state IS 'its state';
COMMENT ON COLUMN ops.escalation_run.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.escalation_run.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.escalation_run.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.escalation_run.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.escalation_run.row_version IS 'how often the row was written';

CREATE TABLE ops.post (
    tenant_id uuid NOT NULL,
    post_id uuid NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid,
    name text,
    kind text,
    must_man boolean,
    armed boolean,
    lone boolean,
    gps_expected boolean,
    work_expected boolean,
    post_orders_version text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, post_id),
    CONSTRAINT kind_is_legal CHECK (kind IN ('static', 'gate', 'patrol', 'reception', 'control_room', 'mobile')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES ops.zone (tenant_id, zone_id)
);
COMMENT ON TABLE ops.post IS 'One row per post to be manned at a site.';
COMMENT ON COLUMN ops.post.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.post.post_id IS 'the post of the site';
COMMENT ON COLUMN ops.post.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.post.zone_id IS 'the zone of the site';
COMMENT ON COLUMN ops.post.name IS 'its name for people';
COMMENT ON COLUMN ops.post.kind IS 'what the guard does there';
COMMENT ON COLUMN ops.post.must_man IS 'may never be empty by contract';
COMMENT ON COLUMN ops.post.armed IS 'the guard is armed';
COMMENT ON COLUMN ops.post.lone IS 'the guard works alone';
COMMENT ON COLUMN ops.post.gps_expected IS 'positions are expected from it';
COMMENT ON COLUMN ops.post.work_expected IS 'scans and tasks are expected from it';
COMMENT ON COLUMN ops.post.post_orders_version IS 'version of the assignment instructions';
COMMENT ON COLUMN ops.post.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.post.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.post.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.post.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.post.row_version IS 'how often the row was written';

CREATE TABLE ops.person_pii (
    tenant_id uuid NOT NULL,
    person_id uuid NOT NULL,
    full_name text,
    phone text,
    email text,
    birth_date date,
    id_number_enc bytea,
    address_enc bytea,
    photo_ref text,
    face_template_ref text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, person_id),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.person_pii IS 'One row per person with what identifies them; separate grants.';
COMMENT ON COLUMN ops.person_pii.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.person_pii.person_id IS 'the person';
COMMENT ON COLUMN ops.person_pii.full_name IS 'name';
COMMENT ON COLUMN ops.person_pii.phone IS 'telephone number';
COMMENT ON COLUMN ops.person_pii.email IS 'mail address';
COMMENT ON COLUMN ops.person_pii.birth_date IS 'date of birth (date)';
COMMENT ON COLUMN ops.person_pii.id_number_enc IS 'identity number, encrypted';
COMMENT ON COLUMN ops.person_pii.address_enc IS 'home address, encrypted';
COMMENT ON COLUMN ops.person_pii.photo_ref IS 'pointer to the photograph';
COMMENT ON COLUMN ops.person_pii.face_template_ref IS 'pointer to the biometric template';
COMMENT ON COLUMN ops.person_pii.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.person_pii.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.person_pii.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.person_pii.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.person_pii.row_version IS 'how often the row was written';

CREATE TABLE ops.qualification (
    tenant_id uuid NOT NULL,
    qual_id uuid NOT NULL,
    person_id uuid NOT NULL,
    type text,
    issued_on date,
    expires_on date,
    class_hours integer,
    field_hours integer,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, qual_id),
    CONSTRAINT status_is_legal CHECK (status IN ('valid', 'expiring', 'expired', 'revoked')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.qualification IS 'One row per qualification that a person holds.';
COMMENT ON COLUMN ops.qualification.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.qualification.qual_id IS 'the qualification held';
COMMENT ON COLUMN ops.qualification.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.qualification.type IS 'what it allows';
COMMENT ON COLUMN ops.qualification.issued_on IS 'day of issue (date)';
COMMENT ON COLUMN ops.qualification.expires_on IS 'last valid day (date)';
COMMENT ON COLUMN ops.qualification.class_hours IS 'hours of class training';
COMMENT ON COLUMN ops.qualification.field_hours IS 'hours of field training';
COMMENT ON COLUMN ops.qualification.status IS 'its state';
COMMENT ON COLUMN ops.qualification.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.qualification.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.qualification.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.qualification.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.qualification.row_version IS 'how often the row was written';

CREATE TABLE ops.availability (
    tenant_id uuid NOT NULL,
    availability_id uuid NOT NULL,
    person_id uuid NOT NULL,
    rrule text,
    from_at timestamptz,
    to_at timestamptz,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, availability_id),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.availability IS 'One row per recurring period in which a person can work.';
COMMENT ON COLUMN ops.availability.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.availability.availability_id IS 'the period';
COMMENT ON COLUMN ops.availability.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.availability.rrule IS 'RFC 5545 recurrence';
COMMENT ON COLUMN ops.availability.from_at IS 'start of the interval, inclusive (UTC instant)';
COMMENT ON COLUMN ops.availability.to_at IS 'end of the interval, exclusive; open when missing (UTC instant)';
COMMENT ON COLUMN ops.availability.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.availability.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.availability.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.availability.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.availability.row_version IS 'how often the row was written';

CREATE TABLE ops.leave_request (
    tenant_id uuid NOT NULL,
    leave_id uuid NOT NULL,
    person_id uuid NOT NULL,
    from_at timestamptz,
    to_at timestamptz,
    kind text,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, leave_id),
    CONSTRAINT status_is_legal CHECK (status IN ('requested', 'approved', 'rejected', 'cancelled')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.leave_request IS 'One row per leave that a person asked for.';
COMMENT ON COLUMN ops.leave_request.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.leave_request.leave_id IS 'the request';
COMMENT ON COLUMN ops.leave_request.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.leave_request.from_at IS 'start of the interval, inclusive (UTC instant)';
COMMENT ON COLUMN ops.leave_request.to_at IS 'end of the interval, exclusive; open when missing (UTC instant)';
COMMENT ON COLUMN ops.leave_request.kind IS 'holiday, sickness, training …';
COMMENT ON COLUMN ops.leave_request.status IS 'its state';
COMMENT ON COLUMN ops.leave_request.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.leave_request.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.leave_request.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.leave_request.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.leave_request.row_version IS 'how often the row was written';

CREATE TABLE ops.welfare_check (
    tenant_id uuid NOT NULL,
    check_id uuid NOT NULL,
    site_id uuid,
    person_id uuid,
    assignment_id uuid,
    due_at timestamptz,
    opens_at timestamptz,
    closes_at timestamptz,
    method text,
    answered_at timestamptz,
    attempts integer,
    result text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, check_id),
    CONSTRAINT method_is_legal CHECK (method IN ('app', 'call', 'nfc', 'ivr')),
    CONSTRAINT result_is_legal CHECK (result IN ('pending', 'ok', 'late', 'missed', 'duress', 'cancelled')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.welfare_check IS 'One row per check call that is due.';
COMMENT ON COLUMN ops.welfare_check.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.welfare_check.check_id IS 'the check';
COMMENT ON COLUMN ops.welfare_check.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.welfare_check.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.welfare_check.assignment_id IS 'the shift assignment it belongs to';
COMMENT ON COLUMN ops.welfare_check.due_at IS 'when it is due (UTC instant)';
COMMENT ON COLUMN ops.welfare_check.opens_at IS 'from when an answer counts (UTC instant)';
COMMENT ON COLUMN ops.welfare_check.closes_at IS 'until when an answer counts (UTC instant)';
COMMENT ON COLUMN ops.welfare_check.method IS 'how it is answered';
COMMENT ON COLUMN ops.welfare_check.answered_at IS 'when it was answered (UTC instant)';
COMMENT ON COLUMN ops.welfare_check.attempts IS 'how often it was tried';
COMMENT ON COLUMN ops.welfare_check.result IS 'how it ended';
COMMENT ON COLUMN ops.welfare_check.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.welfare_check.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.welfare_check.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.welfare_check.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.welfare_check.row_version IS 'how often the row was written';
CREATE INDEX welfare_check_site_id_due_at_idx ON ops.welfare_check (tenant_id, site_id, due_at);

CREATE TABLE ops.panic_event (
    tenant_id uuid NOT NULL,
    panic_id uuid NOT NULL,
    site_id uuid,
    person_id uuid,
    device_id uuid,
    panic_source text,
    triggered_at timestamptz,
    lat double precision,
    lon double precision,
    accuracy_m real,
    state text,
    acked_by uuid,
    acked_at timestamptz,
    closed_by uuid,
    outcome text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, panic_id),
    CONSTRAINT panic_source_is_legal CHECK (panic_source IN ('button', 'fob', 'shake', 'duress_pin', 'man_down', 'fall', 'missed_check', 'call')),
    CONSTRAINT lat_is_legal CHECK (lat BETWEEN -90 AND 90),
    CONSTRAINT lon_is_legal CHECK (lon BETWEEN -180 AND 180),
    CONSTRAINT state_is_legal CHECK (state IN ('open', 'acknowledged', 'verified', 'responding', 'closed_true', 'closed_false', 'closed_test')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES ops.device (tenant_id, device_id),
    FOREIGN KEY (tenant_id, acked_by) REFERENCES ops.person (tenant_id, person_id),
    FOREIGN KEY (tenant_id, closed_by) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.panic_event IS 'One row per call for help.';
COMMENT ON COLUMN ops.panic_event.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.panic_event.panic_id IS 'the call for help';
COMMENT ON COLUMN ops.panic_event.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.panic_event.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.panic_event.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.panic_event.panic_source IS 'how it was raised';
COMMENT ON COLUMN ops.panic_event.triggered_at IS 'when it was raised (UTC instant)';
COMMENT ON COLUMN ops.panic_event.lat IS 'latitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.panic_event.lon IS 'longitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.panic_event.accuracy_m IS 'reported radius of uncertainty of the position (metres)';
COMMENT ON COLUMN ops.panic_event.state IS 'its state';
COMMENT ON COLUMN ops.panic_event.acked_by IS 'who acknowledged';
COMMENT ON COLUMN ops.panic_event.acked_at IS 'when it was acknowledged (UTC instant)';
COMMENT ON COLUMN ops.panic_event.closed_by IS 'who closed it';
COMMENT ON COLUMN ops.panic_event.outcome IS 'how it ended';
COMMENT ON COLUMN ops.panic_event.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.panic_event.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.panic_event.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.panic_event.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.panic_event.row_version IS 'how often the row was written';
CREATE INDEX panic_event_site_id_triggered_at_idx ON ops.panic_event (tenant_id, site_id, triggered_at);

CREATE TABLE ops.checkpoint (
    tenant_id uuid NOT NULL,
    checkpoint_id uuid NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid,
    code text NOT NULL,
    name text,
    tech text,
    tag_hash bytea,
    lat double precision,
    lon double precision,
    radius_m real,
    indoor boolean,
    order_no integer,
    required boolean,
    dwell_s integer,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, checkpoint_id),
    UNIQUE (tenant_id, code),
    CONSTRAINT tech_is_legal CHECK (tech IN ('nfc', 'qr', 'ble', 'gps')),
    CONSTRAINT lat_is_legal CHECK (lat BETWEEN -90 AND 90),
    CONSTRAINT lon_is_legal CHECK (lon BETWEEN -180 AND 180),
    CONSTRAINT status_is_legal CHECK (status IN ('active', 'damaged', 'removed')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES ops.zone (tenant_id, zone_id)
);
COMMENT ON TABLE ops.checkpoint IS 'One row per checkpoint of a site.';
COMMENT ON COLUMN ops.checkpoint.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.checkpoint.checkpoint_id IS 'the checkpoint';
COMMENT ON COLUMN ops.checkpoint.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.checkpoint.zone_id IS 'the zone of the site';
COMMENT ON COLUMN ops.checkpoint.code IS 'tag number, unique in the tenant';
COMMENT ON COLUMN ops.checkpoint.name IS 'its name for people';
COMMENT ON COLUMN ops.checkpoint.tech IS 'how it is scanned';
COMMENT ON COLUMN ops.checkpoint.tag_hash IS 'keyed hash of the tag';
COMMENT ON COLUMN ops.checkpoint.lat IS 'latitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.checkpoint.lon IS 'longitude, WGS84 (degrees WGS84)';
COMMENT ON COLUMN ops.checkpoint.radius_m IS 'how near a scan must be (metres)';
COMMENT ON COLUMN ops.checkpoint.indoor IS 'under a roof';
COMMENT ON COLUMN ops.checkpoint.order_no IS 'place in a fixed order';
COMMENT ON COLUMN ops.checkpoint.required IS 'a tour without it is incomplete';
COMMENT ON COLUMN ops.checkpoint.dwell_s IS 'time to stay (seconds)';
COMMENT ON COLUMN ops.checkpoint.status IS 'its state';
COMMENT ON COLUMN ops.checkpoint.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.checkpoint.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.checkpoint.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.checkpoint.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.checkpoint.row_version IS 'how often the row was written';

CREATE TABLE ops.tour_schedule (
    tenant_id uuid NOT NULL,
    ts_id uuid NOT NULL,
    tour_id uuid NOT NULL,
    rrule text,
    window_min integer,
    grace_min integer,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, ts_id),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, tour_id) REFERENCES ops.tour_template (tenant_id, tour_id)
);
COMMENT ON TABLE ops.tour_schedule IS 'One row per recurring time at which a tour is due.';
COMMENT ON COLUMN ops.tour_schedule.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.tour_schedule.ts_id IS 'the schedule';
COMMENT ON COLUMN ops.tour_schedule.tour_id IS 'the tour';
COMMENT ON COLUMN ops.tour_schedule.rrule IS 'RFC 5545 recurrence';
COMMENT ON COLUMN ops.tour_schedule.window_min IS 'time in which it may start (minutes)';
COMMENT ON COLUMN ops.tour_schedule.grace_min IS 'delay that is forgiven (minutes)';
COMMENT ON COLUMN ops.tour_schedule.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.tour_schedule.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.tour_schedule.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.tour_schedule.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.tour_schedule.row_version IS 'how often the row was written';

CREATE TABLE ops.tour_run (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    tour_id uuid,
    site_id uuid,
    person_id uuid,
    assignment_id uuid,
    due_at timestamptz,
    window_end_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    checkpoints_planned integer,
    checkpoints_scanned integer,
    status text,
    exception_reason text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, run_id),
    CONSTRAINT status_is_legal CHECK (status IN ('scheduled', 'due', 'in_progress', 'completed', 'partial', 'missed', 'abandoned', 'excused', 'cancelled')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, tour_id) REFERENCES ops.tour_template (tenant_id, tour_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.tour_run IS 'One row per tour that was due or walked.';
COMMENT ON COLUMN ops.tour_run.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.tour_run.run_id IS 'the run';
COMMENT ON COLUMN ops.tour_run.tour_id IS 'the planned tour';
COMMENT ON COLUMN ops.tour_run.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.tour_run.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.tour_run.assignment_id IS 'the shift assignment it belongs to';
COMMENT ON COLUMN ops.tour_run.due_at IS 'when it should start (UTC instant)';
COMMENT ON COLUMN ops.tour_run.window_end_at IS 'when starting becomes too late (UTC instant)';
COMMENT ON COLUMN ops.tour_run.started_at IS 'when it started (UTC instant)';
COMMENT ON COLUMN ops.tour_run.ended_at IS 'when it ended (UTC instant)';
COMMENT ON COLUMN ops.tour_run.checkpoints_planned IS 'checkpoints to scan';
COMMENT ON COLUMN ops.tour_run.checkpoints_scanned IS 'checkpoints scanned, as the sender counted';
COMMENT ON COLUMN ops.tour_run.status IS 'its state';
COMMENT ON COLUMN ops.tour_run.exception_reason IS 'why it was not walked as planned';
COMMENT ON COLUMN ops.tour_run.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.tour_run.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.tour_run.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.tour_run.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.tour_run.row_version IS 'how often the row was written';
CREATE INDEX tour_run_site_id_due_at_idx ON ops.tour_run (tenant_id, site_id, due_at);

CREATE TABLE ops.task (
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    site_id uuid,
    kind text,
    title text,
    priority text,
    due_at timestamptz,
    est_min integer,
    assignee_id uuid,
    status text,
    completed_at timestamptz,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, task_id),
    CONSTRAINT kind_is_legal CHECK (kind IN ('patrol', 'inspection', 'housekeeping', 'escort', 'report', 'compliance', 'client_request')),
    CONSTRAINT priority_is_legal CHECK (priority IN ('P1', 'P2', 'P3', 'P4')),
    CONSTRAINT status_is_legal CHECK (status IN ('pending', 'assigned', 'in_progress', 'blocked', 'completed', 'overdue', 'skipped', 'cancelled')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, assignee_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.task IS 'One row per piece of work to be done at a site.';
COMMENT ON COLUMN ops.task.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.task.task_id IS 'the task';
COMMENT ON COLUMN ops.task.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.task.kind IS 'what kind of work it is';
COMMENT ON COLUMN ops.task.title IS 'what to do';
COMMENT ON COLUMN ops.task.priority IS 'P1 emergency, P2 urgent, P3 routine, P4 planned';
COMMENT ON COLUMN ops.task.due_at IS 'when it should be done (UTC instant)';
COMMENT ON COLUMN ops.task.est_min IS 'expected effort (minutes)';
COMMENT ON COLUMN ops.task.assignee_id IS 'who does it';
COMMENT ON COLUMN ops.task.status IS 'its state';
COMMENT ON COLUMN ops.task.completed_at IS 'when it was done (UTC instant)';
COMMENT ON COLUMN ops.task.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.task.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.task.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.task.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.task.row_version IS 'how often the row was written';
CREATE INDEX task_site_id_due_at_idx ON ops.task (tenant_id, site_id, due_at);

CREATE TABLE ops.incident_report (
    tenant_id uuid NOT NULL,
    ir_id uuid NOT NULL,
    site_id uuid,
    person_id uuid,
    type text,
    severity text,
    occurred_at timestamptz,
    reported_at timestamptz,
    narrative_enc bytea,
    status text,
    police_ref text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, ir_id),
    CONSTRAINT type_is_legal CHECK (type IN ('theft', 'trespass', 'fire', 'medical', 'assault', 'damage', 'safety', 'access', 'equipment', 'other')),
    CONSTRAINT severity_is_legal CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    CONSTRAINT status_is_legal CHECK (status IN ('draft', 'submitted', 'under_review', 'approved', 'rejected', 'closed')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.incident_report IS 'One row per report of something that happened.';
COMMENT ON COLUMN ops.incident_report.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.incident_report.ir_id IS 'the report';
COMMENT ON COLUMN ops.incident_report.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.incident_report.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.incident_report.type IS 'what happened';
COMMENT ON COLUMN ops.incident_report.severity IS 'how bad it was';
COMMENT ON COLUMN ops.incident_report.occurred_at IS 'when it happened (UTC instant)';
COMMENT ON COLUMN ops.incident_report.reported_at IS 'when it was reported (UTC instant)';
COMMENT ON COLUMN ops.incident_report.narrative_enc IS 'what the reporter wrote, encrypted';
COMMENT ON COLUMN ops.incident_report.status IS 'its state';
COMMENT ON COLUMN ops.incident_report.police_ref IS 'reference of the police';
COMMENT ON COLUMN ops.incident_report.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.incident_report.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.incident_report.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.incident_report.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.incident_report.row_version IS 'how often the row was written';
CREATE INDEX incident_report_site_id_occurred_at_idx ON ops.incident_report (tenant_id, site_id, occurred_at);

CREATE TABLE ops.key_log (
    tenant_id uuid NOT NULL,
    key_log_id uuid NOT NULL,
    key_code text,
    site_id uuid,
    holder_id uuid,
    out_at timestamptz,
    back_at timestamptz,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, key_log_id),
    CONSTRAINT status_is_legal CHECK (status IN ('held', 'issued', 'overdue', 'lost')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, holder_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.key_log IS 'One row per issue of a key.';
COMMENT ON COLUMN ops.key_log.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.key_log.key_log_id IS 'the issue';
COMMENT ON COLUMN ops.key_log.key_code IS 'the key';
COMMENT ON COLUMN ops.key_log.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.key_log.holder_id IS 'who has it';
COMMENT ON COLUMN ops.key_log.out_at IS 'when it was issued (UTC instant)';
COMMENT ON COLUMN ops.key_log.back_at IS 'when it came back (UTC instant)';
COMMENT ON COLUMN ops.key_log.status IS 'its state';
COMMENT ON COLUMN ops.key_log.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.key_log.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.key_log.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.key_log.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.key_log.row_version IS 'how often the row was written';

CREATE TABLE ops.asset (
    tenant_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    site_id uuid NOT NULL,
    zone_id uuid,
    parent_id uuid,
    code text NOT NULL,
    category text,
    make text,
    model text,
    serial text,
    criticality integer,
    in_service_on date,
    warranty_to_on date,
    nfc_hash bytea,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, asset_id),
    UNIQUE (tenant_id, code),
    CONSTRAINT criticality_is_legal CHECK (criticality BETWEEN 1 AND 5),
    CONSTRAINT status_is_legal CHECK (status IN ('operational', 'standby', 'degraded', 'down', 'maintenance', 'retired')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES ops.zone (tenant_id, zone_id)
);
COMMENT ON TABLE ops.asset IS 'One row per piece of equipment at a site.';
COMMENT ON COLUMN ops.asset.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.asset.asset_id IS 'the asset';
COMMENT ON COLUMN ops.asset.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.asset.zone_id IS 'the zone of the site';
COMMENT ON COLUMN ops.asset.parent_id IS 'what it is part of';
COMMENT ON COLUMN ops.asset.code IS 'inventory number, unique in the tenant';
COMMENT ON COLUMN ops.asset.category IS 'what kind of equipment it is';
COMMENT ON COLUMN ops.asset.make IS 'maker';
COMMENT ON COLUMN ops.asset.model IS 'maker''s model';
COMMENT ON COLUMN ops.asset.serial IS 'serial number';
COMMENT ON COLUMN ops.asset.criticality IS 'importance, 5 highest';
COMMENT ON COLUMN ops.asset.in_service_on IS 'first day in service (date)';
COMMENT ON COLUMN ops.asset.warranty_to_on IS 'last day of the warranty (date)';
COMMENT ON COLUMN ops.asset.nfc_hash IS 'keyed hash of its tag';
COMMENT ON COLUMN ops.asset.status IS 'its state';
COMMENT ON COLUMN ops.asset.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.asset.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.asset.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.asset.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.asset.row_version IS 'how often the row was written';

CREATE TABLE ops.ticket (
    tenant_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    number text NOT NULL,
    client_id uuid,
    site_id uuid,
    requester_ref text,
    channel text,
    category text,
    source_category text,
    priority text,
    impact integer,
    urgency integer,
    subject text,
    body_ref text,
    original_language text,
    group_id uuid,
    assignee_id uuid,
    status text,
    opened_at timestamptz,
    first_response_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    source_ref text,
    reassignment_count integer,
    reopen_count integer,
    imported_sla_met boolean,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, ticket_id),
    UNIQUE (tenant_id, number),
    CONSTRAINT channel_is_legal CHECK (channel IN ('app', 'web', 'email', 'phone', 'api', 'system', 'self_service', 'direct')),
    CONSTRAINT category_is_legal CHECK (category IN ('facility', 'equipment', 'access', 'security', 'safety', 'hr', 'it', 'field_support', 'fraud', 'crisis', 'other')),
    CONSTRAINT priority_is_legal CHECK (priority IN ('P1', 'P2', 'P3', 'P4')),
    CONSTRAINT impact_is_legal CHECK (impact BETWEEN 1 AND 4),
    CONSTRAINT urgency_is_legal CHECK (urgency BETWEEN 1 AND 4),
    CONSTRAINT status_is_legal CHECK (status IN ('new', 'open', 'assigned', 'in_progress', 'pending_requester', 'pending_vendor', 'pending_parts', 'resolved', 'closed', 'reopened', 'cancelled', 'merged')),
    CONSTRAINT reassignment_count_is_legal CHECK (reassignment_count >= 0),
    CONSTRAINT reopen_count_is_legal CHECK (reopen_count >= 0),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES ops.client (tenant_id, client_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES ops.support_group (tenant_id, group_id),
    FOREIGN KEY (tenant_id, assignee_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.ticket IS 'One row per ticket of the help desk.';
COMMENT ON COLUMN ops.ticket.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.ticket.ticket_id IS 'the ticket';
COMMENT ON COLUMN ops.ticket.number IS 'its number for people, unique in the tenant';
COMMENT ON COLUMN ops.ticket.client_id IS 'the client that buys the service';
COMMENT ON COLUMN ops.ticket.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.ticket.requester_ref IS 'who asked, as the source names them';
COMMENT ON COLUMN ops.ticket.channel IS 'how it came in';
COMMENT ON COLUMN ops.ticket.category IS 'what it is about';
COMMENT ON COLUMN ops.ticket.source_category IS 'category as the source names it';
COMMENT ON COLUMN ops.ticket.priority IS 'P1 emergency, P2 urgent, P3 routine, P4 planned';
COMMENT ON COLUMN ops.ticket.impact IS 'how much is affected, 1 most';
COMMENT ON COLUMN ops.ticket.urgency IS 'how soon it hurts, 1 soonest';
COMMENT ON COLUMN ops.ticket.subject IS 'one line for people';
COMMENT ON COLUMN ops.ticket.body_ref IS 'pointer to the text';
COMMENT ON COLUMN ops.ticket.original_language IS 'language it was written in';
COMMENT ON COLUMN ops.ticket.group_id IS 'group that works on it';
COMMENT ON COLUMN ops.ticket.assignee_id IS 'who works on it';
COMMENT ON COLUMN ops.ticket.status IS 'its state';
COMMENT ON COLUMN ops.ticket.opened_at IS 'when it was opened (UTC instant)';
COMMENT ON COLUMN ops.ticket.first_response_at IS 'when somebody first answered (UTC instant)';
COMMENT ON COLUMN ops.ticket.resolved_at IS 'when it was resolved (UTC instant)';
COMMENT ON COLUMN ops.ticket.closed_at IS 'when it was closed (UTC instant)';
COMMENT ON COLUMN ops.ticket.source_ref IS 'finding, alert or prediction it came from';
COMMENT ON COLUMN ops.ticket.reassignment_count IS 'reassignments, as the source counted them';
COMMENT ON COLUMN ops.ticket.reopen_count IS 'reopenings, as the source counted them';
COMMENT ON COLUMN ops.ticket.imported_sla_met IS 'the source system''s own verdict, carried as it came';
COMMENT ON COLUMN ops.ticket.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.ticket.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.ticket.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.ticket.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.ticket.row_version IS 'how often the row was written';
CREATE INDEX ticket_site_id_opened_at_idx ON ops.ticket (tenant_id, site_id, opened_at);
CREATE INDEX ticket_status_idx ON ops.ticket (tenant_id, status);

CREATE TABLE ops.alert (
    tenant_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    site_id uuid,
    device_id uuid,
    person_id uuid,
    type text,
    severity text,
    source_ref text,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    count integer,
    state text,
    acked_at timestamptz,
    acked_by text,
    resolved_at timestamptz,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, alert_id),
    CONSTRAINT severity_is_legal CHECK (severity IN ('INFO', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    CONSTRAINT state_is_legal CHECK (state IN ('firing', 'acknowledged', 'resolved', 'suppressed')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES ops.device (tenant_id, device_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.alert IS 'One row per alert of an existing system, or of ours.';
COMMENT ON COLUMN ops.alert.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.alert.alert_id IS 'the alert';
COMMENT ON COLUMN ops.alert.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.alert.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.alert.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.alert.type IS 'what is wrong';
COMMENT ON COLUMN ops.alert.severity IS 'how bad it is';
COMMENT ON COLUMN ops.alert.source_ref IS 'what raised it';
COMMENT ON COLUMN ops.alert.first_seen_at IS 'first raised (UTC instant)';
COMMENT ON COLUMN ops.alert.last_seen_at IS 'last raised (UTC instant)';
COMMENT ON COLUMN ops.alert.count IS 'how often it was raised';
COMMENT ON COLUMN ops.alert.state IS 'its state';
COMMENT ON COLUMN ops.alert.acked_at IS 'when it was acknowledged (UTC instant)';
COMMENT ON COLUMN ops.alert.acked_by IS 'who acknowledged';
COMMENT ON COLUMN ops.alert.resolved_at IS 'when it was resolved (UTC instant)';
COMMENT ON COLUMN ops.alert.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.alert.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.alert.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.alert.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.alert.row_version IS 'how often the row was written';
CREATE INDEX alert_site_id_first_seen_at_idx ON ops.alert (tenant_id, site_id, first_seen_at);

CREATE TABLE ops.on_call_shift (
    tenant_id uuid NOT NULL,
    on_call_id uuid NOT NULL,
    schedule_code text,
    role text,
    region text,
    person_id uuid,
    backup_id uuid,
    from_at timestamptz,
    to_at timestamptz,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, on_call_id),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id),
    FOREIGN KEY (tenant_id, backup_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.on_call_shift IS 'One row per period in which a person is on call.';
COMMENT ON COLUMN ops.on_call_shift.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.on_call_shift.on_call_id IS 'the period';
COMMENT ON COLUMN ops.on_call_shift.schedule_code IS 'the schedule';
COMMENT ON COLUMN ops.on_call_shift.role IS 'role that is on call';
COMMENT ON COLUMN ops.on_call_shift.region IS 'region it covers';
COMMENT ON COLUMN ops.on_call_shift.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.on_call_shift.backup_id IS 'who stands in';
COMMENT ON COLUMN ops.on_call_shift.from_at IS 'start of the interval, inclusive (UTC instant)';
COMMENT ON COLUMN ops.on_call_shift.to_at IS 'end of the interval, exclusive; open when missing (UTC instant)';
COMMENT ON COLUMN ops.on_call_shift.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.on_call_shift.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.on_call_shift.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.on_call_shift.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.on_call_shift.row_version IS 'how often the row was written';

CREATE TABLE ops.post_requirement (
    tenant_id uuid NOT NULL,
    req_id uuid NOT NULL,
    post_id uuid NOT NULL,
    dow integer,
    start_local time,
    end_local time,
    headcount integer,
    qualification text,
    valid_from timestamptz,
    valid_to timestamptz,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, req_id),
    CONSTRAINT dow_is_legal CHECK (dow BETWEEN 0 AND 6),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, post_id) REFERENCES ops.post (tenant_id, post_id)
);
COMMENT ON TABLE ops.post_requirement IS 'One row per weekly period in which a post needs people.';
COMMENT ON COLUMN ops.post_requirement.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.post_requirement.req_id IS 'the requirement';
COMMENT ON COLUMN ops.post_requirement.post_id IS 'the post of the site';
COMMENT ON COLUMN ops.post_requirement.dow IS 'weekday, 0 = Monday';
COMMENT ON COLUMN ops.post_requirement.start_local IS 'start by the site''s wall clock';
COMMENT ON COLUMN ops.post_requirement.end_local IS 'end by the site''s wall clock; before start means the next day';
COMMENT ON COLUMN ops.post_requirement.headcount IS 'people needed';
COMMENT ON COLUMN ops.post_requirement.qualification IS 'qualification each must hold';
COMMENT ON COLUMN ops.post_requirement.valid_from IS 'in force from';
COMMENT ON COLUMN ops.post_requirement.valid_to IS 'in force until, exclusive; open when missing';
COMMENT ON COLUMN ops.post_requirement.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.post_requirement.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.post_requirement.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.post_requirement.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.post_requirement.row_version IS 'how often the row was written';

CREATE TABLE ops.post_stand_down (
    tenant_id uuid NOT NULL,
    stand_down_id uuid NOT NULL,
    post_id uuid NOT NULL,
    from_at timestamptz,
    to_at timestamptz,
    reason text,
    approved_by text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, stand_down_id),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, post_id) REFERENCES ops.post (tenant_id, post_id)
);
COMMENT ON TABLE ops.post_stand_down IS 'One row per period in which a post need not be manned.';
COMMENT ON COLUMN ops.post_stand_down.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.post_stand_down.stand_down_id IS 'the stand-down';
COMMENT ON COLUMN ops.post_stand_down.post_id IS 'the post of the site';
COMMENT ON COLUMN ops.post_stand_down.from_at IS 'start of the interval, inclusive (UTC instant)';
COMMENT ON COLUMN ops.post_stand_down.to_at IS 'end of the interval, exclusive; open when missing (UTC instant)';
COMMENT ON COLUMN ops.post_stand_down.reason IS 'why';
COMMENT ON COLUMN ops.post_stand_down.approved_by IS 'who approved it';
COMMENT ON COLUMN ops.post_stand_down.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.post_stand_down.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.post_stand_down.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.post_stand_down.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.post_stand_down.row_version IS 'how often the row was written';

CREATE TABLE ops.shift (
    tenant_id uuid NOT NULL,
    shift_id uuid NOT NULL,
    site_id uuid NOT NULL,
    post_id uuid,
    starts_at timestamptz,
    ends_at timestamptz,
    local_date date,
    pattern text,
    headcount integer,
    published_at timestamptz,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, shift_id),
    CONSTRAINT status_is_legal CHECK (status IN ('draft', 'open', 'assigned', 'confirmed', 'in_progress', 'completed', 'cancelled')),
    CONSTRAINT shift_is_forward CHECK (ends_at > starts_at),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, post_id) REFERENCES ops.post (tenant_id, post_id)
);
COMMENT ON TABLE ops.shift IS 'One row per planned shift of a post.';
COMMENT ON COLUMN ops.shift.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.shift.shift_id IS 'the shift';
COMMENT ON COLUMN ops.shift.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.shift.post_id IS 'the post of the site';
COMMENT ON COLUMN ops.shift.starts_at IS 'start, inclusive (UTC instant)';
COMMENT ON COLUMN ops.shift.ends_at IS 'end, exclusive (UTC instant)';
COMMENT ON COLUMN ops.shift.local_date IS 'the site''s local day it starts on (date)';
COMMENT ON COLUMN ops.shift.pattern IS 'shift pattern';
COMMENT ON COLUMN ops.shift.headcount IS 'people needed';
COMMENT ON COLUMN ops.shift.published_at IS 'when people were told (UTC instant)';
COMMENT ON COLUMN ops.shift.status IS 'its state';
COMMENT ON COLUMN ops.shift.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.shift.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.shift.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.shift.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.shift.row_version IS 'how often the row was written';
CREATE INDEX shift_site_id_starts_at_idx ON ops.shift (tenant_id, site_id, starts_at);

CREATE TABLE ops.device_assignment (
    tenant_id uuid NOT NULL,
    device_assignment_id uuid NOT NULL,
    device_id uuid NOT NULL,
    person_id uuid,
    post_id uuid,
    from_at timestamptz,
    to_at timestamptz,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, device_assignment_id),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES ops.device (tenant_id, device_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id),
    FOREIGN KEY (tenant_id, post_id) REFERENCES ops.post (tenant_id, post_id)
);
COMMENT ON TABLE ops.device_assignment IS 'One row per period in which a device belongs to a person or a post.';
COMMENT ON COLUMN ops.device_assignment.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.device_assignment.device_assignment_id IS 'the assignment of the device';
COMMENT ON COLUMN ops.device_assignment.device_id IS 'the device that sent it or that it concerns';
COMMENT ON COLUMN ops.device_assignment.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.device_assignment.post_id IS 'the post of the site';
COMMENT ON COLUMN ops.device_assignment.from_at IS 'start of the interval, inclusive (UTC instant)';
COMMENT ON COLUMN ops.device_assignment.to_at IS 'end of the interval, exclusive; open when missing (UTC instant)';
COMMENT ON COLUMN ops.device_assignment.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.device_assignment.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.device_assignment.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.device_assignment.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.device_assignment.row_version IS 'how often the row was written';
CREATE INDEX device_assignment_device_id_idx ON ops.device_assignment (tenant_id, device_id);

CREATE TABLE ops.asset_downtime (
    tenant_id uuid NOT NULL,
    downtime_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    from_at timestamptz,
    to_at timestamptz,
    cause text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, downtime_id),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, asset_id) REFERENCES ops.asset (tenant_id, asset_id)
);
COMMENT ON TABLE ops.asset_downtime IS 'One row per period in which an asset was down.';
COMMENT ON COLUMN ops.asset_downtime.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.asset_downtime.downtime_id IS 'the period';
COMMENT ON COLUMN ops.asset_downtime.asset_id IS 'the asset it concerns';
COMMENT ON COLUMN ops.asset_downtime.from_at IS 'start of the interval, inclusive (UTC instant)';
COMMENT ON COLUMN ops.asset_downtime.to_at IS 'end of the interval, exclusive; open when missing (UTC instant)';
COMMENT ON COLUMN ops.asset_downtime.cause IS 'why it was down';
COMMENT ON COLUMN ops.asset_downtime.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.asset_downtime.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.asset_downtime.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.asset_downtime.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.asset_downtime.row_version IS 'how often the row was written';

CREATE TABLE ops.work_order (
    tenant_id uuid NOT NULL,
    wo_id uuid NOT NULL,
    site_id uuid,
    asset_id uuid,
    type text,
    priority text,
    title text,
    requested_at timestamptz,
    due_at timestamptz,
    first_reaction_at timestamptz,
    completed_at timestamptz,
    est_min integer,
    assignee_id uuid,
    status text,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, wo_id),
    CONSTRAINT type_is_legal CHECK (type IN ('corrective', 'preventive', 'inspection', 'project')),
    CONSTRAINT priority_is_legal CHECK (priority IN ('P1', 'P2', 'P3', 'P4')),
    CONSTRAINT status_is_legal CHECK (status IN ('open', 'assigned', 'in_progress', 'on_hold_parts', 'on_hold_vendor', 'on_hold_access', 'completed', 'verified', 'cancelled')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, site_id) REFERENCES ops.site (tenant_id, site_id),
    FOREIGN KEY (tenant_id, asset_id) REFERENCES ops.asset (tenant_id, asset_id),
    FOREIGN KEY (tenant_id, assignee_id) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.work_order IS 'One row per maintenance job.';
COMMENT ON COLUMN ops.work_order.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.work_order.wo_id IS 'the work order';
COMMENT ON COLUMN ops.work_order.site_id IS 'the site it concerns';
COMMENT ON COLUMN ops.work_order.asset_id IS 'the asset it concerns';
COMMENT ON COLUMN ops.work_order.type IS 'what kind of job it is';
COMMENT ON COLUMN ops.work_order.priority IS 'P1 emergency, P2 urgent, P3 routine, P4 planned';
COMMENT ON COLUMN ops.work_order.title IS 'what to do';
COMMENT ON COLUMN ops.work_order.requested_at IS 'when it was asked for (UTC instant)';
COMMENT ON COLUMN ops.work_order.due_at IS 'when it should be done (UTC instant)';
COMMENT ON COLUMN ops.work_order.first_reaction_at IS 'when somebody first reacted (UTC instant)';
COMMENT ON COLUMN ops.work_order.completed_at IS 'when it was done (UTC instant)';
COMMENT ON COLUMN ops.work_order.est_min IS 'expected effort (minutes)';
COMMENT ON COLUMN ops.work_order.assignee_id IS 'who does it';
COMMENT ON COLUMN ops.work_order.status IS 'its state';
COMMENT ON COLUMN ops.work_order.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.work_order.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.work_order.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.work_order.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.work_order.row_version IS 'how often the row was written';
CREATE INDEX work_order_site_id_due_at_idx ON ops.work_order (tenant_id, site_id, due_at);

CREATE TABLE ops.preventive_plan (
    tenant_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    rrule text,
    checklist jsonb,
    lead_days integer,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, plan_id),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, asset_id) REFERENCES ops.asset (tenant_id, asset_id)
);
COMMENT ON TABLE ops.preventive_plan IS 'One row per recurring maintenance of an asset.';
COMMENT ON COLUMN ops.preventive_plan.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.preventive_plan.plan_id IS 'the plan';
COMMENT ON COLUMN ops.preventive_plan.asset_id IS 'the asset it concerns';
COMMENT ON COLUMN ops.preventive_plan.rrule IS 'RFC 5545 recurrence';
COMMENT ON COLUMN ops.preventive_plan.checklist IS 'what to do, with schema_version';
COMMENT ON COLUMN ops.preventive_plan.lead_days IS 'how long before due the work order is made (days)';
COMMENT ON COLUMN ops.preventive_plan.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.preventive_plan.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.preventive_plan.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.preventive_plan.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.preventive_plan.row_version IS 'how often the row was written';

CREATE TABLE ops.shift_assignment (
    tenant_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    shift_id uuid NOT NULL,
    person_id uuid,
    status text,
    confirmed_at timestamptz,
    relieved_by uuid,
    extra jsonb,
    state_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    row_version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, assignment_id),
    CONSTRAINT status_is_legal CHECK (status IN ('assigned', 'confirmed', 'declined', 'swapped', 'checked_in', 'on_break', 'handed_over', 'completed', 'no_show', 'cancelled')),
    FOREIGN KEY (tenant_id) REFERENCES ops.tenant (tenant_id),
    FOREIGN KEY (tenant_id, shift_id) REFERENCES ops.shift (tenant_id, shift_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES ops.person (tenant_id, person_id),
    FOREIGN KEY (tenant_id, relieved_by) REFERENCES ops.person (tenant_id, person_id)
);
COMMENT ON TABLE ops.shift_assignment IS 'One row per person planned on a shift.';
COMMENT ON COLUMN ops.shift_assignment.tenant_id IS 'the guarding company whose row this is';
COMMENT ON COLUMN ops.shift_assignment.assignment_id IS 'the assignment';
COMMENT ON COLUMN ops.shift_assignment.shift_id IS 'the shift';
COMMENT ON COLUMN ops.shift_assignment.person_id IS 'the person it concerns';
COMMENT ON COLUMN ops.shift_assignment.status IS 'its state';
COMMENT ON COLUMN ops.shift_assignment.confirmed_at IS 'when the person confirmed (UTC instant)';
COMMENT ON COLUMN ops.shift_assignment.relieved_by IS 'who took over';
COMMENT ON COLUMN ops.shift_assignment.extra IS 'fields of the event that the dictionary does not name, kept as sent';
COMMENT ON COLUMN ops.shift_assignment.state_time IS 'event time of the newest event folded into the row (UTC instant)';
COMMENT ON COLUMN ops.shift_assignment.created_at IS 'when the row was first written (UTC instant)';
COMMENT ON COLUMN ops.shift_assignment.updated_at IS 'when the row was last written (UTC instant)';
COMMENT ON COLUMN ops.shift_assignment.row_version IS 'how often the row was written';
CREATE INDEX shift_assignment_shift_id_idx ON ops.shift_assignment (tenant_id, shift_id);
CREATE INDEX shift_assignment_person_id_idx ON ops.shift_assignment (tenant_id, person_id);

ALTER TABLE ops.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.tenant TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.tenant TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.tenant TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.tenant FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.tenant TO vigia_analytics;
CREATE POLICY query ON ops.tenant FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.tenant TO vigia_query;

ALTER TABLE ops.client ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.client FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.client TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.client TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.client TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.client FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.client TO vigia_analytics;
CREATE POLICY query ON ops.client FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.client TO vigia_query;

ALTER TABLE ops.site ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.site FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.site TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.site TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.site TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.site FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.site TO vigia_analytics;
CREATE POLICY query ON ops.site FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.site TO vigia_query;

ALTER TABLE ops.zone ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.zone FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.zone TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.zone TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.zone TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.zone FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.zone TO vigia_analytics;
CREATE POLICY query ON ops.zone FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.zone TO vigia_query;

ALTER TABLE ops.geofence ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.geofence FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.geofence TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.geofence TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.geofence TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.geofence FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.geofence TO vigia_analytics;
CREATE POLICY query ON ops.geofence FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.geofence TO vigia_query;

ALTER TABLE ops.post ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.post FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.post TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.post TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.post TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.post FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.post TO vigia_analytics;
CREATE POLICY query ON ops.post FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.post TO vigia_query;

ALTER TABLE ops.post_requirement ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.post_requirement FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.post_requirement TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.post_requirement TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.post_requirement TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.post_requirement FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.post_requirement TO vigia_analytics;
CREATE POLICY query ON ops.post_requirement FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.post_requirement TO vigia_query;

ALTER TABLE ops.calendar ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.calendar FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.calendar TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.calendar TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.calendar TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.calendar FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.calendar TO vigia_analytics;
CREATE POLICY query ON ops.calendar FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.calendar TO vigia_query;

ALTER TABLE ops.holiday ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.holiday FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.holiday TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.holiday TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.holiday TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.holiday FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.holiday TO vigia_analytics;
CREATE POLICY query ON ops.holiday FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.holiday TO vigia_query;

ALTER TABLE ops.maintenance_window ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.maintenance_window FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.maintenance_window TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.maintenance_window TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.maintenance_window TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.maintenance_window FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.maintenance_window TO vigia_analytics;
CREATE POLICY query ON ops.maintenance_window FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.maintenance_window TO vigia_query;

ALTER TABLE ops.post_stand_down ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.post_stand_down FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.post_stand_down TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.post_stand_down TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.post_stand_down TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.post_stand_down FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.post_stand_down TO vigia_analytics;
CREATE POLICY query ON ops.post_stand_down FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.post_stand_down TO vigia_query;

ALTER TABLE ops.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.person FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.person TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.person TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.person TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.person FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.person TO vigia_analytics;
CREATE POLICY query ON ops.person FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.person TO vigia_query;

ALTER TABLE ops.person_pii ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.person_pii FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.person_pii TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.person_pii TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.person_pii TO vigia_app, vigia_worker;

ALTER TABLE ops.qualification ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.qualification FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.qualification TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.qualification TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.qualification TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.qualification FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.qualification TO vigia_analytics;
CREATE POLICY query ON ops.qualification FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.qualification TO vigia_query;

ALTER TABLE ops.availability ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.availability FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.availability TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.availability TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.availability TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.availability FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.availability TO vigia_analytics;
CREATE POLICY query ON ops.availability FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.availability TO vigia_query;

ALTER TABLE ops.leave_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.leave_request FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.leave_request TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.leave_request TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.leave_request TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.leave_request FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.leave_request TO vigia_analytics;
CREATE POLICY query ON ops.leave_request FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.leave_request TO vigia_query;

ALTER TABLE ops.shift ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.shift FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.shift TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.shift TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.shift TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.shift FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.shift TO vigia_analytics;
CREATE POLICY query ON ops.shift FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.shift TO vigia_query;

ALTER TABLE ops.shift_assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.shift_assignment FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.shift_assignment TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.shift_assignment TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.shift_assignment TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.shift_assignment FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.shift_assignment TO vigia_analytics;
CREATE POLICY query ON ops.shift_assignment FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.shift_assignment TO vigia_query;

ALTER TABLE ops.attendance_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.attendance_event FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.attendance_event TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.attendance_event TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.attendance_event TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.attendance_event FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.attendance_event TO vigia_analytics;
CREATE POLICY query ON ops.attendance_event FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.attendance_event TO vigia_query;

ALTER TABLE ops.handover ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.handover FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.handover TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.handover TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.handover TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.handover FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.handover TO vigia_analytics;
CREATE POLICY query ON ops.handover FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.handover TO vigia_query;

ALTER TABLE ops.welfare_check ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.welfare_check FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.welfare_check TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.welfare_check TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.welfare_check TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.welfare_check FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.welfare_check TO vigia_analytics;
CREATE POLICY query ON ops.welfare_check FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.welfare_check TO vigia_query;

ALTER TABLE ops.device ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.device FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.device TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.device TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.device TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.device FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.device TO vigia_analytics;
CREATE POLICY query ON ops.device FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.device TO vigia_query;

ALTER TABLE ops.device_assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.device_assignment FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.device_assignment TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.device_assignment TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.device_assignment TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.device_assignment FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.device_assignment TO vigia_analytics;
CREATE POLICY query ON ops.device_assignment FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.device_assignment TO vigia_query;

ALTER TABLE ops.device_heartbeat ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.device_heartbeat FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.device_heartbeat TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.device_heartbeat TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.device_heartbeat TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.device_heartbeat FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.device_heartbeat TO vigia_analytics;
CREATE POLICY query ON ops.device_heartbeat FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.device_heartbeat TO vigia_query;

ALTER TABLE ops.phone_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.phone_event FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.phone_event TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.phone_event TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.phone_event TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.phone_event FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.phone_event TO vigia_analytics;
CREATE POLICY query ON ops.phone_event FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.phone_event TO vigia_query;

ALTER TABLE ops.gps_fix ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.gps_fix FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.gps_fix TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.gps_fix TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.gps_fix TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.gps_fix FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.gps_fix TO vigia_analytics;
CREATE POLICY query ON ops.gps_fix FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.gps_fix TO vigia_query;

ALTER TABLE ops.geofence_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.geofence_event FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.geofence_event TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.geofence_event TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.geofence_event TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.geofence_event FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.geofence_event TO vigia_analytics;
CREATE POLICY query ON ops.geofence_event FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.geofence_event TO vigia_query;

ALTER TABLE ops.panic_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.panic_event FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.panic_event TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.panic_event TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.panic_event TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.panic_event FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.panic_event TO vigia_analytics;
CREATE POLICY query ON ops.panic_event FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.panic_event TO vigia_query;

ALTER TABLE ops.access_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.access_event FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.access_event TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.access_event TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.access_event TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.access_event FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.access_event TO vigia_analytics;
CREATE POLICY query ON ops.access_event FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.access_event TO vigia_query;

ALTER TABLE ops.contact_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.contact_log FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.contact_log TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.contact_log TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.contact_log TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.contact_log FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.contact_log TO vigia_analytics;
CREATE POLICY query ON ops.contact_log FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.contact_log TO vigia_query;

ALTER TABLE ops.tour_template ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.tour_template FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.tour_template TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.tour_template TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.tour_template TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.tour_template FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.tour_template TO vigia_analytics;
CREATE POLICY query ON ops.tour_template FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.tour_template TO vigia_query;

ALTER TABLE ops.checkpoint ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.checkpoint FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.checkpoint TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.checkpoint TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.checkpoint TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.checkpoint FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.checkpoint TO vigia_analytics;
CREATE POLICY query ON ops.checkpoint FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.checkpoint TO vigia_query;

ALTER TABLE ops.tour_schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.tour_schedule FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.tour_schedule TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.tour_schedule TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.tour_schedule TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.tour_schedule FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.tour_schedule TO vigia_analytics;
CREATE POLICY query ON ops.tour_schedule FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.tour_schedule TO vigia_query;

ALTER TABLE ops.tour_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.tour_run FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.tour_run TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.tour_run TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.tour_run TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.tour_run FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.tour_run TO vigia_analytics;
CREATE POLICY query ON ops.tour_run FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.tour_run TO vigia_query;

ALTER TABLE ops.checkpoint_scan ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.checkpoint_scan FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.checkpoint_scan TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.checkpoint_scan TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.checkpoint_scan TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.checkpoint_scan FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.checkpoint_scan TO vigia_analytics;
CREATE POLICY query ON ops.checkpoint_scan FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.checkpoint_scan TO vigia_query;

ALTER TABLE ops.task ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.task FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.task TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.task TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.task TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.task FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.task TO vigia_analytics;
CREATE POLICY query ON ops.task FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.task TO vigia_query;

ALTER TABLE ops.incident_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.incident_report FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.incident_report TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.incident_report TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.incident_report TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.incident_report FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.incident_report TO vigia_analytics;
CREATE POLICY query ON ops.incident_report FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.incident_report TO vigia_query;

ALTER TABLE ops.visitor_visit ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.visitor_visit FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.visitor_visit TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.visitor_visit TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.visitor_visit TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.visitor_visit FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.visitor_visit TO vigia_analytics;
CREATE POLICY query ON ops.visitor_visit FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.visitor_visit TO vigia_query;

ALTER TABLE ops.key_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.key_log FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.key_log TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.key_log TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.key_log TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.key_log FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.key_log TO vigia_analytics;
CREATE POLICY query ON ops.key_log FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.key_log TO vigia_query;

ALTER TABLE ops.asset ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.asset FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.asset TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.asset TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.asset TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.asset FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.asset TO vigia_analytics;
CREATE POLICY query ON ops.asset FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.asset TO vigia_query;

ALTER TABLE ops.asset_reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.asset_reading FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.asset_reading TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.asset_reading TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.asset_reading TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.asset_reading FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.asset_reading TO vigia_analytics;
CREATE POLICY query ON ops.asset_reading FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.asset_reading TO vigia_query;

ALTER TABLE ops.asset_downtime ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.asset_downtime FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.asset_downtime TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.asset_downtime TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.asset_downtime TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.asset_downtime FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.asset_downtime TO vigia_analytics;
CREATE POLICY query ON ops.asset_downtime FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.asset_downtime TO vigia_query;

ALTER TABLE ops.work_order ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.work_order FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.work_order TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.work_order TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.work_order TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.work_order FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.work_order TO vigia_analytics;
CREATE POLICY query ON ops.work_order FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.work_order TO vigia_query;

ALTER TABLE ops.preventive_plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.preventive_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.preventive_plan TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.preventive_plan TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.preventive_plan TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.preventive_plan FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.preventive_plan TO vigia_analytics;
CREATE POLICY query ON ops.preventive_plan FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.preventive_plan TO vigia_query;

ALTER TABLE ops.support_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.support_group FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.support_group TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.support_group TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.support_group TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.support_group FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.support_group TO vigia_analytics;
CREATE POLICY query ON ops.support_group FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.support_group TO vigia_query;

ALTER TABLE ops.ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.ticket FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.ticket TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.ticket TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.ticket TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.ticket FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.ticket TO vigia_analytics;
CREATE POLICY query ON ops.ticket FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.ticket TO vigia_query;

ALTER TABLE ops.ticket_message ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.ticket_message FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.ticket_message TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.ticket_message TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.ticket_message TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.ticket_message FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.ticket_message TO vigia_analytics;
CREATE POLICY query ON ops.ticket_message FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.ticket_message TO vigia_query;

ALTER TABLE ops.sla_policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.sla_policy FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.sla_policy TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.sla_policy TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.sla_policy TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.sla_policy FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.sla_policy TO vigia_analytics;
CREATE POLICY query ON ops.sla_policy FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.sla_policy TO vigia_query;

ALTER TABLE ops.sla_target ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.sla_target FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.sla_target TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.sla_target TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.sla_target TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.sla_target FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.sla_target TO vigia_analytics;
CREATE POLICY query ON ops.sla_target FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.sla_target TO vigia_query;

ALTER TABLE ops.sla_clock ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.sla_clock FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.sla_clock TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.sla_clock TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.sla_clock TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.sla_clock FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.sla_clock TO vigia_analytics;
CREATE POLICY query ON ops.sla_clock FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.sla_clock TO vigia_query;

ALTER TABLE ops.sla_clock_segment ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.sla_clock_segment FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.sla_clock_segment TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.sla_clock_segment TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.sla_clock_segment TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.sla_clock_segment FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.sla_clock_segment TO vigia_analytics;
CREATE POLICY query ON ops.sla_clock_segment FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.sla_clock_segment TO vigia_query;

ALTER TABLE ops.alert ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.alert FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.alert TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.alert TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.alert TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.alert FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.alert TO vigia_analytics;
CREATE POLICY query ON ops.alert FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.alert TO vigia_query;

ALTER TABLE ops.escalation_policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.escalation_policy FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.escalation_policy TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.escalation_policy TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.escalation_policy TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.escalation_policy FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.escalation_policy TO vigia_analytics;
CREATE POLICY query ON ops.escalation_policy FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.escalation_policy TO vigia_query;

ALTER TABLE ops.escalation_step ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.escalation_step FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.escalation_step TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.escalation_step TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.escalation_step TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.escalation_step FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.escalation_step TO vigia_analytics;
CREATE POLICY query ON ops.escalation_step FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.escalation_step TO vigia_query;

ALTER TABLE ops.escalation_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.escalation_run FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.escalation_run TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.escalation_run TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.escalation_run TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.escalation_run FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.escalation_run TO vigia_analytics;
CREATE POLICY query ON ops.escalation_run FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.escalation_run TO vigia_query;

ALTER TABLE ops.escalation_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.escalation_event FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.escalation_event TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.escalation_event TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.escalation_event TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.escalation_event FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.escalation_event TO vigia_analytics;
CREATE POLICY query ON ops.escalation_event FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.escalation_event TO vigia_query;

ALTER TABLE ops.on_call_shift ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.on_call_shift FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.on_call_shift TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.on_call_shift TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.on_call_shift TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.on_call_shift FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.on_call_shift TO vigia_analytics;
CREATE POLICY query ON ops.on_call_shift FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.on_call_shift TO vigia_query;

ALTER TABLE ops.metric_sample ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.metric_sample FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.metric_sample TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.metric_sample TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.metric_sample TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.metric_sample FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.metric_sample TO vigia_analytics;
CREATE POLICY query ON ops.metric_sample FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.metric_sample TO vigia_query;

ALTER TABLE ops.metric ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.metric FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.metric TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.metric TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.metric TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.metric FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.metric TO vigia_analytics;
CREATE POLICY query ON ops.metric FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.metric TO vigia_query;

ALTER TABLE ops.signal_window ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.signal_window FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.signal_window TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.signal_window TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.signal_window TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.signal_window FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.signal_window TO vigia_analytics;
CREATE POLICY query ON ops.signal_window FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.signal_window TO vigia_query;

ALTER TABLE ops.metric_5m ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.metric_5m FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.metric_5m TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.metric_5m TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.metric_5m TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.metric_5m FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.metric_5m TO vigia_analytics;
CREATE POLICY query ON ops.metric_5m FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.metric_5m TO vigia_query;

ALTER TABLE ops.metric_1h ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.metric_1h FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.metric_1h TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.metric_1h TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.metric_1h TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.metric_1h FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.metric_1h TO vigia_analytics;
CREATE POLICY query ON ops.metric_1h FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.metric_1h TO vigia_query;

ALTER TABLE ops.metric_1d ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.metric_1d FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.metric_1d TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.metric_1d TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.metric_1d TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.metric_1d FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.metric_1d TO vigia_analytics;
CREATE POLICY query ON ops.metric_1d FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.metric_1d TO vigia_query;

ALTER TABLE ops.dirty_slot ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.dirty_slot FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.dirty_slot TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.dirty_slot TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.dirty_slot TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.dirty_slot FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.dirty_slot TO vigia_analytics;
CREATE POLICY query ON ops.dirty_slot FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.dirty_slot TO vigia_query;

ALTER TABLE ops.device_watermark ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.device_watermark FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.device_watermark TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.device_watermark TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.device_watermark TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.device_watermark FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.device_watermark TO vigia_analytics;
CREATE POLICY query ON ops.device_watermark FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.device_watermark TO vigia_query;

ALTER TABLE ops.tenant_clock ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.tenant_clock FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.tenant_clock TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.tenant_clock TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.tenant_clock TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.tenant_clock FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.tenant_clock TO vigia_analytics;
CREATE POLICY query ON ops.tenant_clock FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.tenant_clock TO vigia_query;

ALTER TABLE ops.ingest_batch ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.ingest_batch FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.ingest_batch TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.ingest_batch TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.ingest_batch TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.ingest_batch FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.ingest_batch TO vigia_analytics;
CREATE POLICY query ON ops.ingest_batch FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.ingest_batch TO vigia_query;

ALTER TABLE ops.ingest_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.ingest_key FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.ingest_key TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.ingest_key TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.ingest_key TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.ingest_key FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.ingest_key TO vigia_analytics;
CREATE POLICY query ON ops.ingest_key FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.ingest_key TO vigia_query;

ALTER TABLE ops.ingest_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.ingest_event FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.ingest_event TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.ingest_event TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.ingest_event TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.ingest_event FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.ingest_event TO vigia_analytics;
CREATE POLICY query ON ops.ingest_event FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.ingest_event TO vigia_query;

ALTER TABLE ops.ingest_quarantine ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.ingest_quarantine FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.ingest_quarantine TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.ingest_quarantine TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.ingest_quarantine TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.ingest_quarantine FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.ingest_quarantine TO vigia_analytics;
CREATE POLICY query ON ops.ingest_quarantine FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.ingest_quarantine TO vigia_query;

ALTER TABLE ops.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.outbox TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.outbox TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.outbox TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.outbox FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.outbox TO vigia_analytics;
CREATE POLICY query ON ops.outbox FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.outbox TO vigia_query;

ALTER TABLE ops.event_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.event_log FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.event_log TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.event_log TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.event_log TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.event_log FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.event_log TO vigia_analytics;
CREATE POLICY query ON ops.event_log FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.event_log TO vigia_query;

ALTER TABLE ops.idempotency_record ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.idempotency_record FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.idempotency_record TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.idempotency_record TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.idempotency_record TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.idempotency_record FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.idempotency_record TO vigia_analytics;
CREATE POLICY query ON ops.idempotency_record FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.idempotency_record TO vigia_query;

ALTER TABLE ops.audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.audit_log TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.audit_log TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.audit_log TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.audit_log FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.audit_log TO vigia_analytics;
CREATE POLICY query ON ops.audit_log FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.audit_log TO vigia_query;

ALTER TABLE ops.lake_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.lake_file FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.lake_file TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.lake_file TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.lake_file TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.lake_file FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.lake_file TO vigia_analytics;
CREATE POLICY query ON ops.lake_file FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.lake_file TO vigia_query;

ALTER TABLE ops.retention_policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.retention_policy FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.retention_policy TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.retention_policy TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.retention_policy TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.retention_policy FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.retention_policy TO vigia_analytics;
CREATE POLICY query ON ops.retention_policy FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.retention_policy TO vigia_query;

ALTER TABLE ops.legal_hold ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.legal_hold FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.legal_hold TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.legal_hold TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.legal_hold TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.legal_hold FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.legal_hold TO vigia_analytics;
CREATE POLICY query ON ops.legal_hold FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.legal_hold TO vigia_query;

ALTER TABLE ops.retention_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.retention_run FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.retention_run TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.retention_run TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.retention_run TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.retention_run FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.retention_run TO vigia_analytics;
CREATE POLICY query ON ops.retention_run FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.retention_run TO vigia_query;

ALTER TABLE ops.quality_result ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.quality_result FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.quality_result TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.quality_result TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.quality_result TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.quality_result FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.quality_result TO vigia_analytics;
CREATE POLICY query ON ops.quality_result FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.quality_result TO vigia_query;

ALTER TABLE ops.pipeline_failure ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.pipeline_failure FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON ops.pipeline_failure TO vigia_app USING (tenant_id = (SELECT ops.current_tenant())) WITH CHECK (tenant_id = (SELECT ops.current_tenant()));
CREATE POLICY worker ON ops.pipeline_failure TO vigia_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON ops.pipeline_failure TO vigia_app, vigia_worker;
CREATE POLICY analytics ON ops.pipeline_failure FOR SELECT TO vigia_analytics USING (true);
GRANT SELECT ON ops.pipeline_failure TO vigia_analytics;
CREATE POLICY query ON ops.pipeline_failure FOR SELECT TO vigia_query USING (tenant_id = (SELECT ops.tenant_of_role(current_user)));
GRANT SELECT ON ops.pipeline_failure TO vigia_query;
