with tasks as (

    select
        tasks.*,
        tenants.as_of_at,
        tasks.completed_at is not null or coalesce(tasks.status = 'completed', false) as is_done,
        coalesce(tasks.status in ('skipped', 'cancelled'), false) as is_dropped,
        {{ local_date('coalesce(tasks.due_at, tasks.completed_at)') }} as local_date
    from {{ ref('stg_ops__task') }} as tasks
    inner join {{ ref('int_tenant') }} as tenants on tasks.tenant_id = tenants.tenant_id
    left join {{ ref('int_site') }} as sites
        on tasks.tenant_id = sites.tenant_id and tasks.site_id = sites.site_id

),

timed as (

    select
        *,
        case
            when is_done and completed_at > due_at then completed_at
            when not is_done and not is_dropped and as_of_at > due_at then as_of_at
        end as late_until
    from tasks

)

select
    tenant_id,
    task_id,
    site_id,
    kind,
    title,
    priority,
    assignee_id,
    status,
    local_date,
    due_at,
    completed_at,
    est_min,
    is_done,
    late_until is not null as is_overdue,
    {{ minutes_between('due_at', 'late_until') }} as late_min,
    as_of_at
from timed
