-- From the raw scans, not from the counts that the judgement was made of. A tour that plans
-- fewer checkpoints than its site requires is not meant to visit them all.
with required as (

    select
        *,
        count(*) over (partition by tenant_id, site_id) as required_count
    from {{ ref('stg_ops__checkpoint') }}
    where is_required and status is distinct from 'removed'

)

select runs.tenant_id, runs.run_id, required.checkpoint_code
from {{ ref('fct_tour_run') }} as runs
inner join required
    on runs.tenant_id = required.tenant_id
    and runs.site_id = required.site_id
    and runs.checkpoints_planned >= required.required_count
left join {{ ref('fct_checkpoint_scan') }} as scans
    on runs.tenant_id = scans.tenant_id
    and runs.run_id = scans.run_id
    and required.checkpoint_id = scans.checkpoint_id
    and scans.is_accepted
where runs.outcome = 'completed' and scans.scan_id is null
