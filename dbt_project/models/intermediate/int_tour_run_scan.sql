with required as (

    select tenant_id, site_id, count(*) as required_count
    from {{ ref('stg_ops__checkpoint') }}
    where is_required and status is distinct from 'removed'
    group by tenant_id, site_id

),

scanned as (

    select
        tenant_id,
        run_id,
        count(*) as scan_count,
        count(*) filter (where not is_accepted) as refused_count,
        count(distinct checkpoint_id) filter (where is_accepted) as checkpoint_count,
        count(distinct checkpoint_id) filter (where is_accepted and is_required) as required_count
    from {{ ref('int_checkpoint_scan') }}
    where run_id is not null
    group by tenant_id, run_id

)

select
    runs.tenant_id,
    runs.run_id,
    coalesce(runs.checkpoints_planned, required.required_count)::integer as checkpoints_planned,
    coalesce(scanned.checkpoint_count, 0)::integer as checkpoints_scanned,
    coalesce(required.required_count, 0)::integer as required_count,
    greatest(coalesce(required.required_count, 0) - coalesce(scanned.required_count, 0), 0)::integer
        as required_missing_count,
    coalesce(scanned.scan_count, 0)::integer as scan_count,
    coalesce(scanned.refused_count, 0)::integer as refused_scan_count
from {{ ref('stg_ops__tour_run') }} as runs
left join required on runs.tenant_id = required.tenant_id and runs.site_id = required.site_id
left join scanned on runs.tenant_id = scanned.tenant_id and runs.run_id = scanned.run_id
