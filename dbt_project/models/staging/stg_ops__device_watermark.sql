with source as (

    select * from {{ source('ops', 'device_watermark') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        device_id,
        boot_id,

        -- numbers
        first_seq,
        last_seq,
        seen_count,

        -- times
        last_event_at
    from source

)

select * from renamed
