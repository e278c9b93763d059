"""The metrics that every tenant has, as data.

How such a row becomes numbers is in `registry`, `levels` and `snapshot`.
"""

from __future__ import annotations

from vigia.domain.metrics.registry import VALID_FIX, Metric, Until

HOUR_S = 3600
DAY_S = 24 * HOUR_S
_PENDING_WORK = {"status!": ["cancelled"]}
_PENDING_TASKS = {"status!": ["cancelled", "skipped"]}


def _count(name: str, title: str, source: str, family: str, **rest: object) -> Metric:
    return Metric(name, title, source, family=family, **rest)  # type: ignore[arg-type]


def _value(name: str, title: str, source: str, column: str, unit: str, family: str) -> Metric:
    return Metric(name, title, source, unit, "gauge", family, value_column=column)


def _level(
    name: str,
    title: str,
    source: str,
    since: str | None,
    until: Until,
    family: str,
    **rest: object,
) -> Metric:
    return Metric(
        name,
        title,
        source,
        kind="gauge",
        family=family,
        at_column=since,
        until=until,
        **rest,  # type: ignore[arg-type]
    )


_HAPPENED = (
    _count("phone_events", "Phone events", "phone_event", "phone", concern="both"),
    _count(
        "phone_interactions",
        "Phone events that a person caused",
        "phone_event",
        "phone",
        row_filter={
            "kind": ["interaction", "login", "logout", "call_in", "call_out", "sms", "push_ack"]
        },
        concern="low",
    ),
    _count("heartbeats", "Heartbeats", "device_heartbeat", "phone", concern="low"),
    _count(
        "location_updates",
        "Valid positions",
        "gps_fix",
        "position",
        row_filter=VALID_FIX,
        concern="low",
    ),
    _count(
        "mock_positions",
        "Positions the phone called mocked",
        "gps_fix",
        "position",
        row_filter={"mock": [True]},
        concern="high",
    ),
    _count("geofence_events", "Fence crossings", "geofence_event", "position"),
    _count("tour_checkpoints", "Checkpoint scans", "checkpoint_scan", "work", concern="low"),
    _count(
        "scans_doubtful",
        "Scans the sender doubted",
        "checkpoint_scan",
        "work",
        row_filter={"verdict!": ["valid"]},
        concern="high",
    ),
    _count("attendance_events", "Clockings", "attendance_event", "attendance", concern="low"),
    _count("handovers", "Handovers", "handover", "attendance"),
    _count("access_events", "Door uses", "access_event", "access"),
    _count(
        "access_denied",
        "Doors refused",
        "access_event",
        "access",
        row_filter={"kind": ["denied"]},
        concern="high",
    ),
    _count(
        "access_forced",
        "Doors forced or held open",
        "access_event",
        "access",
        row_filter={"kind": ["forced", "held_open"]},
        concern="high",
    ),
    _count("contact_attempts", "Contact attempts", "contact_log", "control_room"),
    _count(
        "contacts_failed",
        "Contact attempts without an answer",
        "contact_log",
        "control_room",
        row_filter={"outcome": ["no_answer", "declined", "voicemail"]},
        concern="high",
    ),
    _count("escalation_messages", "Messages of escalations", "escalation_event", "control_room"),
)

_AT_INSTANTS = tuple(
    _count(name, title, source, family, at_column=at, row_filter=row_filter, concern=concern)
    for name, title, source, family, at, row_filter, concern in (
        ("tickets_opened", "Tickets opened", "ticket", "tickets", "opened_at", {}, "high"),
        ("tickets_responded", "Tickets first answered", "ticket", "tickets", "first_response_at", {}, "none"),
        ("tickets_resolved", "Tickets resolved", "ticket", "tickets", "resolved_at", {}, "low"),
        ("tickets_closed", "Tickets closed", "ticket", "tickets", "closed_at", {}, "none"),
        ("alerts_raised", "Alerts first raised", "alert", "alerts", "first_seen_at", {}, "high"),
        ("panic_events", "Calls for help", "panic_event", "welfare", "triggered_at", {}, "high"),
        ("welfare_due", "Check calls due", "welfare_check", "welfare", "due_at",
         {"result!": ["cancelled"]}, "none"),
        ("welfare_missed", "Check calls missed", "welfare_check", "welfare", "due_at",
         {"result": ["missed"]}, "high"),
        ("tours_due", "Tours due", "tour_run", "work", "due_at",
         {"status!": ["cancelled", "excused"]}, "none"),
        ("tours_started", "Tours started", "tour_run", "work", "started_at", {}, "low"),
        ("tours_completed", "Tours completed", "tour_run", "work", "ended_at",
         {"status": ["completed"]}, "low"),
        ("tours_missed", "Tours missed, by when they were due", "tour_run", "work", "due_at",
         {"status": ["missed"]}, "high"),
        ("tasks_due", "Tasks due", "task", "work", "due_at", _PENDING_TASKS, "none"),
        ("tasks_completed", "Tasks completed", "task", "work", "completed_at", {}, "low"),
        ("incidents_reported", "Incident reports", "incident_report", "work", "occurred_at", {}, "high"),
        ("work_orders_opened", "Work orders requested", "work_order", "facility", "requested_at", {}, "none"),
        ("work_orders_completed", "Work orders completed", "work_order", "facility", "completed_at", {}, "none"),
        ("visitors_in", "Visitors who came", "visitor_visit", "access", "in_at", {}, "none"),
    )
)  # fmt: skip

