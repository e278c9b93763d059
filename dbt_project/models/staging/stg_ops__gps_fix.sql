with source as (

    select * from {{ source('ops', 'gps_fix') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        fix_id,
        site_id,
        person_id,
        device_id,

        -- numbers
        lat,
        lon,
        accuracy_m,

        -- booleans
        valid as is_valid,
        outdated as is_outdated,

        -- times
        fix_time as fixed_at,
        received_at
    from source

)

select * from renamed
