with source as (

    select * from {{ source('ops', 'sla_target') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        target_id,
        policy_id,

        -- strings
        priority,
        category,

        -- numbers
        first_response_min,
        resolve_min,

        -- booleans
        round_the_clock as is_round_the_clock
    from source

)

select * from renamed
