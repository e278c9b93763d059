with source as (

    select * from {{ source('ops', 'client') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        client_id,

        -- strings
        code as client_code,
        name as client_name,
        tier as client_tier
    from source

)

select * from renamed
