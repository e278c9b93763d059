{#- Local day of an instant: the site's, or the tenant's where the row names no site.
    Expects the relations `sites` (int_site) and `tenants` (stg_ops__tenant) in the query. -#}
{% macro local_date(instant) -%}
    ({{ instant }} at time zone coalesce(sites.time_zone, tenants.default_tz))::date
{%- endmacro %}

{#- Minutes between two instants, never between wall clocks: a night shift has 11 or 13 hours
    when the clocks change. -#}
{% macro minutes_between(from_instant, to_instant) -%}
    (extract(epoch from {{ to_instant }} - {{ from_instant }}) / 60.0)::double precision
{%- endmacro %}

{#- The longest stay that counts as one; a clocking out after it belongs to nothing. -#}
{% macro longest_stay() -%}
    interval '{{ var("longest_stay_hours") }} hours'
{%- endmacro %}
