{{ config(materialized='ephemeral') }}
with moments as (

    select tenant_id, site_id, local_date,
        1 as scans, is_accepted::integer as accepted_scans,
        0 as tours_due, 0 as tours_completed, 0 as tours_missed,
        0 as tasks_due, 0 as tasks_done, 0 as tasks_overdue
    from {{ ref('fct_checkpoint_scan') }}
    union all
    select tenant_id, site_id, local_date, 0, 0,
        1, (outcome = 'completed')::integer, (outcome = 'missed')::integer, 0, 0, 0
    from {{ ref('fct_tour_run') }}
    where outcome not in ('excused', 'cancelled')
    union all
    select tenant_id, site_id, local_date, 0, 0, 0, 0, 0,
        1, is_done::integer, is_overdue::integer
    from {{ ref('fct_task') }}
    where due_at is not null and coalesce(status, '') not in ('skipped', 'cancelled')

)

select
    tenant_id,
    site_id,
    local_date,
    sum(scans)::integer as scans,
    sum(accepted_scans)::integer as accepted_scans,
    sum(tours_due)::integer as tours_due,
    sum(tours_completed)::integer as tours_completed,
    sum(tours_missed)::integer as tours_missed,
    sum(tasks_due)::integer as tasks_due,
    sum(tasks_done)::integer as tasks_done,
    sum(tasks_overdue)::integer as tasks_overdue
from moments
where site_id is not null and local_date is not null
group by 1, 2, 3
