"""`vigia docs build` writes the pages, and says which of them are out of date."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from vigia.cli import docs

PAGES = {"data-dictionary.md", "events.md", "patterns.md", "mappings.md", "settings.md", "cli.md"}


@pytest.fixture
def vigia_docs():
    return lambda *arguments: CliRunner().invoke(docs.app, ["build", *map(str, arguments)])


def test_building_writes_every_page_and_checking_then_agrees(vigia_docs, tmp_path):
    out = tmp_path / "new" / "reference"
    assert vigia_docs("--out", out).exit_code == 0
    assert {page.name for page in out.iterdir()} == PAGES
    assert vigia_docs("--out", out, "--check").exit_code == 0


def test_checking_names_the_page_that_is_stale_or_missing_and_what_to_do(vigia_docs, tmp_path):
    vigia_docs("--out", tmp_path)
    (tmp_path / "events.md").write_text("# Events of last year\n")
    (tmp_path / "cli.md").unlink()
    result = vigia_docs("--out", tmp_path, "--check")
    assert result.exit_code == 1
    assert "events.md, cli.md" in result.output
    assert "make docs" in result.output
    assert not (tmp_path / "cli.md").exists()


def test_building_twice_gives_the_same_bytes(vigia_docs, tmp_path):
    vigia_docs("--out", tmp_path / "a")
    vigia_docs("--out", tmp_path / "b")
    for name in PAGES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
