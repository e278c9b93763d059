with source as (

    select * from {{ source('ops', 'finding_event') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        finding_id,
        runbook_id,

        -- strings
        event,
        move,
        from_value,
        to_value,
        party,
        actor,
        reason,

        -- numbers
        ordinal,

        -- times
        done_at
    from source

)

select * from renamed
