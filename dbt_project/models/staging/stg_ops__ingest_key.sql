with source as (

    select * from {{ source('ops', 'ingest_key') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        event_id,
        batch_id,
        source_event_id,

        -- strings
        source,
        type as event_type
    from source

)

select * from renamed
