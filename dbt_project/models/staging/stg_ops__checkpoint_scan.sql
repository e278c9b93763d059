with source as (

    select * from {{ source('ops', 'checkpoint_scan') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        scan_id,
        site_id,
        run_id,
        checkpoint_id,
        person_id,
        device_id,

        -- strings
        verdict,

        -- numbers
        lat,
        lon,
        accuracy_m,

        -- booleans
        offline as is_offline,

        -- times
        event_time as scanned_at,
        received_at
    from source

)

select * from renamed
