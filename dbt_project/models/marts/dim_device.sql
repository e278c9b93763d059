with holders as (

    -- Two holders at once are evidence elsewhere; here the newest assignment wins.
    select distinct on (held.tenant_id, held.device_id)
        held.tenant_id,
        held.device_id,
        held.person_id,
        held.post_id
    from {{ ref('stg_ops__device_assignment') }} as held
    inner join {{ ref('int_tenant') }} as tenants on held.tenant_id = tenants.tenant_id
    where
        coalesce(held.from_at, '-infinity') <= tenants.as_of_at
        and coalesce(held.to_at, 'infinity') > tenants.as_of_at
    order by held.tenant_id, held.device_id, held.from_at desc nulls last, held.device_assignment_id

)

select
    devices.tenant_id,
    devices.device_id,
    devices.device_code,
    devices.kind,
    devices.platform,
    devices.model,
    devices.os_version,
    devices.app_version,
    devices.status,
    devices.battery_health_pct,
    devices.in_service_on,
    holders.person_id,
    holders.post_id,
    greatest(devices.last_event_at, reports.last_event_at) as last_event_at,
    coalesce(reports.sent_count, 0) as sent_count,
    coalesce(reports.missing_count, 0) as missing_count,
    100.0::double precision * reports.missing_count / nullif(reports.sent_count, 0) as missing_pct
from {{ ref('stg_ops__device') }} as devices
left join holders
    on devices.tenant_id = holders.tenant_id and devices.device_id = holders.device_id
left join {{ ref('int_device_report') }} as reports
    on devices.tenant_id = reports.tenant_id and devices.device_id = reports.device_id
