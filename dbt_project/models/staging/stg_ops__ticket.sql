with source as (

    select * from {{ source('ops', 'ticket') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        ticket_id,
        client_id,
        site_id,
        group_id,
        assignee_id,

        -- strings
        number as ticket_number,
        requester_ref,
        channel,
        category,
        source_category,
        priority,
        subject,
        original_language,
        status,

        -- numbers
        impact,
        urgency,
        reassignment_count,
        reopen_count,

        -- booleans
        imported_sla_met,

        -- times
        opened_at,
        first_response_at,
        resolved_at,
        closed_at,
        state_time as state_at
    from source

)

select * from renamed
