with source as (

    select * from {{ source('ops', 'post') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        post_id,
        site_id
    from source

)

select * from renamed
