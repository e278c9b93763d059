with source as (

    select * from {{ source('ops', 'runbook') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        runbook_id,

        -- strings
        origin,
        code as runbook_code,
        title,
        owner,

        -- numbers
        escalation_sla_min,
        version,

        -- booleans
        is_active
    from source

)

select * from renamed
