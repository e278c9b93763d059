select
    scans.*,
    checkpoints.checkpoint_code,
    coalesce(checkpoints.is_required and checkpoints.status is distinct from 'removed', false)
        as is_required,
    coalesce(scans.verdict, 'valid') in ('valid', 'out_of_order') as is_accepted,
    {{ distance_m('scans.lat', 'scans.lon', 'checkpoints.lat', 'checkpoints.lon') }} as distance_m
from {{ ref('stg_ops__checkpoint_scan') }} as scans
left join {{ ref('stg_ops__checkpoint') }} as checkpoints
    on scans.tenant_id = checkpoints.tenant_id and scans.checkpoint_id = checkpoints.checkpoint_id
