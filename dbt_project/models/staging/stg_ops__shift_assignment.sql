with source as (

    select * from {{ source('ops', 'shift_assignment') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        assignment_id,
        shift_id,
        person_id,

        -- strings
        status
    from source

)

select * from renamed
