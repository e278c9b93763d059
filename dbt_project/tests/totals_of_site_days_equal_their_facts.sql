with days as (

    select
        tenant_id,
        sum(fixes) as fixes,
        sum(scans) as scans,
        sum(tickets_opened) as tickets_opened,
        sum(tickets_resolved) as tickets_resolved,
        sum(worked_min) as worked_min
    from {{ ref('mart_site_day') }}
    group by tenant_id

),

facts as (

    select tenant_id, 'fixes' as measure, sum(fix_count) as total
    from {{ ref('fct_gps_day') }}
    where site_id is not null
    group by tenant_id
    union all
    select tenant_id, 'scans', count(*)
    from {{ ref('fct_checkpoint_scan') }}
    where site_id is not null
    group by tenant_id
    union all
    select tenant_id, 'tickets_opened', count(*)
    from {{ ref('fct_ticket') }}
    where site_id is not null and opened_on is not null
    group by tenant_id
    union all
    select tenant_id, 'tickets_resolved', count(*)
    from {{ ref('fct_ticket') }}
    where site_id is not null and resolved_on is not null
    group by tenant_id
    union all
    select tenant_id, 'worked_min', sum(worked_min)
    from {{ ref('fct_attendance_day') }}
    where site_id is not null
    group by tenant_id

)

select facts.*, to_jsonb(days) ->> facts.measure as total_of_days
from facts
left join days on facts.tenant_id = days.tenant_id
where facts.total is distinct from (to_jsonb(days) ->> facts.measure)::numeric
