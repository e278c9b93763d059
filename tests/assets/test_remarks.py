"""A check that does not pass says in one line what a person should look at."""

from __future__ import annotations

import dagster as dg

from assets.marts import MARTS, _events
from vigia.worker.analytics import MartsResult, Node

TICKETS = next(mart for mart in MARTS if mart.name == "fct_ticket")


def check(*tests: Node) -> dg.AssetCheckResult:
    built = Node("fct_ticket", "model", "success", 1.0, rows=3)
    *_, found = _events(TICKETS, MartsResult((built, *tests), 1.0))
    assert isinstance(found, dg.AssetCheckResult)
    return found


def rule(name: str, status: str, failures: int) -> Node:
    return Node(name, "test", status, 0.1, failures=failures, models=("fct_ticket",))


def test_rules_that_are_broken_are_named_with_their_rows_and_others_are_not() -> None:
    found = check(rule("fine", "pass", 0), rule("odd", "warn", 2), rule("bad", "fail", 7))
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.ERROR
    assert found.description == "odd: 2 rows; bad: 7 rows"


def test_a_warning_alone_stops_nothing_and_is_told_all_the_same() -> None:
    found = check(rule("odd", "warn", 2))
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert found.description == "odd: 2 rows"


def test_a_mart_whose_rules_hold_needs_no_words() -> None:
    found = check(rule("fine", "pass", 0))
    assert found.passed
    assert found.description is None
