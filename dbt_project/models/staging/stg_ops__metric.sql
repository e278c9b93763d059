with source as (

    select * from {{ source('ops', 'metric') }}

),

renamed as (

    select
        -- ids
        tenant_id,

        -- strings
        name as metric,
        title,
        unit,
        kind as metric_kind,
        family,
        concern
    from source

)

select * from renamed
