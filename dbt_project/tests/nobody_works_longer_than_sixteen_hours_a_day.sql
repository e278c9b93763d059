{{ config(severity='warn') }}
-- A warning: two stays of one day may truly add up to more, and that is worth a look.
select tenant_id, person_id, local_date, sum(worked_min) as worked_min
from {{ ref('fct_attendance_day') }}
group by tenant_id, person_id, local_date
having sum(worked_min) > 16 * 60
