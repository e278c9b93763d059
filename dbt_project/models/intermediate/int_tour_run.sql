with runs as (

    select
        runs.*,
        counts.checkpoints_planned as planned,
        counts.checkpoints_scanned,
        counts.required_missing_count,
        counts.scan_count,
        counts.refused_scan_count,
        -- Which checkpoints a tour visits is not in the dictionary. One that plans fewer than
        -- the site requires cannot be meant to visit them all.
        counts.checkpoints_scanned >= counts.checkpoints_planned
        and counts.checkpoints_planned > 0
        and (
            counts.required_missing_count = 0
            or counts.checkpoints_planned < counts.required_count
        ) as is_complete,
        runs.ended_at is not null
        or coalesce(runs.status in ('completed', 'partial', 'missed', 'abandoned'), false)
            as is_over
    from {{ ref('stg_ops__tour_run') }} as runs
    inner join {{ ref('int_tour_run_scan') }} as counts
        on runs.tenant_id = counts.tenant_id and runs.run_id = counts.run_id

)

select
    runs.*,
    case
        when runs.status in ('excused', 'cancelled') then runs.status
        when runs.is_complete then 'completed'
        when runs.is_over and runs.checkpoints_scanned > 0 then 'partial'
        when runs.is_over then 'missed'
        when runs.checkpoints_scanned > 0 or runs.started_at is not null then 'in_progress'
        when runs.window_end_at < tenants.as_of_at then 'missed'
        else 'pending'
    end as outcome
from runs
inner join {{ ref('int_tenant') }} as tenants on runs.tenant_id = tenants.tenant_id
