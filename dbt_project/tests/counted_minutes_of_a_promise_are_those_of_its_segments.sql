select tenant_id, clock_id, elapsed_min, counted_min
from {{ ref('fct_sla_clock') }}
where segment_count > 0 and abs(elapsed_min - counted_min) > 1
