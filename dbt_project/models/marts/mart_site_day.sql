{%- set parts = {
    'help_desk': ['tickets_opened', 'tickets_resolved', 'tickets_reopened', 'ticket_changes', 'sla_breached'],
    'position': ['fixes', 'valid_fixes', 'gps_people', 'distance_m'],
    'field_work': ['scans', 'accepted_scans', 'tours_due', 'tours_completed', 'tours_missed',
        'tasks_due', 'tasks_done', 'tasks_overdue'],
    'safety': ['alerts_raised', 'incident_reports', 'panics'],
    'people': ['people_rostered', 'people_present', 'people_late', 'no_shows', 'worked_min'],
} -%}
with active_days as (

    {% for part in parts -%}
    select tenant_id, site_id, local_date from {{ ref('int_site_day_' ~ part) }}
    {% if not loop.last %}union{% endif %}
    {% endfor %}

),

spans as (

    -- Days without activity are rows too: open tickets last through them, and zero is a fact.
    select
        sites.tenant_id,
        sites.site_id,
        sites.site_code,
        (tenants.as_of_at at time zone sites.time_zone)::date as today,
        min(active_days.local_date) as first_date
    from active_days
    inner join {{ ref('dim_site') }} as sites
        on active_days.tenant_id = sites.tenant_id and active_days.site_id = sites.site_id
    inner join {{ ref('int_tenant') }} as tenants on sites.tenant_id = tenants.tenant_id
    group by 1, 2, 3, 4

),

days as (

    select tenant_id, site_id, site_code, today, day::date as local_date
    from spans, generate_series(first_date::timestamp, today::timestamp, '1 day') as day

)

select
    days.tenant_id,
    days.site_id,
    days.site_code,
    days.local_date,
    extract(isodow from days.local_date)::integer as weekday,
    days.local_date = days.today as is_today,
    sum(coalesce(help_desk.tickets_open_change, 0)) over (
        partition by days.tenant_id, days.site_id order by days.local_date
    )::integer as tickets_open,
    {% for part, columns in parts.items() -%}
    {%- for column in columns -%}
    coalesce({{ part }}.{{ column }}, 0) as {{ column }}{{ ',' if not loop.last }}
    {% endfor -%}
    {{ ',' if not loop.last }}
    {% endfor %}
from days
{% for part in parts -%}
left join {{ ref('int_site_day_' ~ part) }} as {{ part }}
    on days.tenant_id = {{ part }}.tenant_id
    and days.site_id = {{ part }}.site_id
    and days.local_date = {{ part }}.local_date
{% endfor %}
