{#- The last UTC day per tenant whose raw rows retention has deleted. Local days up to the day
    after it can no longer be computed anew. -#}
{% macro last_deleted_days(table_name) -%}
    select tenant_id, max(day) as last_day
    from {{ ref('stg_ops__retention_run') }}
    where record_type = '{{ table_name }}' and verdict = 'deleted'
    group by tenant_id
{%- endmacro %}
