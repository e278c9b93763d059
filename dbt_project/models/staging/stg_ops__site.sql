with source as (

    select * from {{ source('ops', 'site') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        site_id,
        client_id,
        calendar_id,

        -- strings
        code as site_code,
        name as site_name,
        archetype,
        tz,
        region,
        network_operator,
        gps_expectation,
        status,

        -- numbers
        lat,
        lon,
        risk_tier,
        criticality
    from source

)

select * from renamed
