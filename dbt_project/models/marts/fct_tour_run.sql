select
    runs.tenant_id,
    runs.run_id,
    runs.site_id,
    runs.tour_id,
    tours.tour_name,
    tours.tour_kind,
    coalesce(tours.is_mandatory, false) as is_mandatory,
    runs.person_id,
    runs.assignment_id,
    {{ local_date('coalesce(runs.due_at, runs.started_at)') }} as local_date,
    runs.due_at,
    runs.window_end_at,
    runs.started_at,
    runs.ended_at,
    runs.status,
    runs.outcome,
    case
        when runs.outcome not in ('in_progress', 'pending')
            and runs.status not in ('scheduled', 'due', 'in_progress')
            then runs.outcome = replace(runs.status, 'abandoned', 'partial')
    end as is_agreed,
    runs.planned as checkpoints_planned,
    runs.checkpoints_reported,
    runs.checkpoints_scanned,
    runs.required_missing_count,
    least(100.0 * runs.checkpoints_scanned / nullif(runs.planned, 0), 100)::double precision
        as completion_pct,
    runs.scan_count,
    runs.refused_scan_count,
    {{ minutes_between('runs.due_at', 'runs.started_at') }} as start_delay_min,
    {{ minutes_between('runs.started_at', 'runs.ended_at') }} as duration_min,
    tours.planned_min
from {{ ref('int_tour_run') }} as runs
inner join {{ ref('int_tenant') }} as tenants on runs.tenant_id = tenants.tenant_id
left join {{ ref('int_site') }} as sites
    on runs.tenant_id = sites.tenant_id and runs.site_id = sites.site_id
left join {{ ref('stg_ops__tour_template') }} as tours
    on runs.tenant_id = tours.tenant_id and runs.tour_id = tours.tour_id
