select tenant_id, ticket_number, opened_at, resolved_at
from {{ ref('fct_ticket') }}
where resolved_at < opened_at or closed_at < opened_at
