{#-
    Marts hold every tenant, so they carry the same policies as the tables they come from.
    Runs inside the transaction that makes the table: nobody ever sees it without them.
-#}
{% macro secure_mart() %}
    alter table {{ this }} enable row level security;
    alter table {{ this }} force row level security;
    create policy analytics on {{ this }} to vigia_analytics using (true) with check (true);
    create policy worker on {{ this }} for select to vigia_worker using (true);
    create policy app on {{ this }} for select to vigia_app
        using (tenant_id = (select ops.current_tenant()));
    create policy query on {{ this }} for select to vigia_query
        using (tenant_id = (select ops.tenant_of_role(current_user)));
    grant select on {{ this }} to vigia_app, vigia_query, vigia_worker;
    analyze {{ this }}
{% endmacro %}
