with tickets as (

    select
        *,
        coalesce(status, 'new') not in ('resolved', 'closed', 'cancelled', 'merged') as is_open
    from {{ ref('stg_ops__ticket') }}

)

select
    tickets.*,
    tenants.as_of_at,
    case
        when not tickets.is_open
            then coalesce(tickets.resolved_at, tickets.closed_at, tickets.state_at)
    end as ended_at,
    {{ local_date('tickets.opened_at') }} as opened_on,
    {{ local_date('tickets.resolved_at') }} as resolved_on,
    {{ minutes_between('tickets.opened_at', 'tickets.first_response_at') }} as first_response_min,
    {{ minutes_between('tickets.opened_at', 'tickets.resolved_at') }} as resolution_min,
    case
        when tickets.is_open
            then greatest({{ minutes_between('tickets.opened_at', 'tenants.as_of_at') }}, 0)
    end as age_min
from tickets
inner join {{ ref('int_tenant') }} as tenants on tickets.tenant_id = tenants.tenant_id
left join {{ ref('int_site') }} as sites
    on tickets.tenant_id = sites.tenant_id and tickets.site_id = sites.site_id
