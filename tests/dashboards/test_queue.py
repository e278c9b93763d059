"""The ticket queue's filter becomes parameters, never SQL text."""

from __future__ import annotations

from dashboards.data.tickets import Queue


def test_no_filter_but_open_leaves_open_tickets() -> None:
    assert Queue().where() == ("true AND t.is_open", ())


def test_choices_travel_as_parameters() -> None:
    where, parameters = Queue(open_only=False, priorities=("P1", "P2")).where()
    assert where == "true AND t.priority = ANY(%s)"
    assert parameters == (["P1", "P2"],)


def test_hostile_search_text_stays_a_parameter_and_its_wildcards_are_literal() -> None:
    where, parameters = Queue(search="%'; DROP TABLE x; --_").where()
    assert "DROP" not in where
    assert parameters == ("%\\%'; DROP TABLE x; --\\_%",) * 2
