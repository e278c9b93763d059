with source as (

    select * from {{ source('ops', 'ingest_quarantine') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        q_id,
        batch_id,

        -- strings
        reason_code,
        state,

        -- times
        first_at
    from source

)

select * from renamed
