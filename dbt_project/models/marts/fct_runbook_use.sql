with moves as (

    select
        tenant_id,
        finding_id,
        min(done_at) filter (where party = 'person') as first_worked_at,
        (array_agg(actor order by ordinal) filter (where party = 'person'))[1] as first_worked_by,
        (array_agg(runbook_id order by ordinal) filter (where party = 'person'))[1] as runbook_id,
        (array_agg(to_value order by ordinal desc))[1] as last_state,
        (array_agg(party order by ordinal desc))[1] as last_party,
        (array_agg(actor order by ordinal desc))[1] as last_actor,
        (array_agg(done_at order by ordinal desc))[1] as last_moved_at,
        count(*) filter (where move = 'reopen') as reopening_count
    from {{ ref('stg_ops__finding_event') }}
    where event = 'moved'
    group by tenant_id, finding_id
    having bool_or(party = 'person')

),

closed as (

    select
        *,
        last_state in ('resolved', 'false_positive', 'superseded') as is_closed
    from moves

)

select
    closed.tenant_id,
    closed.finding_id,
    closed.runbook_id,
    runbooks.runbook_code,
    runbooks.origin as runbook_origin,
    findings.site_id,
    findings.finding_type,
    findings.category,
    findings.severity,
    findings.detected_at,
    closed.first_worked_by,
    closed.first_worked_at,
    {{ minutes_between('findings.detected_at', 'closed.first_worked_at') }} as response_min,
    case when closed.is_closed then closed.last_state else 'open' end as outcome,
    case when closed.is_closed then closed.last_actor end as closed_by,
    case when closed.is_closed then closed.last_moved_at end as closed_at,
    case
        when closed.is_closed
            then {{ minutes_between('closed.first_worked_at', 'closed.last_moved_at') }}
    end as work_min,
    closed.reopening_count::integer as reopening_count,
    case
        when closed.is_closed
            then
                closed.last_state = 'resolved'
                and closed.last_party = 'person'
                and closed.reopening_count = 0
    end as is_success
from closed
inner join {{ ref('stg_ops__finding') }} as findings
    on
        closed.tenant_id = findings.tenant_id
        and closed.finding_id = findings.finding_id
left join {{ ref('stg_ops__runbook') }} as runbooks
    on
        closed.tenant_id = runbooks.tenant_id
        and closed.runbook_id = runbooks.runbook_id
