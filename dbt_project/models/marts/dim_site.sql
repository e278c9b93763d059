with posts as (

    select tenant_id, site_id, count(*)::integer as post_count
    from {{ ref('stg_ops__post') }}
    group by tenant_id, site_id

),

checkpoints as (

    select tenant_id, site_id, count(*)::integer as checkpoint_count
    from {{ ref('stg_ops__checkpoint') }}
    where status is distinct from 'removed'
    group by tenant_id, site_id

)

select
    sites.tenant_id,
    sites.tenant_slug,
    sites.site_id,
    sites.client_id,
    clients.client_name,
    clients.client_tier,
    sites.site_code,
    coalesce(sites.site_name, sites.site_code) as site_name,
    sites.archetype,
    sites.lat,
    sites.lon,
    sites.lat is not null and sites.lon is not null as is_mapped,
    sites.time_zone,
    sites.region,
    sites.network_operator,
    sites.risk_tier,
    sites.criticality,
    sites.gps_expectation,
    sites.status,
    coalesce(posts.post_count, 0) as post_count,
    coalesce(checkpoints.checkpoint_count, 0) as checkpoint_count
from {{ ref('int_site') }} as sites
left join {{ ref('stg_ops__client') }} as clients
    on sites.tenant_id = clients.tenant_id and sites.client_id = clients.client_id
left join posts on sites.tenant_id = posts.tenant_id and sites.site_id = posts.site_id
left join checkpoints
    on sites.tenant_id = checkpoints.tenant_id and sites.site_id = checkpoints.site_id
