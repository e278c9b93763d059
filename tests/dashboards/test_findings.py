"""The pages of findings, baselines and scores, over what audits of a loaded company found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboards.data import findings, source
from dashboards.data.source import Tenant
from tests.databases import copied
from tests.worker.conftest import LoadedWorld, loaded_world  # noqa: F401 - a fixture
from vigia.domain.findings.audit import Cadence
from vigia.domain.findings.lifecycle import Move
from vigia.evaluate.published import publish
from vigia.store.connection import Database
from vigia.worker.audit import run_audits
from vigia.worker.runbooks import seed

VIEWS = Path(__file__).parents[2] / "dashboards" / "views"
WALL = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def audited(loaded_world: LoadedWorld) -> Iterator[tuple[Database, LoadedWorld]]:  # noqa: F811
    """The loaded company after a day and a half of audits."""
    with copied(loaded_world.database) as database:
        seed(database, loaded_world.tenant, now=WALL)
        for hours in (6, 12, 18, 24, 30, 36):
            run_audits(
                database,
                loaded_world.tenant,
                Cadence.DEEP,
                now=WALL + timedelta(seconds=hours),
                until=loaded_world.first + timedelta(hours=hours),
            )
        yield database, loaded_world


@pytest.fixture
def page(
    audited: tuple[Database, LoadedWorld], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., AppTest]]:
    database, world = audited
    st.cache_data.clear()
    monkeypatch.setattr(source, "database", lambda: database)
    monkeypatch.setattr(findings, "database", lambda: database)
    tenant = Tenant(world.tenant, "Sentinel", "sentinel", "UTC", WALL, is_live=False)

    def opened(name: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(VIEWS / f"{name}.py"), default_timeout=60)
        app.session_state["in_view"] = tenant
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    yield opened
    st.cache_data.clear()


def _one_of(audited: tuple[Database, LoadedWorld], where: str) -> dict[str, Any]:
    database, _ = audited
    with database.connect() as admin:
        row = admin.execute(
            f"SELECT finding_id::text, state, type, message FROM ops.finding WHERE {where}"
            " ORDER BY finding_id LIMIT 1"
        ).fetchone()
    assert row is not None
    return dict(zip(("id", "state", "type", "message"), row, strict=True))


def test_findings_are_listed_and_counted(page: Callable[..., AppTest], audited: Any) -> None:
    app = page("Findings")
    assert not app.exception
    labels = {metric.label: metric.value for metric in app.metric}
    assert set(labels) >= {"Open", "Open and critical", "Judged true"}
    assert len(app.dataframe[0].value) == min(int(labels["Open"]), 25)


def test_a_finding_in_the_address_says_why_it_fired_and_what_to_do(
    page: Callable[..., AppTest], audited: Any
) -> None:
    row = _one_of(audited, "figures::text <> '{}' AND runbook_id IS NOT NULL")
    app = page("Findings", finding=row["id"])
    assert not app.exception
    words = " ".join(each.value for each in app.markdown)
    assert row["message"] in words
    assert "What to do" in words
    assert "1. " in words
    assert not page("Findings", finding="00000000-0000-0000-0000-000000000000").exception


def test_a_person_acknowledges_and_the_log_says_who(
    page: Callable[..., AppTest], audited: Any
) -> None:
    row = _one_of(audited, "state = 'new'")
    app = page("Findings", finding=row["id"])
    app.text_input(key="who").set_value("K. Mehta").run()
    app.button(key=f"{Move.ACKNOWLEDGE}-{row['id']}").click().run()
    assert not app.exception
    after = _one_of(audited, f"finding_id = '{row['id']}'")
    assert after["state"] == "acknowledged"
    events = findings.events(audited[1].tenant, row["id"])
    assert events.filter(actor="K. Mehta").height == 1


def test_a_move_without_a_name_is_refused_in_words(
    page: Callable[..., AppTest], audited: Any
) -> None:
    row = _one_of(audited, "state = 'new'")
    app = page("Findings", finding=row["id"])
    app.button(key=f"true-{row['id']}").click().run()
    assert not app.exception
    assert "names who makes it" in app.error[0].value


def test_pages_without_anything_to_show_say_what_to_do(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page("Baselines")
    assert not app.exception
    assert "No baselines have been learned" in app.info[0].value
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))
    st.cache_resource.clear()
    app = page("Scoreboard")
    st.cache_resource.clear()
    assert not app.exception
    assert "Nothing has been scored yet" in app.info[0].value


def test_a_board_that_was_published_is_shown_with_the_bar_beside_it(
    page: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Board:
        @staticmethod
        def as_dict() -> dict[str, Any]:
            figures = {"precision": 0.9, "recall": 0.8, "f1": 0.85, "episodes": 10, "found": 8}
            ours = figures | {"false_alarms": 1, "delay_p95_s": 60.0, "f1_95": [0.7, 0.95]}
            return {
                "level": "hard",
                "seeds": [3],
                "classes": {"K01": ours},
                "per_site_day": 0.1,
                "naive": {"K01": {"f1": 0.2}},
                "naive_per_site_day": 9.0,
                "traps": {"drill": 0.0},
                "naive_traps": {"drill": 0.5},
                "hardness": {"late_share": 0.1},
                "f1": 0.85,
                "naive_f1": 0.2,
                "margin": 0.65,
            }

    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))
    publish(tmp_path / "scoreboards", "hard-3", Board(), WALL)  # type: ignore[arg-type]
    assert json.loads((tmp_path / "scoreboards" / "hard-3.json").read_text())["level"] == "hard"
    st.cache_resource.clear()
    app = page("Scoreboard")
    st.cache_resource.clear()
    assert not app.exception
    values = {metric.label: metric.value for metric in app.metric}
    assert values["Mean F1"] == "0.85"
    assert values["Kinds of look-alikes fallen for"] == "0 of 1"
    assert app.dataframe[0].value["F1"].to_list() == [0.85]
