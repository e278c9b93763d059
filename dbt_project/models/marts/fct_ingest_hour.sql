with waiting as (

    select tenant_id, batch_id, count(*) as open_count
    from {{ ref('stg_ops__ingest_quarantine') }}
    where state = 'open'
    group by tenant_id, batch_id

)

select
    batches.tenant_id,
    date_trunc('hour', batches.started_at, 'UTC') as hour_at,
    batches.batch_kind,
    count(*)::integer as batch_count,
    count(*) filter (where batches.state = 'failed')::integer as failed_count,
    coalesce(sum(batches.offered_count) filter (where batches.state = 'done'), 0)::bigint
        as offered_count,
    sum(batches.accepted_count)::bigint as accepted_count,
    sum(batches.duplicate_count)::bigint as duplicate_count,
    sum(batches.quarantined_count)::bigint as quarantined_count,
    coalesce(sum(waiting.open_count), 0)::bigint as open_quarantine_count,
    coalesce(
        sum(
            batches.offered_count
            - batches.accepted_count
            - batches.duplicate_count
            - batches.quarantined_count
        ) filter (where batches.state = 'done'),
        0
    )::bigint as unaccounted_count,
    min(batches.first_event_at) as first_event_at,
    max(batches.last_event_at) as last_event_at
from {{ ref('stg_ops__ingest_batch') }} as batches
left join waiting
    on batches.tenant_id = waiting.tenant_id and batches.batch_id = waiting.batch_id
group by 1, 2, 3
