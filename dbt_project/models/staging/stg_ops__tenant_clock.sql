with source as (

    select * from {{ source('ops', 'tenant_clock') }}

),

renamed as (

    select
        -- ids
        tenant_id,

        -- times
        latest_event_time as as_of_at
    from source

)

select * from renamed
