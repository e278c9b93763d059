"""The front door while the database is away: a page that says what to do, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from vigia.config.home import LOOPBACK
from vigia.services.ports import choose_port

HOME = Path(__file__).parents[2] / "dashboards" / "Home.py"


@pytest.fixture
def page(monkeypatch, tmp_path):
    """The front door of an installation whose settings the test chooses."""
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))
    st.cache_data.clear()
    st.cache_resource.clear()
    yield lambda: AppTest.from_file(str(HOME), default_timeout=30).run()
    st.cache_data.clear()
    st.cache_resource.clear()


def test_a_server_that_does_not_answer_is_a_message_and_no_traceback(page, monkeypatch):
    url = f"postgresql://me:secret@{LOOPBACK}:{choose_port(LOOPBACK, 0)}/vigia"
    monkeypatch.setenv("VIGIA_DATABASE_URL", url)
    shown = page()
    assert not shown.exception
    [error] = shown.error
    assert "does not answer" in error.value
    assert "`vigia up`" in error.value
    assert "secret" not in error.value


def test_an_embedded_server_that_was_not_started_is_a_message_too(page):
    shown = page()
    assert not shown.exception
    [error] = shown.error
    assert "vigia up" in error.value
