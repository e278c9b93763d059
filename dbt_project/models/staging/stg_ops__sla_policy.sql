with source as (

    select * from {{ source('ops', 'sla_policy') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        policy_id,

        -- strings
        code as policy_code,
        name as policy_name
    from source

)

select * from renamed
