with source as (

    select * from {{ source('ops', 'ingest_event') }}
    where table_name = 'ticket'

),

renamed as (

    select
        -- ids
        tenant_id,
        event_id,
        entity_id as ticket_id,
        site_id,
        (payload ->> 'group_id')::uuid as group_id,
        (payload ->> 'assignee_id')::uuid as assignee_id,

        -- strings
        type as event_type,
        payload ->> 'status' as status,
        payload ->> 'priority' as priority,

        -- numbers
        (payload ->> 'reassignment_count')::integer as reported_reassignment_count,

        -- times
        event_time as changed_at,
        received_at
    from source

)

select * from renamed
