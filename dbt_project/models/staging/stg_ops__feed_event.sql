{#- Tables whose rows are events themselves, with the column that says when; state tables are
    fed through the journal. tests/dbt keeps the list equal to the data dictionary. -#}
{%- set record_tables = {
    'device_heartbeat': 'event_time',
    'phone_event': 'event_time',
    'gps_fix': 'fix_time',
    'geofence_event': 'event_time',
    'access_event': 'event_time',
    'contact_log': 'event_time',
    'attendance_event': 'event_time',
    'handover': 'event_time',
    'checkpoint_scan': 'event_time',
    'asset_reading': 'event_time',
    'ticket_message': 'event_time',
    'escalation_event': 'event_time',
    'metric_sample': 'event_time',
} -%}
with journal as (

    select
        tenant_id,
        table_name,
        type like '%.upserted.%' as is_reference,
        event_time as event_at,
        received_at
    from {{ source('ops', 'ingest_event') }}

),

records as (

    {% for table_name, time_column in record_tables.items() -%}
    select
        tenant_id,
        '{{ table_name }}' as table_name,
        false as is_reference,
        {{ time_column }} as event_at,
        received_at
    from {{ source('ops', table_name) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

)

select * from journal
union all
select * from records
