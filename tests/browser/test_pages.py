"""Every page opens at a desk's and a phone's width, without an error, with the numbers of the marts."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import WIDTHS, Dashboard
from vigia.store.connection import Role

pytestmark = pytest.mark.browser

HELP_DESK, PATROL = "northwind-facilities", "haidian-patrol"
PAGES = {
    "Overview": ("", HELP_DESK, "Sites by state"),
    "Overview of tracks": ("", PATROL, "Freshness of every feed"),
    "Site": ("Site", HELP_DESK, "Metrics"),
    "Site with tracks": ("Site", PATROL, "Tracks"),
    "Tickets": ("Tickets", HELP_DESK, "Queue"),
    "Tickets of nobody": ("Tickets", PATROL, "has no tickets"),
    "Data": ("Data", HELP_DESK, "Deliveries"),
}
PATIENCE_S = 40
DRAWING_S = 3
DRAWN = "return [document.body.innerHTML.length, document.querySelectorAll('canvas, svg').length]"


def open_page(browser: Any, dashboard: Dashboard, name: str, width: int) -> str:
    """Open a page and return its text once it has finished running."""
    path, tenant, expected = PAGES[name]
    browser.set_window_size(width, 1400)
    browser.get(f"{dashboard.url}/{path}?tenant={tenant}")
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        text = browser.execute_script("return document.body ? document.body.innerText : ''")
        running = browser.execute_script(
            "return document.querySelectorAll('[data-testid=stStatusWidget],"
            "[data-testid=stSkeleton],[data-testid=stApp][data-test-script-state=running]').length"
        )
        if expected in text and not running:
            wait_until_drawn(browser)
            return str(browser.execute_script("return document.body.innerText"))
        time.sleep(0.2)
    pytest.fail(f"{name} never showed {expected!r}; it shows:\n{text[:1500]}")


def wait_until_drawn(browser: Any) -> None:
    """Figures are drawn after the script has ended: wait until nothing is added any more."""
    deadline = time.monotonic() + DRAWING_S
    before = None
    while time.monotonic() < deadline:
        drawn = browser.execute_script(DRAWN)
        if drawn == before:
            return
        before = drawn
        time.sleep(0.2)


def zone_of(dashboard: Dashboard, tenant: str) -> str:
    """The time zone that the database knows of a tenant."""
    with dashboard.demo.database.transaction(Role.WORKER) as connection:
        found: Any = connection.execute(
            "SELECT default_tz FROM ops.tenant WHERE slug = %s", [tenant]
        ).fetchone()
    return str(found[0])


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_fits_its_screen_says_whose_clock_it_shows_and_has_no_error(
    browser: Any, dashboard: Dashboard, name: str, width: str
) -> None:
    text = open_page(browser, dashboard, name, WIDTHS[width])
    errors = browser.execute_script(
        "return [...document.querySelectorAll('[data-testid=stException],"
        "[data-testid=stAlertContentError]')].map(e => e.innerText)"
    )
    content, screen = browser.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    keep_picture(browser, f"{name} {width}")
    assert errors == []
    assert content <= screen
    assert re.search(rf"\d\d:\d\d {re.escape(zone_of(dashboard, PAGES[name][1]))}\b", text), text


def test_the_numbers_of_tickets_are_those_of_the_mart(browser: Any, dashboard: Dashboard) -> None:
    open_page(browser, dashboard, "Tickets", WIDTHS["desk"])
    shown = dict(
        browser.execute_script(
            "return [...document.querySelectorAll('[data-testid=stMetric]')].map(m => ["
            "m.querySelector('[data-testid=stMetricLabel]').innerText.trim(),"
            "m.querySelector('[data-testid=stMetricValue]').innerText.trim()])"
        )
    )
    with dashboard.demo.database.transaction(Role.WORKER) as connection:
        found: Any = connection.execute(
            "SELECT count(*) FILTER (WHERE is_open), count(*) FROM marts.fct_ticket"
        ).fetchone()
    assert (shown["Open"], shown["Tickets"]) == (f"{found[0]:,}", f"{found[1]:,}")


def test_a_sites_page_names_the_sites_own_time_zone(browser: Any, dashboard: Dashboard) -> None:
    text = open_page(browser, dashboard, "Site with tracks", WIDTHS["desk"])
    with dashboard.demo.database.transaction(Role.WORKER) as connection:
        found = connection.execute(
            "SELECT DISTINCT s.time_zone FROM marts.dim_site s JOIN ops.tenant t USING (tenant_id)"
            " WHERE t.slug = %s",
            [PATROL],
        ).fetchall()
    badges = browser.execute_script(
        "return [...document.querySelectorAll('.stMarkdownBadge')].map(b => b.innerText)"
    )
    assert [zone for (zone,) in found] == ["Asia/Shanghai"]
    assert any("Asia/Shanghai" in badge for badge in badges), (badges, text[:1500])


def test_no_page_calls_anybody_else(browser: Any, dashboard: Dashboard) -> None:
    """Nothing phones home, and no map tile tells a stranger which sites are looked at."""
    open_page(browser, dashboard, "Site with tracks", WIDTHS["desk"])
    asked = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    foreign = [url for url in asked if url.startswith("http") and not url.startswith(dashboard.url)]
    assert foreign == []


def keep_picture(browser: Any, name: str) -> None:
    """Keep a picture where VIGIA_TEST_PICTURES names a folder, for people to look at."""
    folder = os.environ.get("VIGIA_TEST_PICTURES")
    if folder:
        height = browser.execute_script(
            "const m = document.querySelector('[data-testid=stMain]');"
            "return Math.min(6000, Math.max(900, m ? m.scrollHeight + 80 : 900))"
        )
        size = browser.get_window_size()
        browser.set_window_size(size["width"], height)
        time.sleep(0.8)
        browser.save_screenshot(str(Path(folder) / f"{name.replace(' ', '-').lower()}.png"))
        browser.set_window_size(size["width"], 1400)
