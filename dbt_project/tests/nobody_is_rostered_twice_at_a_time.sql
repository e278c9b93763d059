{{ config(severity='warn') }}
-- A warning: the roster is somebody else's, and we count what it says. But a plan may not overlap.
with ordered as (

    select
        tenant_id,
        person_id,
        assignment_id,
        starts_at,
        max(ends_at) over (
            partition by tenant_id, person_id order by starts_at, assignment_id
            rows between unbounded preceding and 1 preceding
        ) as busy_until
    from {{ ref('int_attendance_roster') }}
    where not is_declined

)

select tenant_id, person_id, assignment_id, starts_at, busy_until
from ordered
where starts_at < busy_until
