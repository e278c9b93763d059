{{ config(severity='warn') }}
-- A warning, like that about rosters: the plan is somebody else's. But where two are on call for
-- one schedule, role and region, nobody can say whom an escalation reaches. A period that names no
-- end lasts until the next one begins.
with ordered as (

    select
        tenant_id,
        on_call_id,
        schedule_code,
        role,
        region,
        from_at,
        max(to_at) over (
            partition by tenant_id, schedule_code, role, region order by from_at, on_call_id
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from {{ ref('stg_ops__on_call_shift') }}

)

select *
from ordered
where from_at < covered_until
