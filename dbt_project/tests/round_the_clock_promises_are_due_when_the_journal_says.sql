-- The product computes due times in Python; this is the same promise told in SQL, from the journal
-- alone, for promises that count every hour. It waits for the requester, a vendor or parts, and
-- between a resolution and its reopening; the most urgent tickets never wait.
with promises as (

    select
        clocks.tenant_id,
        clocks.clock_id,
        clocks.subject_id as ticket_id,
        clocks.started_at,
        clocks.due_at,
        clocks.as_of_at,
        clocks.target_min * interval '1 minute' as target,
        coalesce(clocks.stopped_at, clocks.as_of_at) as end_at,
        known.priority
    from {{ ref('fct_sla_clock') }} as clocks
    inner join {{ ref('fct_ticket') }} as tickets
        on clocks.tenant_id = tickets.tenant_id and clocks.subject_id = tickets.ticket_id
    inner join lateral (

        -- The priority that the ticket had when it ended decides about all of its life.
        select changes.priority
        from {{ ref('fct_ticket_change') }} as changes
        where changes.tenant_id = clocks.tenant_id and changes.ticket_id = clocks.subject_id
        order by
            case when changes.changed_at < coalesce(tickets.ended_at, 'infinity')
                then changes.change_no end desc nulls last,
            changes.change_no
        limit 1

    ) as known on true
    inner join lateral (

        -- A category's own target comes before the general one of its priority.
        select targets.is_round_the_clock
        from {{ ref('stg_ops__sla_target') }} as targets
        where
            targets.tenant_id = clocks.tenant_id
            and targets.policy_id = clocks.policy_id
            and targets.priority = known.priority
            and (targets.category is null or targets.category = tickets.category)
        order by targets.category nulls last
        limit 1

    ) as targets on targets.is_round_the_clock

),

moves as (

    select tenant_id, clock_id, started_at as from_at, 0 as change_no, 'new' as status
    from promises
    union all
    select
        promises.tenant_id,
        promises.clock_id,
        greatest(changes.changed_at, promises.started_at),
        changes.change_no,
        coalesce(changes.status, 'new')
    from promises
    inner join {{ ref('fct_ticket_change') }} as changes
        on promises.tenant_id = changes.tenant_id
        and promises.ticket_id = changes.ticket_id
        and changes.changed_at <= promises.as_of_at

),

stretches as (

    select
        *,
        status in ('resolved', 'closed', 'cancelled', 'merged') as is_terminal,
        lead(from_at, 1, 'infinity') over (
            partition by tenant_id, clock_id order by from_at, change_no
        ) as to_at
    from moves

),

ticking as (

    select
        promises.*,
        stretches.from_at,
        least(stretches.to_at, promises.end_at) - stretches.from_at as counted,
        sum(least(stretches.to_at, promises.end_at) - stretches.from_at) over (
            partition by promises.tenant_id, promises.clock_id
            order by stretches.from_at, stretches.change_no
        ) as counted_so_far
    from promises
    inner join (
        select
            *,
            max(from_at) filter (where not is_terminal and to_at > from_at) over (
                partition by tenant_id, clock_id
            ) as last_active_at
        from stretches
    ) as stretches
        on promises.tenant_id = stretches.tenant_id and promises.clock_id = stretches.clock_id
    where
        stretches.from_at < least(stretches.to_at, promises.end_at)
        and (
            promises.priority = 'P1'
            or not (
                stretches.status like 'pending%'
                or (stretches.is_terminal and stretches.from_at < stretches.last_active_at)
            )
        )

),

expected as (

    select
        promises.tenant_id,
        promises.clock_id,
        promises.due_at,
        coalesce(
            min(ticking.from_at + ticking.target - (ticking.counted_so_far - ticking.counted))
                filter (where ticking.counted_so_far >= ticking.target),
            promises.end_at + promises.target - coalesce(max(ticking.counted_so_far), '0 seconds')
        ) as due_by_journal
    from promises
    left join ticking
        on promises.tenant_id = ticking.tenant_id and promises.clock_id = ticking.clock_id
    group by promises.tenant_id, promises.clock_id, promises.due_at, promises.end_at, promises.target

)

select *
from expected
where abs(extract(epoch from due_at - due_by_journal)) > 1
