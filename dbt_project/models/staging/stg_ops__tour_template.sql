with source as (

    select * from {{ source('ops', 'tour_template') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        tour_id,
        site_id,

        -- strings
        name as tour_name,
        kind as tour_kind,

        -- numbers
        planned_min,

        -- booleans
        mandatory as is_mandatory
    from source

)

select * from renamed
