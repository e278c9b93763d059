with source as (

    select * from {{ source('ops', 'on_call_shift') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        on_call_id,
        person_id,
        backup_id,

        -- strings
        schedule_code,
        role,
        region,

        -- times
        from_at,
        to_at
    from source

)

select * from renamed
