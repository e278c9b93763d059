-- A clock that reached its target exactly and then waited stopped later and is met all the same.
select tenant_id, clock_id, state, started_at, stopped_at, due_at, breached_at
from {{ ref('fct_sla_clock') }}
where
    (is_met and (stopped_at is null or (stopped_at > due_at and elapsed_min <> target_min)))
    or (not is_met and coalesce(stopped_at, as_of_at) <= due_at)