_VALUES = (
    _value("battery_pct", "Battery charge", "device_heartbeat", "battery_pct", "%", "phone"),
    _value(
        "queue_depth", "Events waiting on devices", "device_heartbeat", "queue_depth", "1", "phone"
    ),
    Metric(
        "sync_health",
        "Heartbeats of devices with nothing left to send",
        "device_heartbeat",
        "%",
        "gauge",
        "phone",
        row_filter={"queue_depth?": [0]},
        concern="low",
    ),
    _value("signal_dbm", "Signal strength", "device_heartbeat", "rssi_dbm", "dBm", "phone"),
    _value(
        "position_accuracy_m", "Uncertainty of positions", "gps_fix", "accuracy_m", "m", "position"
    ),
)

_LEVELS = (
    _level("tickets_open", "Tickets open", "ticket", "opened_at",
           Until(("resolved_at", "closed_at")), "tickets",
           row_filter={"status!": ["cancelled", "merged"]}, concern="high"),
    _level("tickets_overdue", "Tickets past their promised solution", "sla_clock", "breached_at",
           Until(("stopped_at",)), "tickets",
           row_filter={"subject_kind": ["ticket"], "kind": ["resolve"]}, concern="high"),
    _level("wo_pending", "Work orders pending", "work_order", "requested_at",
           Until(("completed_at",)), "facility", row_filter=_PENDING_WORK, concern="high"),
    _level("wo_overdue", "Work orders overdue", "work_order", "due_at",
           Until(("completed_at",)), "facility", row_filter=_PENDING_WORK, concern="high"),
    _level("tasks_overdue", "Tasks overdue", "task", "due_at",
           Until(("completed_at",)), "work", row_filter=_PENDING_TASKS, concern="high"),
    _level("tours_running", "Tours being walked", "tour_run", "started_at",
           Until(("ended_at", "window_end_at")), "work"),
    _level("alerts_firing", "Alerts firing", "alert", "first_seen_at",
           Until(("resolved_at",)), "alerts",
           row_filter={"state!": ["suppressed"]}, concern="high"),
    _level("visitors_inside", "Visitors inside", "visitor_visit", "in_at",
           Until(("out_at",)), "access"),
    _level("required", "People required by published shifts", "shift", "starts_at",
           Until(("ends_at",)), "attendance", value_column="headcount",
           row_filter={"status!": ["draft", "cancelled"]}),
    # Whoever clocked this week still does: that nobody has come is told from nobody clocks here.
    _level("present", "People clocked in", "attendance_event", None,
           Until(next="person_id", cap_s=16 * HOUR_S, known_s=7 * DAY_S), "attendance",
           row_filter={"kind": ["clock_in"]}, concern="low"),
    _level("missing", "People required and not clocked in", "shift", "starts_at",
           Until(("ends_at",), less="present"), "attendance", value_column="headcount",
           row_filter={"status!": ["draft", "cancelled"]}, concern="high"),
    _level("devices_offline", "Devices silent for more than 30 minutes", "device_heartbeat", None,
           Until(next="device_id", delay_s=HOUR_S // 2, cap_s=24 * HOUR_S), "phone",
           concern="high"),
)  # fmt: skip

BUILT_IN: tuple[Metric, ...] = (*_HAPPENED, *_AT_INSTANTS, *_VALUES, *_LEVELS)
