"""What a person reads on the Site page about tracks, against the shipped file."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.conftest import WIDTHS, Dashboard
from tests.browser.test_pages import open_page
from tests.journeys.test_tracks_on_the_dashboard import Walks

pytestmark = pytest.mark.browser


def test_the_numbers_of_tracks_are_those_of_the_file(browser: Any, dashboard: Dashboard) -> None:
    text = open_page(browser, dashboard, "Site with tracks", WIDTHS["desk"])
    found = re.search(
        r"([\d,]+) person-days: ([\d,]+) positions, ([\d,]+) km, ([\d,]+) waits", text
    )
    assert found, text[:3000]
    walks = Walks()
    assert [int(number.replace(",", "")) for number in found.groups()] == [
        len(walks.positions),
        walks.positions.total(),
        round(sum(walks.metres.values()) / 1000),
        walks.waits.total(),
    ]
