{#- A reference points to a row of the same tenant. The built-in relationships test compares
    one column, so it would accept a row that points into another tenant. -#}
{% test belongs_to_tenant(model, column_name, to, field) %}
select children.tenant_id, children.{{ column_name }}
from {{ model }} as children
left join {{ to }} as parents
    on children.tenant_id = parents.tenant_id
    and children.{{ column_name }} = parents.{{ field }}
where children.{{ column_name }} is not null and parents.{{ field }} is null
{% endtest %}
