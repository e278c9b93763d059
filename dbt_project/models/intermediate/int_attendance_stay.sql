with stays as (

    select
        tenant_id,
        person_id,
        session_no,
        min(clocked_at) as started_at,
        min(clocked_at) filter (where kind = 'clock_out') as clocked_out_at,
        (array_agg(site_id order by clocked_at) filter (where site_id is not null))[1] as site_id,
        (array_agg(assignment_id order by clocked_at) filter (where assignment_id is not null))[1]
            as assignment_id
    from {{ ref('int_attendance_clocking') }}
    where session_no > 0
    group by tenant_id, person_id, session_no

),

ended as (

    -- A stay that nothing ended counts while it may still run, and nothing once it was forgotten.
    select
        stays.*,
        case
            when stays.clocked_out_at <= stays.started_at + {{ longest_stay() }}
                then stays.clocked_out_at
        end as ended_at,
        case
            when stays.clocked_out_at <= stays.started_at + {{ longest_stay() }}
                then stays.clocked_out_at
            when tenants.as_of_at between stays.started_at and stays.started_at + {{ longest_stay() }}
                then tenants.as_of_at
            else stays.started_at
        end as counted_until
    from stays
    inner join {{ ref('int_tenant') }} as tenants on stays.tenant_id = tenants.tenant_id

),

breaks as (

    -- A break ends with whatever is clocked next.
    select
        ended.tenant_id,
        ended.person_id,
        ended.session_no,
        sum({{ minutes_between(
            'starts.clocked_at',
            'least(coalesce(starts.next_clocked_at, ended.counted_until), ended.counted_until)',
        ) }}) as break_min
    from ended
    inner join {{ ref('int_attendance_clocking') }} as starts
        on ended.tenant_id = starts.tenant_id
        and ended.person_id = starts.person_id
        and ended.session_no = starts.session_no
    where starts.kind = 'break_start' and starts.clocked_at < ended.counted_until
    group by ended.tenant_id, ended.person_id, ended.session_no

)

select
    ended.*,
    ended.ended_at is null and ended.counted_until = ended.started_at as is_forgotten,
    coalesce(breaks.break_min, 0) as break_min,
    {{ minutes_between('ended.started_at', 'ended.counted_until') }} - coalesce(breaks.break_min, 0)
        as worked_min
from ended
left join breaks
    on ended.tenant_id = breaks.tenant_id
    and ended.person_id = breaks.person_id
    and ended.session_no = breaks.session_no
