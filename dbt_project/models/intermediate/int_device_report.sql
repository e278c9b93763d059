-- Telemetry of devices that number nothing still says when they were last alive.
with seen as (

    select tenant_id, device_id, max(fixed_at) as last_event_at
    from {{ ref('stg_ops__gps_fix') }}
    group by tenant_id, device_id
    union all
    select tenant_id, device_id, max(sent_at)
    from {{ ref('stg_ops__device_heartbeat') }}
    group by tenant_id, device_id
    union all
    select tenant_id, device_id, max(last_event_at)
    from {{ ref('stg_ops__device_watermark') }}
    group by tenant_id, device_id

),

numbered as (

    select
        tenant_id,
        device_id,
        sum(last_seq - first_seq + 1)::bigint as sent_count,
        sum(last_seq - first_seq + 1 - seen_count)::bigint as missing_count
    from {{ ref('stg_ops__device_watermark') }}
    group by tenant_id, device_id

)

select
    seen.tenant_id,
    seen.device_id,
    max(seen.last_event_at) as last_event_at,
    coalesce(max(numbered.sent_count), 0) as sent_count,
    coalesce(max(numbered.missing_count), 0) as missing_count
from seen
left join numbered
    on seen.tenant_id = numbered.tenant_id and seen.device_id = numbered.device_id
group by seen.tenant_id, seen.device_id
