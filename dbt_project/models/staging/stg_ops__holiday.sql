with source as (

    select * from {{ source('ops', 'holiday') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        holiday_id,
        calendar_id,

        -- strings
        kind,

        -- times
        holiday_on
    from source

)

select * from renamed
