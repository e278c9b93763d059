with source as (

    select * from {{ source('ops', 'device') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        device_id,

        -- strings
        code as device_code,
        kind,
        platform,
        model,
        os_version,
        app_version,
        status,

        -- numbers
        battery_health_pct,

        -- times
        last_event_at,
        in_service_on
    from source

)

select * from renamed
