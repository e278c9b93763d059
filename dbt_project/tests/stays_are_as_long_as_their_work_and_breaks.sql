select tenant_id, person_id, session_no, started_at, counted_until, worked_min, break_min
from {{ ref('int_attendance_stay') }}
where
    worked_min < 0
    or break_min < 0
    or counted_until > started_at + {{ longest_stay() }}
    or abs(
        worked_min + break_min - {{ minutes_between('started_at', 'counted_until') }}
    ) > 0.001
