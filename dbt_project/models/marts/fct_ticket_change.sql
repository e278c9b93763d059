select
    tenant_id,
    event_id,
    ticket_id,
    site_id,
    change_no::integer as change_no,
    event_type,
    changed_at,
    received_at,
    status,
    previous_status,
    group_id,
    previous_group_id,
    assignee_id,
    previous_assignee_id,
    priority,
    reported_reassignment_count,
    coalesce(status <> previous_status, false) as is_status_change,
    coalesce(group_id <> previous_group_id, false) as is_group_change,
    coalesce(assignee_id <> previous_assignee_id, false) as is_assignee_change,
    coalesce(
        previous_status in ('resolved', 'closed')
        and status not in ('resolved', 'closed', 'cancelled', 'merged'),
        false
    ) as is_reopening,
    {{ minutes_between('previous_changed_at', 'changed_at') }} as since_previous_min
from {{ ref('int_ticket_change') }}
