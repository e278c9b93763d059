select
    events.tenant_id,
    events.att_id,
    events.person_id,
    events.assignment_id,
    events.site_id,
    events.device_id,
    {{ local_date('events.clocked_at') }} as local_date,
    events.kind,
    events.method,
    events.clocked_at,
    events.received_at,
    events.geo,
    coalesce(events.is_mock, false) as is_mock,
    events.face_score,
    nullif(clockings.session_no, 0)::integer as session_no
from {{ ref('stg_ops__attendance_event') }} as events
inner join {{ ref('int_tenant') }} as tenants on events.tenant_id = tenants.tenant_id
left join {{ ref('int_site') }} as sites
    on events.tenant_id = sites.tenant_id and events.site_id = sites.site_id
left join {{ ref('int_attendance_clocking') }} as clockings
    on events.tenant_id = clockings.tenant_id and events.att_id = clockings.att_id
