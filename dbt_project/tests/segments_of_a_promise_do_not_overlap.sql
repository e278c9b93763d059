with ordered as (

    select
        tenant_id,
        clock_id,
        from_at,
        max(to_at) over (
            partition by tenant_id, clock_id order by from_at
            rows between unbounded preceding and 1 preceding
        ) as counted_until
    from {{ ref('stg_ops__sla_clock_segment') }}

)

select tenant_id, clock_id, from_at, counted_until
from ordered
where from_at < counted_until
