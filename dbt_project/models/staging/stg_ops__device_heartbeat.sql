with source as (

    select * from {{ source('ops', 'device_heartbeat') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        hb_id,
        site_id,
        device_id,

        -- times
        event_time as sent_at,
        received_at
    from source

)

select * from renamed
