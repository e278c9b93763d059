select tenant_id, clock_id, state, started_at, stopped_at, due_at, breached_at
from {{ ref('fct_sla_clock') }}
where
    (is_met and (stopped_at is null or stopped_at > due_at))
    or (not is_met and coalesce(stopped_at, as_of_at) <= due_at)
