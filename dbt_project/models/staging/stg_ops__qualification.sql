with source as (

    select * from {{ source('ops', 'qualification') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        qual_id,
        person_id,

        -- strings
        status,

        -- times
        expires_on
    from source

)

select * from renamed
