{{ config(severity='warn') }}
-- A warning: the sender may know of scans that never arrived. A person should look.
select tenant_id, run_id, status, outcome, checkpoints_reported, checkpoints_scanned
from {{ ref('fct_tour_run') }}
where not is_agreed
