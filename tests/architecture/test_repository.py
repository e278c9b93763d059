"""What is tracked: nothing of one machine, nothing generated, nothing large."""

from __future__ import annotations

import re
import tomllib

import pytest

MAX_TARGETS = 12
MAX_TRACKED_BYTES = 400_000
HOMES = ("home", "Users")
# Put together from words, so that this file holds no such path either.
HOME_PATHS = re.compile(
    rf"(?<![\w.]){'/'}(?:{'|'.join(HOMES)}){'/'}[\w.-]+/|(?<![\w.~]){'/'}{'root'}{'/'}"
)
REGISTRY_HOSTS = re.compile(
    r"(?:files\.python" + r"hosted|(?<!/)\bpypi)\." + r"org|--(?:extra-)?index-url|--find-links"
)
GENERATED = (".pyc", ".parquet", ".duckdb", ".log", ".ubj", ".pkl", ".so")


def _text(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("pattern", [HOME_PATHS, REGISTRY_HOSTS], ids=["paths", "hosts"])
def test_no_tracked_file_names_a_machine(tracked, root, pattern):
    found = [
        f"{path.relative_to(root)}: {match[0]}"
        for path in tracked
        if path.name != "test_repository.py" and (match := pattern.search(_text(path)))
    ]
    assert not found


def test_the_lock_pins_every_requirement_with_hashes(root):
    lock = (root / "requirements.lock").read_text()
    pins = re.findall(r"^([a-z0-9][\w.-]*(?:\[[\w,-]+\])?)==", lock, re.MULTILINE)
    unhashed = re.findall(r"^[a-z0-9][^\n]*[^\\\n]$", lock, re.MULTILINE)
    assert len(pins) > 100
    assert not unhashed
    assert "://" not in lock


def test_the_lock_holds_every_direct_requirement_and_no_gpu_build(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())
    lock = (root / "requirements.lock").read_text()
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    for requirement in wanted:
        name = re.match(r"[\w.-]+", requirement)[0]
        assert re.search(rf"^{re.escape(name)}(\[[\w,-]+\])?==", lock, re.MULTILINE), name
    assert not re.search(r"^(torch|nvidia)", lock, re.MULTILINE)


def test_nothing_generated_or_large_is_tracked(tracked, root):
    bad = [
        str(path.relative_to(root))
        for path in tracked
        if path.suffix in GENERATED or path.stat().st_size > MAX_TRACKED_BYTES
    ]
    assert not bad


def test_the_makefile_stays_small_and_explains_itself(root):
    text = (root / "Makefile").read_text()
    targets = re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE)
    explained = re.findall(r"^([a-z][a-z-]*):.*## \S", text, re.MULTILINE)
    assert len(targets) <= MAX_TARGETS
    assert targets == explained


def test_the_build_script_can_be_run(root):
    assert (root / ".ci" / "run").stat().st_mode & 0o111
