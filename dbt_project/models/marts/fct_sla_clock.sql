select
    clocks.tenant_id,
    clocks.clock_id,
    clocks.site_id,
    clocks.subject_kind,
    clocks.subject_id,
    clocks.kind,
    clocks.policy_id,
    policies.policy_code,
    clocks.started_at,
    clocks.stopped_at,
    clocks.due_at,
    clocks.state,
    clocks.breached_at,
    {{ verdict('clocks') }} as is_met,
    clocks.target_min,
    clocks.elapsed_min,
    clocks.remaining_min,
    coalesce(segments.counted_min, 0) as counted_min,
    coalesce(segments.waiting_min, 0) as waiting_min,
    coalesce(segments.segment_count, 0) as segment_count,
    clocks.as_of_at
from {{ ref('stg_ops__sla_clock') }} as clocks
left join {{ ref('stg_ops__sla_policy') }} as policies
    on clocks.tenant_id = policies.tenant_id and clocks.policy_id = policies.policy_id
left join {{ ref('int_sla_segment_total') }} as segments
    on clocks.tenant_id = segments.tenant_id and clocks.clock_id = segments.clock_id
