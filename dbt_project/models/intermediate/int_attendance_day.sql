with attended as (

    select
        tenant_id,
        assignment_id,
        min(started_at) as first_in_at,
        -- Unknown as long as any stay has no end.
        case when bool_and(ended_at is not null) then max(ended_at) end as last_out_at
    from {{ ref('int_attendance_match') }}
    where assignment_id is not null
    group by tenant_id, assignment_id

),

parts as (

    select
        roster.tenant_id, roster.person_id, roster.site_id, roster.local_date,
        case
            when roster.is_declined then 0
            else {{ minutes_between('roster.starts_at', 'roster.ends_at') }}
        end as rostered_min,
        greatest({{ minutes_between('roster.starts_at', 'attended.first_in_at') }}, 0) as late_min,
        case
            when roster.is_over
                then greatest({{ minutes_between('attended.last_out_at', 'roster.ends_at') }}, 0)
        end as early_leave_min,
        0::double precision as worked_min,
        0::double precision as break_min,
        null::timestamptz as started_at,
        null::timestamptz as ended_at,
        false as is_stay,
        false as is_forgotten,
        roster.is_over, roster.is_declined, roster.is_leave, roster.is_holiday
    from {{ ref('int_attendance_roster') }} as roster
    left join attended
        on roster.tenant_id = attended.tenant_id and roster.assignment_id = attended.assignment_id
    union all
    select
        tenant_id, person_id, site_id, local_date, 0, 0, 0, worked_min, break_min,
        started_at, ended_at, true, is_forgotten, null, null, null, null
    from {{ ref('int_attendance_match') }}

)

select
    tenant_id,
    person_id,
    site_id,
    local_date,
    floor(sum(rostered_min))::integer as rostered_min,
    floor(sum(worked_min))::integer as worked_min,
    floor(sum(break_min))::integer as break_min,
    floor(coalesce(sum(late_min), 0))::integer as late_min,
    floor(coalesce(sum(early_leave_min), 0))::integer as early_leave_min,
    min(started_at) as first_in_at,
    max(ended_at) as last_out_at,
    count(*) filter (where is_stay)::integer as session_count,
    count(*) filter (where is_forgotten)::integer as missing_out_count,
    coalesce(bool_and(is_over), true) as is_over,
    coalesce(bool_and(is_declined), false) as is_declined,
    coalesce(bool_or(is_leave), false) as is_leave,
    coalesce(bool_or(is_holiday), false) as is_holiday,
    count(*) filter (where not is_stay) > 0 as is_rostered
from parts
group by tenant_id, person_id, site_id, local_date
