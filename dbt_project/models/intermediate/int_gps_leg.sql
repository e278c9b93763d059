with fixes as (

    select
        *,
        coalesce(is_valid, true) as is_good,
        -- A person is one walker, whichever device is carried; without one, the device is.
        coalesce(person_id, device_id) as walker_id
    from {{ ref('stg_ops__gps_fix') }}

),

preceded as (

    select
        *,
        lag(fixed_at) over way as previous_at,
        lag(lat) over way as previous_lat,
        lag(lon) over way as previous_lon
    from fixes
    window way as (
        partition by tenant_id, site_id, walker_id, is_good order by fixed_at, fix_id
    )

)

select
    tenant_id,
    fix_id,
    site_id,
    person_id,
    device_id,
    fixed_at,
    is_good,
    case when is_good then extract(epoch from fixed_at - previous_at)::double precision end
        as wait_s,
    case
        when is_good and fixed_at - previous_at <= interval '{{ var("gps_gap_s") }} seconds'
            then {{ distance_m('previous_lat', 'previous_lon', 'lat', 'lon') }}
    end as distance_m
from preceded
