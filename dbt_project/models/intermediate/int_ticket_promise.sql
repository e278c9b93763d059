-- A reopened ticket may have had several clocks of a kind: the newest one is its promise now.
with newest as (

    select distinct on (tenant_id, subject_id, kind) *
    from {{ ref('stg_ops__sla_clock') }}
    where subject_kind = 'ticket' and kind in ('first_response', 'resolve')
    order by tenant_id, subject_id, kind, started_at desc, clock_id

)

select
    coalesce(resolving.tenant_id, responding.tenant_id) as tenant_id,
    coalesce(resolving.subject_id, responding.subject_id) as ticket_id,
    resolving.state as sla_state,
    {{ verdict('resolving') }} as sla_met,
    resolving.due_at as sla_due_at,
    resolving.breached_at as sla_breached_at,
    resolving.elapsed_min as sla_elapsed_min,
    resolving.remaining_min as sla_remaining_min,
    responding.state as response_sla_state,
    responding.due_at as response_sla_due_at
from (select * from newest where kind = 'resolve') as resolving
full join (select * from newest where kind = 'first_response') as responding
    on resolving.tenant_id = responding.tenant_id
    and resolving.subject_id = responding.subject_id
