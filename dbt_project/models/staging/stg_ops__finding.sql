with source as (

    select * from {{ source('ops', 'finding') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        finding_id,
        site_id,
        runbook_id,

        -- strings
        type as finding_type,
        category,
        severity,
        state,
        evidence_state,
        verdict,

        -- times
        detected_at,
        cleared_at,
        closed_at
    from source

)

select * from renamed
