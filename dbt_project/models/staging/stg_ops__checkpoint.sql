with source as (

    select * from {{ source('ops', 'checkpoint') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        checkpoint_id,
        site_id,

        -- strings
        code as checkpoint_code,
        status,

        -- numbers
        lat,
        lon,

        -- booleans
        required as is_required
    from source

)

select * from renamed
