-- Both are sums of whole millimetres between the same positions, one made by SQL here, one by the
-- product. Compared where both stand on the same raw positions: no slot of the site waits for a
-- recomputation, and retention has not reached the day.
-- Grouped together and never joined: how many groups a sum leaves is what the planner guesses
-- worst, and a guess of one row compares every day with every other.
with sides as (

    select
        windows.tenant_id,
        windows.site_id,
        windows.person_id,
        (windows.slot_at at time zone sites.time_zone)::date as local_date,
        true as is_window,
        windows.distance_m,
        windows.valid_fix_count,
        windows.valid_fix_count + windows.invalid_fix_count as fix_count
    from {{ ref('stg_ops__signal_window') }} as windows
    inner join {{ ref('dim_site') }} as sites
        on windows.tenant_id = sites.tenant_id and windows.site_id = sites.site_id
    union all
    select
        tenant_id,
        site_id,
        person_id,
        local_date,
        false as is_window,
        distance_m,
        valid_fix_count,
        fix_count
    from {{ ref('fct_gps_day') }}
    where site_id is not null and person_id is not null

),

days as (

    select
        tenant_id,
        site_id,
        person_id,
        local_date,
        sum(distance_m) filter (where not is_window) as distance_m,
        sum(distance_m) filter (where is_window) as window_distance_m,
        sum(valid_fix_count) filter (where not is_window) as valid_fix_count,
        sum(valid_fix_count) filter (where is_window) as window_valid_fix_count,
        sum(fix_count) filter (where not is_window) as fix_count,
        sum(fix_count) filter (where is_window) as window_fix_count
    from sides
    group by tenant_id, site_id, person_id, local_date

),

thinned as (

    {{ last_deleted_days(ref('stg_ops__retention_run'), 'gps_fix') }}

)

select days.*
from days
left join thinned on days.tenant_id = thinned.tenant_id
where
    -- A day that only one of them knows makes these comparisons null.
    (
        abs(days.window_distance_m - days.distance_m) > 0.0005 * days.fix_count
        or days.window_fix_count <> days.fix_count
        or days.window_valid_fix_count <> days.valid_fix_count
    )
    and coalesce(days.local_date > thinned.last_day + 1, true)
    and (days.tenant_id, days.site_id) not in (
        select waiting.tenant_id, waiting.site_id from {{ ref('stg_ops__dirty_slot') }} as waiting
    )
