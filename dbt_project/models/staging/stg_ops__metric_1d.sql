with source as (

    select * from {{ source('ops', 'metric_1d') }}

),

renamed as (

    select
        -- ids
        tenant_id,
        site_id,

        -- strings
        metric,

        -- numbers
        n as value_count,
        sum as value_sum,
        min as value_min,
        max as value_max,
        last as value_last,

        -- times
        local_date
    from source

)

select * from renamed
