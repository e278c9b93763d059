with source as (

    select * from {{ source('ops', 'sla_clock_segment') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        clock_id,

        -- strings
        reason,

        -- booleans
        counted as is_counted,

        -- times
        from_at,
        to_at
    from source

)

select * from renamed
