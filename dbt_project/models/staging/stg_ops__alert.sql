with source as (

    select * from {{ source('ops', 'alert') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        alert_id,
        site_id,
        device_id,
        person_id,

        -- strings
        type as alert_type,
        severity,
        state,

        -- numbers
        count as raised_count,

        -- times
        first_seen_at,
        last_seen_at,
        acked_at,
        resolved_at
    from source

)

select * from renamed
