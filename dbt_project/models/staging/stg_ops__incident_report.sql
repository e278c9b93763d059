with source as (

    select * from {{ source('ops', 'incident_report') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        ir_id,
        site_id,
        person_id,

        -- strings
        type as report_type,
        severity,
        status,

        -- times
        occurred_at,
        reported_at
    from source

)

select * from renamed
