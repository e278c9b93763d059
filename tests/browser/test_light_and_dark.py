"""Pages follow the light or the dark that a person's system asks for, and stay readable."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import WIDTHS, Dashboard
from tests.browser.test_pages import open_page

pytestmark = pytest.mark.browser

READABLE = 4.5
"""Contrast of text to its ground that WCAG 2.2 asks for (AA)."""
COLOURS = """
const opaque = c => !c.startsWith('rgba');
const seen = [];
for (const e of document.querySelectorAll(
        'h1, h2, h3, p, [data-testid=stMetricValue], [data-testid=stMetricLabel]')) {
    if (!e.innerText.trim() || !e.offsetParent) continue;
    let ground = e;
    while (ground && !opaque(getComputedStyle(ground).backgroundColor))
        ground = ground.parentElement;
    if (ground) seen.push([getComputedStyle(e).color,
                           getComputedStyle(ground).backgroundColor, e.innerText.slice(0, 60)]);
}
return seen;
"""


# Light is the pages' own ground; where somebody wrote a colour for it, the dark shows it.
@pytest.mark.parametrize(
    ("scheme", "page"),
    [
        *(("light", "Overview"), ("dark", "Overview")),
        *(("dark", "Site with tracks"), ("dark", "Tickets"), ("dark", "Data")),
    ],
)
def test_texts_stand_out_from_their_ground(
    browser: Any, dashboard: Dashboard, scheme: str, page: str
) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        open_page(browser, dashboard, page, WIDTHS["desk"])
        seen = browser.execute_script(COLOURS)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert len(seen) > 10
    grounds = [luminance(channels(ground)) for _, ground, _ in seen]
    assert (max(grounds) < 0.2) if scheme == "dark" else (min(grounds) > 0.5), seen
    faint = [each for each in seen if contrast(each[0], each[1]) < READABLE]
    assert faint == []


def contrast(colour: str, ground: str) -> float:
    """Contrast of a text to its opaque ground, which shines through where the text lets it."""
    *text, share = channels(colour)
    *behind, _ = channels(ground)
    mixed = [t * share + b * (1 - share) for t, b in zip(text, behind, strict=True)]
    low, high = sorted((luminance(mixed), luminance(behind)))
    return (high + 0.05) / (low + 0.05)


def channels(colour: str) -> list[float]:
    """Red, green, blue and opacity of `rgb(…)` or `rgba(…)`, each from 0 to 1."""
    parts = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")]
    return [*(part / 255 for part in parts[:3]), *(parts[3:] or [1.0])]


def luminance(parts: list[float]) -> float:
    """Relative luminance (WCAG) of red, green and blue."""
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts[:3]]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
