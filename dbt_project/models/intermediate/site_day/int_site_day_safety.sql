{{ config(materialized='ephemeral') }}
with moments as (

    select tenant_id, site_id, first_seen_at as happened_at, 1 as alerts, 0 as reports, 0 as panics
    from {{ ref('stg_ops__alert') }}
    union all
    select tenant_id, site_id, coalesce(occurred_at, reported_at), 0, 1, 0
    from {{ ref('stg_ops__incident_report') }}
    union all
    select tenant_id, site_id, triggered_at, 0, 0, 1
    from {{ ref('stg_ops__panic_event') }}

)

select
    moments.tenant_id,
    moments.site_id,
    (moments.happened_at at time zone sites.time_zone)::date as local_date,
    sum(moments.alerts)::integer as alerts_raised,
    sum(moments.reports)::integer as incident_reports,
    sum(moments.panics)::integer as panics
from moments
inner join {{ ref('dim_site') }} as sites
    on moments.tenant_id = sites.tenant_id and moments.site_id = sites.site_id
where moments.happened_at is not null
group by 1, 2, 3
