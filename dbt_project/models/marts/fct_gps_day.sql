{%- set before = load_relation(this) if execute else none -%}
with deleted as (

    {{ last_deleted_days(ref('stg_ops__retention_run'), 'gps_fix') }}

),

computed as (

    select
        legs.tenant_id,
        legs.site_id,
        legs.person_id,
        legs.device_id,
        {{ local_date('legs.fixed_at') }} as local_date,
        count(*)::integer as fix_count,
        count(*) filter (where legs.is_good)::integer as valid_fix_count,
        coalesce(sum(round(legs.distance_m::numeric, 3)), 0)::double precision as distance_m,
        count(*) filter (where legs.wait_s > {{ var('gps_gap_s') }})::integer as gap_count,
        max(legs.wait_s) as longest_gap_s,
        min(legs.fixed_at) as first_fix_at,
        max(legs.fixed_at) as last_fix_at
    from {{ ref('int_gps_leg') }} as legs
    inner join {{ ref('int_tenant') }} as tenants on legs.tenant_id = tenants.tenant_id
    left join {{ ref('int_site') }} as sites
        on legs.tenant_id = sites.tenant_id and legs.site_id = sites.site_id
    group by 1, 2, 3, 4, 5

)

select computed.*
from computed
{%- if before %}
left join deleted using (tenant_id)
where coalesce(computed.local_date > deleted.last_day + 1, true)

union all

-- Days whose positions retention has deleted stay as they were when they were whole.
select
    kept.tenant_id,
    kept.site_id,
    kept.person_id,
    kept.device_id,
    kept.local_date,
    kept.fix_count,
    kept.valid_fix_count,
    kept.distance_m,
    kept.gap_count,
    kept.longest_gap_s,
    kept.first_fix_at,
    kept.last_fix_at
from {{ before }} as kept
inner join deleted using (tenant_id)
where kept.local_date <= deleted.last_day + 1
{%- endif %}
