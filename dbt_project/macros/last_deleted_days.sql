{#- The last UTC day per tenant whose raw rows retention has deleted. Local days up to the day
    after it can no longer be computed anew. `decisions` is stg_ops__retention_run: a reference
    hidden in a macro would be missing from the lineage. -#}
{% macro last_deleted_days(decisions, table_name) -%}
    select tenant_id, max(day) as last_day
    from {{ decisions }}
    where record_type = '{{ table_name }}' and verdict = 'deleted'
    group by tenant_id
{%- endmacro %}
