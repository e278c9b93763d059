-- What a delivery says it stored, and the identities that are there.
with stored as (

    select tenant_id, batch_id, count(*) as key_count, count(distinct event_id) as event_count
    from {{ ref('stg_ops__ingest_key') }}
    group by tenant_id, batch_id

)

select batches.tenant_id, batches.batch_id, batches.accepted_count, stored.key_count
from {{ ref('stg_ops__ingest_batch') }} as batches
left join stored
    on batches.tenant_id = stored.tenant_id and batches.batch_id = stored.batch_id
where
    batches.state = 'done'
    and (
        batches.accepted_count <> coalesce(stored.key_count, 0)
        or stored.event_count <> stored.key_count
    )
