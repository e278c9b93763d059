with history as (

    select
        tenant_id,
        ticket_id,
        count(*)::integer as change_count,
        count(*) filter (where is_group_change)::integer as group_change_count,
        count(*) filter (where is_assignee_change)::integer as assignee_change_count,
        count(*) filter (where is_reopening)::integer as reopening_count
    from {{ ref('fct_ticket_change') }}
    group by tenant_id, ticket_id

)

select
    tickets.tenant_id,
    tickets.ticket_id,
    tickets.ticket_number,
    tickets.client_id,
    tickets.site_id,
    tickets.requester_ref,
    tickets.channel,
    tickets.category,
    tickets.source_category,
    tickets.priority,
    tickets.impact,
    tickets.urgency,
    tickets.subject,
    tickets.original_language,
    tickets.group_id,
    support_groups.group_code,
    coalesce(support_groups.group_name, support_groups.group_code) as group_name,
    tickets.assignee_id,
    tickets.status,
    tickets.is_open,
    tickets.opened_at,
    tickets.opened_on,
    tickets.first_response_at,
    tickets.resolved_at,
    tickets.resolved_on,
    tickets.closed_at,
    tickets.ended_at,
    tickets.as_of_at,
    tickets.age_min,
    tickets.first_response_min,
    tickets.resolution_min,
    coalesce(history.change_count, 0) as change_count,
    tickets.reassignment_count,
    coalesce(history.group_change_count, 0) as group_change_count,
    coalesce(history.assignee_change_count, 0) as assignee_change_count,
    tickets.reopen_count,
    coalesce(history.reopening_count, 0) as reopening_count,
    tickets.imported_sla_met,
    promises.sla_state,
    promises.sla_met,
    promises.sla_due_at,
    promises.sla_breached_at,
    promises.sla_elapsed_min::double precision as sla_elapsed_min,
    promises.sla_remaining_min::double precision as sla_remaining_min,
    tickets.imported_sla_met = promises.sla_met as is_sla_agreed,
    promises.response_sla_state,
    promises.response_sla_due_at
from {{ ref('int_ticket') }} as tickets
left join {{ ref('stg_ops__support_group') }} as support_groups
    on tickets.tenant_id = support_groups.tenant_id
    and tickets.group_id = support_groups.group_id
left join history
    on tickets.tenant_id = history.tenant_id and tickets.ticket_id = history.ticket_id
left join {{ ref('int_ticket_promise') }} as promises
    on tickets.tenant_id = promises.tenant_id and tickets.ticket_id = promises.ticket_id
