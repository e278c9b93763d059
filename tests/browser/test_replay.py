"""What was put aside is tried again from the page: asked first, done once, told afterwards."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.browser.conftest import WIDTHS, Dashboard
from tests.browser.test_pages import PATIENCE_S, open_page
from vigia.store.connection import Role

pytestmark = pytest.mark.browser

PRESS = """
const button = [...document.querySelectorAll('button')].find(b => b.innerText.includes(arguments[0]));
if (button) button.click();
return Boolean(button);
"""
ATTEMPTS = "SELECT attempts FROM ops.ingest_quarantine WHERE reason_code = 'unknown_state'"


def until(condition: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def attempts(dashboard: Dashboard) -> list[int]:
    with dashboard.demo.database.transaction(Role.WORKER) as connection:
        return [tried for (tried,) in connection.execute(ATTEMPTS)]


def test_replaying_asks_first_and_then_says_what_came_of_it(
    browser: Any, dashboard: Dashboard
) -> None:
    open_page(browser, dashboard, "Data", WIDTHS["desk"])
    before = attempts(dashboard)
    assert len(before) == 3
    until(lambda: browser.execute_script(PRESS, "Replay 3 rows"), "no button to replay")
    until(lambda: browser.execute_script(PRESS, "Replay now"), "nobody asked")
    shown = "return document.body.innerText"
    told = "0 accepted, 0 already known, 3 still put aside."
    until(lambda: told in browser.execute_script(shown), "it did not say what came of it")
    assert attempts(dashboard) == [tried + 1 for tried in before]
