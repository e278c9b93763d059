"""A real browser over the real dashboard, served from the finished demo of the shipped samples."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.demo import FinishedDemo
from vigia.config.settings import REPOSITORY
from vigia.services.environment import child_environment
from vigia.services.ports import choose_port

WIDTHS = {"desk": 1440, "phone": 390}
READY_S = 60


@dataclass(frozen=True)
class Dashboard:
    """Where the dashboard is served and what it shows."""

    url: str
    demo: FinishedDemo


def chromium() -> str | None:
    """The browser of the distribution, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def dashboard(finished_demo: FinishedDemo) -> Iterator[Dashboard]:
    """The dashboard over the finished demo."""
    port = choose_port("127.0.0.1", 0, frozenset())
    log = finished_demo.settings.home / "streamlit-test.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "streamlit",
                "run",
                "dashboards/Home.py",
                "--server.port",
                str(port),
                "--server.address",
                "127.0.0.1",
            ],
            cwd=REPOSITORY,
            env=child_environment(finished_demo.settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(f"{url}/_stcore/health", process, log)
        yield Dashboard(url, finished_demo)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"the dashboard did not start:\n{log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Headless Chromium; tests are skipped where the distribution's is not installed."""
    binary, driver = chromium(), shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("no Chromium here: install `chromium` and `chromium-driver`")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--disable-quic",
        "--force-color-profile=srgb",
        "--hide-scrollbars",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(driver))
    yield found
    found.quit()
