select
    events.tenant_id,
    events.table_name,
    bool_and(events.is_reference) as is_reference,
    count(*)::bigint as row_count,
    max(events.event_at) as newest_event_at,
    max(events.received_at) as newest_arrival_at,
    count(*) filter (
        where events.event_at > tenants.as_of_at - interval '24 hours'
        and events.event_at <= tenants.as_of_at
    )::bigint as rows_last_day,
    tenants.as_of_at,
    greatest({{ minutes_between('max(events.event_at)', 'tenants.as_of_at') }}, 0) as age_min
from {{ ref('stg_ops__feed_event') }} as events
inner join {{ ref('int_tenant') }} as tenants on events.tenant_id = tenants.tenant_id
group by events.tenant_id, events.table_name, tenants.as_of_at
