with source as (

    select * from {{ source('ops', 'shift') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        shift_id,
        site_id,

        -- strings
        status,

        -- times
        starts_at,
        ends_at,
        local_date
    from source

)

select * from renamed
