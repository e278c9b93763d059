with source as (

    select * from {{ source('ops', 'tenant') }}

),

renamed as (

    select
        -- ids
        tenant_id,

        -- strings
        slug as tenant_slug,
        name as tenant_name,
        default_tz,
        clock_mode
    from source

)

select * from renamed
