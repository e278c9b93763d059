with source as (

    select * from {{ source('ops', 'panic_event') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        panic_id,
        site_id,
        person_id,

        -- strings
        state,

        -- times
        triggered_at
    from source

)

select * from renamed
