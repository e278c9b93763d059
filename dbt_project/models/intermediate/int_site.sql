select
    sites.*,
    coalesce(sites.tz, tenants.default_tz) as time_zone,
    tenants.tenant_slug,
    tenants.as_of_at
from {{ ref('stg_ops__site') }} as sites
inner join {{ ref('int_tenant') }} as tenants on sites.tenant_id = tenants.tenant_id
