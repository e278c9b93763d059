with source as (

    select * from {{ source('ops', 'device_assignment') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        device_assignment_id,
        device_id,
        person_id,
        post_id,

        -- times
        from_at,
        to_at
    from source

)

select * from renamed
