-- The assignment a stay names, or else the one it overlaps longest.
with candidates as (

    select
        stays.tenant_id,
        stays.person_id,
        stays.session_no,
        roster.assignment_id,
        roster.site_id,
        roster.local_date,
        least(stays.counted_until, roster.ends_at) - greatest(stays.started_at, roster.starts_at)
            as overlap
    from {{ ref('int_attendance_stay') }} as stays
    inner join {{ ref('int_attendance_roster') }} as roster
        on stays.tenant_id = roster.tenant_id and stays.person_id = roster.person_id
    where
        stays.assignment_id = roster.assignment_id
        or (
            stays.assignment_id is null
            and not coalesce(roster.is_declined, false)
            and coalesce(stays.site_id, roster.site_id) = roster.site_id
            and stays.started_at < roster.ends_at
            and greatest(stays.counted_until, stays.started_at + interval '1 minute')
            > roster.starts_at
        )

),

best as (

    select distinct on (tenant_id, person_id, session_no) *
    from candidates
    order by tenant_id, person_id, session_no, overlap desc, assignment_id

)

select
    stays.tenant_id,
    stays.person_id,
    stays.session_no,
    best.assignment_id,
    coalesce(best.site_id, stays.site_id, people.home_site_id) as site_id,
    coalesce(best.local_date, {{ local_date('stays.started_at') }}) as local_date,
    stays.started_at,
    stays.ended_at,
    stays.is_forgotten,
    stays.worked_min,
    stays.break_min
from {{ ref('int_attendance_stay') }} as stays
inner join {{ ref('int_tenant') }} as tenants on stays.tenant_id = tenants.tenant_id
left join best
    on stays.tenant_id = best.tenant_id
    and stays.person_id = best.person_id
    and stays.session_no = best.session_no
left join {{ ref('stg_ops__person') }} as people
    on stays.tenant_id = people.tenant_id and stays.person_id = people.person_id
left join {{ ref('int_site') }} as sites
    on stays.tenant_id = sites.tenant_id
    and sites.site_id = coalesce(best.site_id, stays.site_id, people.home_site_id)
