with source as (

    select * from {{ source('ops', 'ingest_batch') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        batch_id,

        -- strings
        kind as batch_kind,
        origin,
        mapping,
        state,

        -- numbers
        rows as offered_count,
        accepted as accepted_count,
        duplicate as duplicate_count,
        quarantined as quarantined_count,

        -- times
        started_at,
        finished_at,
        first_event_time as first_event_at,
        last_event_time as last_event_at
    from source

)

select * from renamed
