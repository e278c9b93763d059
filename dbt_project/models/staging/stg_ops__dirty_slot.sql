with source as (

    select * from {{ source('ops', 'dirty_slot') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        site_id,

        -- times
        slot as slot_at
    from source

)

select * from renamed
