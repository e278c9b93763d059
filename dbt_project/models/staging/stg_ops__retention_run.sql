with source as (

    select * from {{ source('ops', 'retention_run') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        run_id,

        -- strings
        record_type,
        verdict,

        -- times
        day
    from source

)

select * from renamed
