with source as (

    select * from {{ source('ops', 'person') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        person_id,
        supervisor_id,
        home_site_id,

        -- strings
        employee_no,
        initials,
        role,
        status,

        -- times
        hired_on,
        left_on
    from source

)

select * from renamed
