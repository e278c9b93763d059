with source as (

    select * from {{ source('ops', 'signal_window') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        site_id,
        person_id,

        -- numbers
        g_valid as valid_fix_count,
        g_invalid as invalid_fix_count,
        distance_m,

        -- times
        slot as slot_at
    from source

)

select * from renamed
