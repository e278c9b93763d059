-- Both are sums of whole millimetres between the same positions, one made by SQL here, one by the
-- product. Compared where both stand on the same raw positions: no slot of the site waits for a
-- recomputation, and retention has not reached the day.
with windows as (

    select
        windows.tenant_id,
        windows.site_id,
        windows.person_id,
        (windows.slot_at at time zone sites.time_zone)::date as local_date,
        sum(windows.distance_m) as distance_m,
        sum(windows.valid_fix_count) as valid_fix_count,
        sum(windows.valid_fix_count + windows.invalid_fix_count) as fix_count
    from {{ ref('stg_ops__signal_window') }} as windows
    inner join {{ ref('dim_site') }} as sites
        on windows.tenant_id = sites.tenant_id and windows.site_id = sites.site_id
    group by 1, 2, 3, 4

),

positions as (

    select
        tenant_id,
        site_id,
        person_id,
        local_date,
        sum(distance_m) as distance_m,
        sum(valid_fix_count) as valid_fix_count,
        sum(fix_count) as fix_count
    from {{ ref('fct_gps_day') }}
    where site_id is not null and person_id is not null
    group by 1, 2, 3, 4

),

thinned as (

    {{ last_deleted_days(ref('stg_ops__retention_run'), 'gps_fix') }}

)

select positions.*, windows.distance_m as window_distance_m, windows.fix_count as window_fix_count
from positions
inner join windows using (tenant_id, site_id, person_id, local_date)
left join thinned using (tenant_id)
where
    (
        abs(windows.distance_m - positions.distance_m) > 0.0005 * positions.fix_count
        or windows.fix_count <> positions.fix_count
        or windows.valid_fix_count <> positions.valid_fix_count
    )
    and coalesce(positions.local_date > thinned.last_day + 1, true)
    and not exists (
        select 1
        from {{ ref('stg_ops__dirty_slot') }} as waiting
        where waiting.tenant_id = positions.tenant_id and waiting.site_id = positions.site_id
    )
