{{ config(materialized='ephemeral') }}
-- Opened, resolved and ended tickets fall on different days: one row each, added up.
with moments as (

    select tenant_id, site_id, opened_on as local_date,
        1 as opened, 0 as resolved, 1 as open_change, 0 as reopened, 0 as changes, 0 as breached
    from {{ ref('fct_ticket') }}
    union all
    select tenant_id, site_id, resolved_on, 0, 1, 0, 0, 0, 0
    from {{ ref('fct_ticket') }}
    union all
    select tickets.tenant_id, tickets.site_id,
        (tickets.ended_at at time zone sites.time_zone)::date, 0, 0, -1, 0, 0, 0
    from {{ ref('fct_ticket') }} as tickets
    inner join {{ ref('dim_site') }} as sites
        on tickets.tenant_id = sites.tenant_id and tickets.site_id = sites.site_id
    where tickets.opened_on is not null
    union all
    select changes.tenant_id, tickets.site_id,
        (changes.changed_at at time zone sites.time_zone)::date,
        0, 0, 0, changes.is_reopening::integer, 1, 0
    from {{ ref('fct_ticket_change') }} as changes
    inner join {{ ref('fct_ticket') }} as tickets
        on changes.tenant_id = tickets.tenant_id and changes.ticket_id = tickets.ticket_id
    inner join {{ ref('dim_site') }} as sites
        on tickets.tenant_id = sites.tenant_id and tickets.site_id = sites.site_id
    union all
    select clocks.tenant_id, clocks.site_id,
        (clocks.breached_at at time zone sites.time_zone)::date, 0, 0, 0, 0, 0, 1
    from {{ ref('fct_sla_clock') }} as clocks
    inner join {{ ref('dim_site') }} as sites
        on clocks.tenant_id = sites.tenant_id and clocks.site_id = sites.site_id

)

select
    tenant_id,
    site_id,
    local_date,
    sum(opened)::integer as tickets_opened,
    sum(resolved)::integer as tickets_resolved,
    sum(open_change)::integer as tickets_open_change,
    sum(reopened)::integer as tickets_reopened,
    sum(changes)::integer as ticket_changes,
    sum(breached)::integer as sla_breached
from moments
where site_id is not null and local_date is not null
group by 1, 2, 3
