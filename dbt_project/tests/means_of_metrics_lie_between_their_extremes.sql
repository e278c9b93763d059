-- The mean is a double, the extremes are decimals: allow for its last digits.
select tenant_id, site_id, metric, local_date, value_min, value_avg, value_max
from {{ ref('fct_metric_day') }}
where
    value_avg < value_min::double precision - 1e-6 * greatest(1, abs(value_min))
    or value_avg > value_max::double precision + 1e-6 * greatest(1, abs(value_max))
