"""What the marts say about a small company, against figures worked out by hand."""

from __future__ import annotations

import os
from datetime import date

import pytest

from tests.dbt.company import BATCH, CLOCK, GUARDS, OTHERS, Writer, ref
from tests.dbt.conftest import Built
from tests.dbt.test_project import MARTS, model_names
from vigia.store.connection import Role
from vigia.worker.analytics import MartsError, build_marts, write_docs


def test_everything_builds_and_no_rule_is_broken(built: Built) -> None:
    assert built.result.failed == ()
    assert [node.name for node in built.result.warned] == [
        "tours_are_judged_as_their_sender_judged_them"
    ]


def test_a_ticket_carries_both_verdicts_and_both_counts(built: Built) -> None:
    ticket = built.row("fct_ticket", "ticket_number = 'T1'")
    assert (ticket["imported_sla_met"], ticket["sla_met"], ticket["is_sla_agreed"]) == (
        True,
        False,
        False,
    )
    assert (ticket["reassignment_count"], ticket["group_change_count"]) == (5, 2)
    assert (ticket["resolution_min"], ticket["opened_on"]) == (630, date(2026, 3, 28))
    assert ticket["group_name"] == "First line"


def test_an_open_ticket_ages_by_the_data_clock(built: Built) -> None:
    ticket = built.row("fct_ticket", "ticket_number = 'T2'")
    assert (ticket["is_open"], ticket["age_min"], ticket["reopening_count"]) == (True, 24 * 60, 1)
    assert ticket["sla_met"] is None


def test_a_tour_is_complete_when_its_checkpoints_are_not_when_its_sender_says_so(
    built: Built,
) -> None:
    full = built.row("fct_tour_run", f"run_id = '{ref('tour_run', 'full')}'")
    half = built.row("fct_tour_run", f"run_id = '{ref('tour_run', 'half')}'")
    assert (full["outcome"], full["scan_count"], full["refused_scan_count"]) == ("completed", 3, 1)
    assert (half["outcome"], half["is_agreed"], half["completion_pct"]) == ("partial", False, 50)
    assert (half["required_missing_count"], half["start_delay_min"]) == (1, 5)


def test_a_night_on_which_clocks_change_is_worked_in_real_minutes(built: Built) -> None:
    columns = "status, rostered_min, worked_min, break_min, late_min, local_date"
    assert built.rows("fct_attendance_day", columns) == [
        ("late", 660, 595, 45, 30, date(2026, 3, 28)),
        ("no_show", 660, 0, 0, 0, date(2026, 3, 28)),
        ("unrostered", 0, 60, 0, 0, date(2026, 3, 30)),
    ]


def test_ways_and_gaps_are_those_between_valid_positions(built: Built) -> None:
    columns = "local_date, fix_count, valid_fix_count, distance_m, gap_count, longest_gap_s"
    assert built.rows("fct_gps_day", columns) == [
        (date(2026, 3, 28), 4, 3, pytest.approx(222.390, abs=0.001), 0, 300),
        (date(2026, 3, 29), 1, 1, 0, 1, 4800),
    ]


def test_a_device_tells_how_much_of_what_it_sent_is_missing(built: Built) -> None:
    device = built.row("dim_device", "device_code = 'phone-1'")
    assert (device["sent_count"], device["missing_count"], device["missing_pct"]) == (10, 2, 20)


def test_a_site_day_adds_up_what_happened_there(built: Built) -> None:
    day = built.row("mart_site_day", "site_code = 'north' AND local_date = '2026-03-28'")
    figures = {
        "tickets_opened": 1,
        "tickets_resolved": 1,
        "tickets_open": 0,
        "sla_breached": 1,
        "fixes": 4,
        "scans": 4,
        "accepted_scans": 3,
        "tours_due": 2,
        "tours_completed": 1,
        "people_rostered": 2,
        "people_present": 1,
        "no_shows": 1,
        "worked_min": 595,
    }
    assert {name: day[name] for name in figures} == figures


