{{ config(materialized='ephemeral') }}
select
    tenant_id,
    site_id,
    local_date,
    count(*) filter (where rostered_min > 0)::integer as people_rostered,
    count(*) filter (where session_count > 0)::integer as people_present,
    count(*) filter (where late_min > {{ var('attendance_grace_min') }})::integer as people_late,
    count(*) filter (where status = 'no_show')::integer as no_shows,
    sum(worked_min)::integer as worked_min
from {{ ref('fct_attendance_day') }}
where site_id is not null
group by 1, 2, 3
