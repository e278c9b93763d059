{#- A plain view would read with its owner's rights and so show every tenant to whoever may
    read the view: every view reads with the rights of the one who asks. -#}
{% macro postgres__create_view_as(relation, sql) -%}
    create view {{ relation }} with (security_invoker = true) as (
        {{ sql }}
    );
{%- endmacro %}
