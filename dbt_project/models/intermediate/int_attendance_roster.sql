select
    assignments.tenant_id,
    assignments.assignment_id,
    assignments.person_id,
    shifts.site_id,
    shifts.starts_at,
    shifts.ends_at,
    assignments.status = 'declined' as is_declined,
    shifts.ends_at <= tenants.as_of_at as is_over,
    coalesce(shifts.local_date, {{ local_date('shifts.starts_at') }}) as local_date,
    exists (
        select 1
        from {{ ref('stg_ops__leave_request') }} as leaves
        where
            leaves.tenant_id = assignments.tenant_id
            and leaves.person_id = assignments.person_id
            and leaves.status = 'approved'
            and coalesce(leaves.from_at, '-infinity') < shifts.ends_at
            and coalesce(leaves.to_at, 'infinity') > shifts.starts_at
    ) as is_leave,
    exists (
        select 1
        from {{ ref('stg_ops__holiday') }} as holidays
        where
            holidays.tenant_id = sites.tenant_id
            and holidays.calendar_id = sites.calendar_id
            and holidays.kind in ('public', 'closed')
            and holidays.holiday_on
            = coalesce(shifts.local_date, {{ local_date('shifts.starts_at') }})
    ) as is_holiday
from {{ ref('stg_ops__shift_assignment') }} as assignments
inner join {{ ref('stg_ops__shift') }} as shifts
    on assignments.tenant_id = shifts.tenant_id and assignments.shift_id = shifts.shift_id
inner join {{ ref('int_tenant') }} as tenants on assignments.tenant_id = tenants.tenant_id
left join {{ ref('int_site') }} as sites
    on shifts.tenant_id = sites.tenant_id and shifts.site_id = sites.site_id
where
    assignments.person_id is not null
    and coalesce(assignments.status, 'assigned') not in ('swapped', 'cancelled')
    and coalesce(shifts.status, 'assigned') not in ('draft', 'cancelled')
    -- What has not started yet is a plan, not attendance.
    and shifts.starts_at <= tenants.as_of_at