def test_days_reach_to_the_data_clock_and_carry_what_is_open(built: Built) -> None:
    columns = "local_date, tickets_open, is_today"
    assert built.rows("mart_site_day", columns) == [
        (date(2026, 3, 28), 0, False),
        (date(2026, 3, 29), 1, False),
        (date(2026, 3, 30), 1, True),
    ]


def test_deliveries_are_accounted_for(built: Built) -> None:
    hour = built.row("fct_ingest_hour", "batch_kind = 'import'")
    counts = ("offered_count", "accepted_count", "duplicate_count", "quarantined_count")
    assert [hour[name] for name in counts] == [9, 7, 1, 1]
    assert (hour["unaccounted_count"], hour["open_quarantine_count"]) == (0, 1)


def test_every_feed_says_how_far_it_lies_behind_the_data_clock(built: Built) -> None:
    assert built.rows("mart_feed_freshness", "table_name, row_count, age_min, rows_last_day") == [
        ("attendance_event", 5, 60, 1),
        ("checkpoint_scan", 4, 2267, 0),
        ("gps_fix", 5, 2190, 0),
        ("ticket", 7, 22 * 60, 2),
    ]


def test_every_mart_forces_row_security_and_lets_nobody_write(built: Built) -> None:
    with built.database.connect() as admin:
        loose = admin.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'marts'::regnamespace"
            " AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)"
        ).fetchall()
        policies = admin.execute(
            "SELECT tablename, array_agg(policyname::text ORDER BY policyname) FROM pg_policies"
            " WHERE schemaname = 'marts' GROUP BY tablename"
        ).fetchall()
        writable = admin.execute(
            "SELECT table_name, grantee FROM information_schema.role_table_grants"
            " WHERE table_schema = 'marts' AND grantee <> 'vigia_analytics'"
            " AND privilege_type <> 'SELECT'"
        ).fetchall()
    assert (loose, writable) == ([], [])
    assert {name for name, _ in policies} == set(model_names(MARTS))
    assert {tuple(names) for _, names in policies} == {("analytics", "app", "query", "worker")}


def test_every_view_reads_with_the_rights_of_who_asks(built: Built) -> None:
    with built.database.connect() as admin:
        loose = admin.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'v' AND relnamespace IN"
            " ('staging'::regnamespace, 'intermediate'::regnamespace, 'marts'::regnamespace)"
            " AND NOT coalesce(reloptions @> '{security_invoker=true}', false)"
        ).fetchall()
    assert loose == []


def test_a_tenant_sees_only_its_own_marts(built: Built) -> None:
    assert built.rows("dim_site", "site_code", tenant=OTHERS) == [("elsewhere",)]
    assert built.rows("dim_site", "site_code", tenant=GUARDS) == [("north",), ("south",)]


def test_without_a_tenant_the_marts_are_empty(built: Built) -> None:
    with built.database.transaction(Role.APP) as connection:
        for (name,) in connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'marts'"
        ).fetchall():
            assert connection.execute(f"SELECT count(*) FROM marts.{name}").fetchone() == (0,), name


def test_a_row_that_breaks_a_rule_fails_by_the_name_of_the_rule(built: Built) -> None:
    with built.database.transaction(Role.WORKER, GUARDS) as connection:
        write = Writer(connection, GUARDS)
        write("ticket", "T9", site_id="north", status="resolved",
              opened_at="2026-03-30T10:00:00Z", resolved_at="2026-03-30T09:00:00Z")  # fmt: skip
        write("shift", "double", site_id="south", starts_at="2026-03-29T05:59:00Z",
              ends_at="2026-03-29T07:00:00Z")  # fmt: skip
        write("shift_assignment", "twice", shift_id="double", person_id="ann", status="confirmed")
        for name, start, end in (("A", "01", "08"), ("B", "07T23:59", "15"), ("C", "15", "22")):
            write("on_call_shift", name, schedule_code="officers", person_id="ann",
                  from_at=f"2026-03-{start}Z", to_at=f"2026-03-{end}Z")  # fmt: skip
        for start, end, counted in (
            ("27T23:30", "28T10:00", True),
            ("28T09:59", "28T11:00", False),
        ):
            write("sla_clock_segment", clock_id=ref("sla_clock", "T1"), counted=counted,
                  from_at=f"2026-03-{start}Z", to_at=f"2026-03-{end}Z", reason="business_hours")  # fmt: skip
        connection.execute("UPDATE ops.ingest_batch SET rows = 10 WHERE batch_id = %s", [BATCH])
    views = ["stg_ops__sla_clock_segment", "int_attendance_roster", "stg_ops__on_call_shift"]
    select = ["fct_ticket", "fct_ingest_hour", *views]
    result = build_marts(built.database, built.home, select=select)
    assert {node.name for node in result.failed} == {
        "resolved_tickets_resolve_after_they_open",
        "no_row_of_a_delivery_is_lost",
        "segments_of_a_promise_do_not_overlap",
    }
    assert {node.name: node.failures for node in result.warned} == {
        "nobody_is_rostered_twice_at_a_time": 1,
        "one_person_is_on_call_at_a_time": 1,
    }


