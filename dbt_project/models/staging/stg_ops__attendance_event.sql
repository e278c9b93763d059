with source as (

    select * from {{ source('ops', 'attendance_event') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        att_id,
        person_id,
        assignment_id,
        site_id,
        device_id,

        -- strings
        kind,
        method,
        geo,

        -- numbers
        face_score,

        -- booleans
        mock as is_mock,

        -- times
        event_time as clocked_at,
        received_at
    from source

)

select * from renamed
