-- Openings less endings, summed over the days, must leave what is open now.
with counted as (

    select tenant_id, site_id, count(*) filter (where is_open) as open_count
    from {{ ref('fct_ticket') }}
    where site_id is not null and opened_on is not null
    group by tenant_id, site_id

)

select days.tenant_id, days.site_code, days.tickets_open, counted.open_count
from {{ ref('mart_site_day') }} as days
inner join counted on days.tenant_id = counted.tenant_id and days.site_id = counted.site_id
where days.is_today and days.tickets_open <> counted.open_count
