-- Retention may drop a day's partition between ingest's look for it and ingest's rows. Those rows
-- land in the default partition, and while they lie there PostgreSQL refuses to make the day's
-- own. This makes it all the same, in one transaction: nobody sees the rows twice or not at all.
-- Row security would hide them from the owner: it is lifted for the move, under a lock that lets
-- nobody in.
CREATE FUNCTION ops.make_partition_of_strays(parent text, child text, wanted date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, ops AS $$
DECLARE
    strays text := format('%s_default', parent);
    first timestamptz := wanted::timestamp AT TIME ZONE 'UTC';
    next timestamptz := (wanted + 1)::timestamp AT TIME ZONE 'UTC';
    at name := (
        SELECT a.attname FROM pg_partitioned_table p
        JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = to_regclass(format('ops.%I', parent))
    );
BEGIN
    EXECUTE format('LOCK TABLE ONLY ops.%I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('ALTER TABLE ops.%I NO FORCE ROW LEVEL SECURITY', strays);
    EXECUTE format(
        'CREATE TABLE ops.%I (LIKE ops.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child, parent
    );
    EXECUTE format(
        'WITH strays AS (DELETE FROM ops.%I WHERE %I >= %L AND %I < %L RETURNING *)'
        ' INSERT INTO ops.%I SELECT * FROM strays',
        strays, at, first, at, next, child
    );
    EXECUTE format('ALTER TABLE ops.%I FORCE ROW LEVEL SECURITY', strays);
    EXECUTE format(
        'ALTER TABLE ops.%I ATTACH PARTITION ops.%I FOR VALUES FROM (%L) TO (%L)',
        parent, child, first, next
    );
END $$;
REVOKE EXECUTE ON FUNCTION ops.make_partition_of_strays(text, text, date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION ops.ensure_partitions(parent text, days date[]) RETURNS integer
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
        BEGIN
            EXECUTE format(
                'CREATE TABLE ops.%I PARTITION OF ops.%I FOR VALUES FROM (%L) TO (%L)',
                child, parent, wanted::timestamp AT TIME ZONE 'UTC',
                (wanted + 1)::timestamp AT TIME ZONE 'UTC'
            );
        EXCEPTION WHEN check_violation THEN
            PERFORM ops.make_partition_of_strays(parent, child, wanted);
        END;
        EXECUTE format('ALTER TABLE ops.%I ENABLE ROW LEVEL SECURITY', child);
        EXECUTE format('ALTER TABLE ops.%I FORCE ROW LEVEL SECURITY', child);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
