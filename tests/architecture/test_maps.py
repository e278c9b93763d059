"""What README, ARCHITECTURE and the glossary say is there, is there, and nothing is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vigia.cli.main import COMMANDS
from vigia.domain.dictionary import TABLES
from vigia.domain.findings.types import Category, EvidenceState, ScopeKind, Severity

BRANCH = re.compile(r"^( *)([\w-]+)/(?= |$)", re.MULTILINE)
PAGES = ("README.md", "ARCHITECTURE.md", "docs/world.md", "docs/glossary.md", "docs/levels.md")


@pytest.fixture(scope="module")
def folders(tracked: list[Path], root: Path) -> set[str]:
    """Every folder that holds a tracked file, hidden ones apart."""
    parents = {parent for path in tracked for parent in path.relative_to(root).parents}
    return {str(folder) for folder in parents if not str(folder).startswith(".")}


def branches(text: str) -> list[str]:
    """The folders that the tree of a page draws, two blanks a level."""
    tree = text.partition("## The tree")[2].split("```")[1]
    path: list[str] = []
    found = []
    for blanks, name in BRANCH.findall(tree):
        path[len(blanks) // 2 :] = [name]
        found.append("/".join(path))
    return found


def children(folders: set[str], parent: str) -> set[str]:
    """The folders right under one; those at the top for an empty name."""
    depth = parent.count("/") + 1 if parent else 0
    under = f"{parent}/" if parent else ""
    return {f for f in folders if f.startswith(under) and f.count("/") == depth}


def test_the_tree_of_the_architecture_is_that_of_the_repository(
    root: Path, folders: set[str]
) -> None:
    drawn = branches((root / "ARCHITECTURE.md").read_text())
    assert len(set(drawn)) == len(drawn)
    assert [folder for folder in drawn if folder not in folders] == []
    packages = {f for f in folders if (root / f / "__init__.py").exists()}
    wanted = (
        children(folders, "") | children(packages, "vigia") | children(packages, "vigia/domain")
    )
    assert wanted - set(drawn) == set()


def test_the_readme_says_where_every_folder_is(root: Path, folders: set[str]) -> None:
    table = (root / "README.md").read_text().partition("## Where things live")[2]
    named = set(re.findall(r"`([\w/]+)`", "".join(re.findall(r"^\|[^|]+\|", table, re.MULTILINE))))
    assert named - folders == set()
    assert children(folders, "") - {name.partition("/")[0] for name in named} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_exists(root: Path, page: str) -> None:
    text = (root / page).read_text()
    code = [
        *re.findall(r"`([^`\n]+)`", text),
        *re.findall(r"^(?:make|vigia) .*", text, re.MULTILINE),
    ]
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    for line in code:
        program, _, rest = line.partition(" ")
        word = rest.split(" ")[0]
        assert program != "make" or not word or word in targets, line
        assert program != "vigia" or not word or word in COMMANDS, line


def test_the_glossary_is_in_order_and_says_each_word_once(root: Path) -> None:
    words = re.findall(r"^\| ([^|]+) \|", (root / "docs/glossary.md").read_text(), re.MULTILINE)[1:]
    assert len(words) > 60
    assert words == sorted(set(words), key=str.lower)


def test_the_glossary_knows_the_words_of_findings_and_names_what_exists(root: Path) -> None:
    text = (root / "docs/glossary.md").read_text()
    words = [*Category, *Severity, *EvidenceState, *(kind.replace("_", " ") for kind in ScopeKind)]
    assert [word for word in words if not re.search(rf"\b{word}\b", text)] == []
    assert set(re.findall(r"`ops\.(\w+)`", text)) <= set(TABLES)
    paths = re.findall(r"`([a-z_]+(?:/[\w.-]+)+)`", text)
    assert [path for path in paths if not (root / path).exists()] == []
