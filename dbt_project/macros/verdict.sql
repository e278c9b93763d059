{#- What a clock says about its promise: true, false, or missing while undecided. -#}
{% macro verdict(clock) -%}
    case
        when {{ clock }}.state = 'cancelled' then null
        when {{ clock }}.breached_at is not null or {{ clock }}.state = 'breached' then false
        when {{ clock }}.state = 'met' then true
    end
{%- endmacro %}
