with fixes as (

    select
        fixes.tenant_id,
        fixes.fix_id,
        fixes.site_id,
        fixes.device_id,
        fixes.fixed_at,
        fixes.lat,
        fixes.lon,
        coalesce(fixes.person_id, holders.person_id) as person_id,
        coalesce(fixes.is_valid, true)
        and not coalesce(fixes.is_outdated, false)
        and coalesce(fixes.accuracy_m <= {{ var('gps_max_accuracy_m') }}, true) as is_good
    from {{ ref('stg_ops__gps_fix') }} as fixes
    left join lateral (

        -- Who last got the device, unless it was handed back since.
        select
            case when assignments.to_at is null or fixes.fixed_at < assignments.to_at
                then assignments.person_id end as person_id
        from {{ ref('stg_ops__device_assignment') }} as assignments
        where
            fixes.person_id is null
            and assignments.tenant_id = fixes.tenant_id
            and assignments.device_id = fixes.device_id
            and assignments.person_id is not null
            and coalesce(assignments.from_at, '-infinity') <= fixes.fixed_at
        order by assignments.from_at desc nulls last, assignments.person_id desc
        limit 1

    ) as holders on true

),

preceded as (

    -- A person is one walker, whichever device is carried; without one, the device is.
    select
        *,
        lag(fixed_at) over way as previous_at,
        lag(lat) over way as previous_lat,
        lag(lon) over way as previous_lon
    from fixes
    window way as (
        partition by tenant_id, site_id, coalesce(person_id, device_id), is_good
        order by fixed_at, fix_id
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
