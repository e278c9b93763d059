with source as (

    select * from {{ source('ops', 'leave_request') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        leave_id,
        person_id,

        -- strings
        kind,
        status,

        -- times
        from_at,
        to_at
    from source

)

select * from renamed
