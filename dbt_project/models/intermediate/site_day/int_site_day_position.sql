{{ config(materialized='ephemeral') }}
select
    tenant_id,
    site_id,
    local_date,
    sum(fix_count)::integer as fixes,
    sum(valid_fix_count)::integer as valid_fixes,
    count(distinct person_id)::integer as gps_people,
    sum(distance_m)::double precision as distance_m
from {{ ref('fct_gps_day') }}
where site_id is not null
group by 1, 2, 3