def test_ways_that_differ_from_their_signal_windows_fail_unless_a_slot_still_waits(
    built: Built,
) -> None:
    rule = "ways_of_a_day_equal_those_of_its_signal_windows"
    slot = {"site_id": ref("site", "north"), "slot": "2026-03-28T22:00Z"}
    nothing = dict.fromkeys(("p_auto", "p_human", "w_count", "h_ok", "h_missed", "g_invalid"), 0)
    seen = {"g_valid": 1, "distance_m": 1.0, "max_gap_s": 60, "exposure_min": 5}
    with built.database.transaction(Role.WORKER, GUARDS) as connection:
        person = ref("person", "ann")
        Writer(connection, GUARDS)("signal_window", person_id=person, **slot, **nothing, **seen)
    (found,) = build_marts(built.database, built.home, select=[rule]).nodes
    assert (found.name, found.status, found.failures) == (rule, "fail", 1)
    with built.database.transaction(Role.WORKER, GUARDS) as connection:
        Writer(connection, GUARDS)("dirty_slot", **slot)
    assert build_marts(built.database, built.home, select=[rule]).success
    with built.database.transaction(Role.WORKER, GUARDS) as connection:
        connection.execute("DELETE FROM ops.signal_window")
        connection.execute("DELETE FROM ops.dirty_slot")


def test_days_whose_positions_retention_deleted_stay_as_they_were(built: Built) -> None:
    """A rebuild from the few positions left of such a day would shorten its way."""
    figures = "local_date, fix_count, valid_fix_count, distance_m, gap_count"
    before = built.rows("fct_gps_day", figures)
    assert before
    with built.database.transaction(Role.WORKER, GUARDS) as connection:
        connection.execute("DELETE FROM ops.gps_fix WHERE fix_time < '2026-03-28T22:07:00Z'")
        Writer(connection, GUARDS)(
            "retention_run",
            run_id=ref("retention_run", "first"),
            record_type="gps_fix",
            day=date(2026, 3, 28),
            decided_at=CLOCK,
            deleted_count=3,
            verdict="deleted",
            reason="older than its days",
        )
    result = build_marts(built.database, built.home, select=["fct_gps_day"])
    assert result.rows == {"fct_gps_day": len(before)}
    assert built.rows("fct_gps_day", figures) == before


def test_the_documentation_builds(built: Built) -> None:
    page = write_docs(built.database, built.home)
    assert "One row per ticket of the help desk" in page.read_text()


def test_a_name_that_selects_nothing_is_an_error(built: Built) -> None:
    with pytest.raises(MartsError, match="fct_tikcet"):
        build_marts(built.database, built.home, select=["fct_tikcet"])


def test_the_password_is_neither_logged_nor_left_in_the_environment(built: Built) -> None:
    password = built.database.password(Role.ANALYTICS)
    assert [name for name, value in os.environ.items() if password in value] == []
    written = [path for path in built.home.rglob("*") if path.is_file()]
    assert written
    assert [path.name for path in written if password.encode() in path.read_bytes()] == []
