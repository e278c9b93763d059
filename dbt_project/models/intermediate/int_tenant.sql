select
    tenants.tenant_id,
    tenants.tenant_slug,
    tenants.default_tz,
    clocks.as_of_at
from {{ ref('stg_ops__tenant') }} as tenants
left join {{ ref('stg_ops__tenant_clock') }} as clocks on tenants.tenant_id = clocks.tenant_id
