with source as (

    select * from {{ source('ops', 'tour_run') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        run_id,
        tour_id,
        site_id,
        person_id,
        assignment_id,

        -- strings
        status,

        -- numbers
        checkpoints_planned,
        checkpoints_scanned as checkpoints_reported,

        -- times
        due_at,
        window_end_at,
        started_at,
        ended_at
    from source

)

select * from renamed
