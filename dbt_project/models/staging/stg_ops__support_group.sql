with source as (

    select * from {{ source('ops', 'support_group') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        group_id,

        -- strings
        code as group_code,
        name as group_name
    from source

)

select * from renamed
