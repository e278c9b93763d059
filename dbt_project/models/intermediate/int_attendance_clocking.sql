with clockings as (

    select
        *,
        kind in ('clock_in', 'clock_out') as is_in_or_out,
        -- At the same instant, leaving comes before coming.
        case kind when 'clock_in' then 1 else 0 end as rank_at_instant
    from {{ ref('stg_ops__attendance_event') }}
    where kind <> 'correction'

),

preceded as (

    select
        *,
        lag(kind) over same_sort as previous_kind,
        lag(clocked_at) over same_sort as previous_at
    from clockings
    window same_sort as (
        partition by tenant_id, person_id, is_in_or_out
        order by clocked_at, rank_at_instant, att_id
    )

),

opened as (

    -- Clocking in twice does not start a second stay, unless the first was forgotten long ago.
    select
        *,
        kind = 'clock_in'
        and (
            coalesce(previous_kind, 'clock_out') = 'clock_out'
            or clocked_at - previous_at > {{ longest_stay() }}
        ) as is_opening
    from preceded

)

select
    tenant_id,
    att_id,
    person_id,
    assignment_id,
    site_id,
    kind,
    clocked_at,
    count(*) filter (where is_opening) over (
        partition by tenant_id, person_id
        order by clocked_at, rank_at_instant, att_id
        rows unbounded preceding
    ) as session_no,
    lead(clocked_at) over (
        partition by tenant_id, person_id order by clocked_at, rank_at_instant, att_id
    ) as next_clocked_at
from opened
