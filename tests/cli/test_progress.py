"""How a long command tells a person that it moves, and a script nothing but its result."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

from vigia.config.settings import Settings
from vigia.services.environment import child_environment

EXAMPLES = Path(__file__).parents[2] / "examples"
TRACKS = EXAMPLES / "geolife_sample.csv.gz"
START = "from vigia.cli.main import app; app()"
CLEAR_LINE = "\x1b[2K"


def on_a_terminal(settings: Settings, *words: str) -> tuple[int, str, str]:
    """Run a command whose standard error is a terminal: exit code, standard output, terminal."""
    watched, terminal = pty.openpty()
    shown = bytearray()

    def watch() -> None:
        try:
            while piece := os.read(watched, 65_536):
                shown.extend(piece)
        except OSError:
            pass  # how Linux says that nobody holds the terminal any more

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        done = subprocess.run(
            [sys.executable, "-c", START, *words],
            env=child_environment(settings) | {"TERM": "xterm", "COLUMNS": "120"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=terminal,
            timeout=120,
            check=False,
        )
    finally:
        os.close(terminal)
        reader.join()
        os.close(watched)
    return done.returncode, done.stdout.decode(), shown.decode()


def test_a_load_on_a_terminal_draws_its_progress_there_and_prints_only_its_result(
    settings: Settings,
) -> None:
    words = ("load", str(TRACKS), "--as", "gps", "--tenant", "acme", "--create-tenant", "--json")
    code, printed, shown = on_a_terminal(settings, *words)
    assert code == 0, shown
    assert json.loads(printed)["accepted"] == 5625
    assert len(printed.splitlines()) == 1
    assert "\x1b" not in printed
    first, last = shown.index(f"Loading {TRACKS.name}"), shown.rindex("5,625 rows")
    assert first < last
    assert "100 %" in shown
    # Nothing of it stays behind: the report, or the next prompt, stands where it was.
    assert CLEAR_LINE in shown[last:]
