{{ config(severity='warn') }}
-- A warning: an event whose clock nobody trusts may be stored, flagged, ahead of the data clock.
select tenant_id, table_name, newest_event_at, as_of_at
from {{ ref('mart_feed_freshness') }}
where newest_event_at > as_of_at
