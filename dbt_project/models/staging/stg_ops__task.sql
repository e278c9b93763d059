with source as (

    select * from {{ source('ops', 'task') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        task_id,
        site_id,
        assignee_id,

        -- strings
        kind,
        title,
        priority,
        status,

        -- numbers
        est_min,

        -- times
        due_at,
        completed_at
    from source

)

select * from renamed
