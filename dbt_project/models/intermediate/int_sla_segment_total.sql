select
    tenant_id,
    clock_id,
    count(*)::integer as segment_count,
    coalesce(sum({{ minutes_between('from_at', 'to_at') }}) filter (where is_counted), 0)
        as counted_min,
    coalesce(sum({{ minutes_between('from_at', 'to_at') }}) filter (where not is_counted), 0)
        as waiting_min
from {{ ref('stg_ops__sla_clock_segment') }}
group by tenant_id, clock_id
