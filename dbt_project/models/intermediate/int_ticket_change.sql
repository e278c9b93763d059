with numbered as (

    -- A change carries only what it sets: what it leaves out stays as it was. Rows between two
    -- values of a column share the count of values so far.
    select
        *,
        row_number() over history as change_no,
        count(status) over history as status_epoch,
        count(group_id) over history as group_epoch,
        count(assignee_id) over history as assignee_epoch,
        count(priority) over history as priority_epoch
    from {{ ref('stg_ops__ticket_change') }}
    window history as (
        partition by tenant_id, ticket_id
        order by changed_at, event_id
        rows unbounded preceding
    )

),

carried as (

    select
        tenant_id,
        event_id,
        ticket_id,
        site_id,
        change_no,
        event_type,
        changed_at,
        received_at,
        reported_reassignment_count,
        max(status) over (partition by tenant_id, ticket_id, status_epoch) as status,
        max(priority) over (partition by tenant_id, ticket_id, priority_epoch) as priority,
        first_value(group_id) over (
            partition by tenant_id, ticket_id, group_epoch order by change_no
        ) as group_id,
        first_value(assignee_id) over (
            partition by tenant_id, ticket_id, assignee_epoch order by change_no
        ) as assignee_id
    from numbered

)

select
    *,
    lag(status) over history as previous_status,
    lag(group_id) over history as previous_group_id,
    lag(assignee_id) over history as previous_assignee_id,
    lag(changed_at) over history as previous_changed_at
from carried
window history as (partition by tenant_id, ticket_id order by change_no)
