with source as (

    select * from {{ source('ops', 'sla_clock') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        clock_id,
        site_id,
        subject_id,
        policy_id,

        -- strings
        subject_kind,
        kind,
        state,

        -- numbers
        target_min,
        elapsed_min,
        remaining_min,

        -- times
        started_at,
        stopped_at,
        due_at,
        breached_at,
        as_of_at
    from source

)

select * from renamed
