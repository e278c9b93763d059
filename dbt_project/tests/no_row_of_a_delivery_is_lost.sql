select tenant_id, hour_at, batch_kind, unaccounted_count
from {{ ref('fct_ingest_hour') }}
where unaccounted_count <> 0
