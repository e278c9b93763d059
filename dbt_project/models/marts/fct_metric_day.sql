with days as (

    select *, (value_sum / nullif(value_count, 0))::double precision as value_avg
    from {{ ref('stg_ops__metric_1d') }}
    where value_count > 0

)

select
    days.tenant_id,
    days.site_id,
    days.metric,
    days.local_date,
    coalesce(metrics.title, days.metric) as title,
    metrics.unit,
    metrics.metric_kind,
    metrics.family,
    metrics.concern,
    days.value_count,
    days.value_sum,
    days.value_avg,
    days.value_min,
    days.value_max,
    days.value_last,
    case
        when metrics.metric_kind in ('count', 'duration') then days.value_sum::double precision
        else days.value_avg
    end as display_value
from days
left join {{ ref('stg_ops__metric') }} as metrics
    on days.tenant_id = metrics.tenant_id and days.metric = metrics.metric
