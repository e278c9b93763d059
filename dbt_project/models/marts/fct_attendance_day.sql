{%- set grace = var('attendance_grace_min') -%}
select
    tenant_id,
    person_id,
    site_id,
    local_date,
    rostered_min,
    worked_min,
    break_min,
    late_min,
    early_leave_min,
    greatest(worked_min - rostered_min, 0) as overtime_min,
    first_in_at,
    last_out_at,
    session_count,
    missing_out_count,
    case
        when session_count > 0 and not is_rostered then 'unrostered'
        when session_count = 0 and is_leave then 'leave'
        when session_count = 0 and is_holiday then 'holiday'
        when session_count = 0 and (is_declined or not is_over) then 'absent'
        when session_count = 0 then 'no_show'
        when late_min > {{ grace }} and early_leave_min > {{ grace }} then 'partial'
        when is_over and missing_out_count = 0 and worked_min * 2 < rostered_min then 'partial'
        when late_min > {{ grace }} then 'late'
        when early_leave_min > {{ grace }} then 'early_leave'
        else 'present'
    end as status
from {{ ref('int_attendance_day') }}
