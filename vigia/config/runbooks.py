"""Runbook files, read and checked before any finding points to one.

The product's own lie under `runbooks/product/<category>/` of the repository. What a runbook is and
which one a finding gets belongs to `vigia.domain.findings.runbooks`; a tenant's own to the store.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vigia.config.settings import REPOSITORY
from vigia.domain.findings.runbooks import Book, FrontMatter, Runbook, RunbookError, body_of, split

FOLDER = REPOSITORY / "runbooks" / "product"


def product_runbooks(folder: Path = FOLDER) -> tuple[Runbook, ...]:
    """Read every runbook of a folder, in order of id.

    Args:
        folder: Holds one folder for each category, named in small letters.

    Raises:
        RunbookError: One cannot be relied on, two claim the same, or GENERIC has none.
    """
    found = [_of_category(path) for path in sorted(folder.glob("*/*.md"))]
    if not found:
        raise RunbookError(f"there are no runbooks under {folder}")
    Book(found)
    return tuple(sorted(found, key=lambda runbook: runbook.id))


def read_runbook(text: str, name: str = "runbook") -> Runbook:
    """Read a runbook from its text.

    Args:
        text: Markdown with front matter.
        name: What errors call it: the file, or what a person called it.

    Raises:
        RunbookError: It cannot be relied on; the text names file and place.
    """
    try:
        front, body = split(text)
        purpose, steps = body_of(body)
        return Runbook(_front_matter(front), purpose, steps)
    except RunbookError as error:
        raise RunbookError(f"{name}: {error}. Correct it and try again.") from error


def _of_category(path: Path) -> Runbook:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunbookError(f"cannot read the runbook {path}: {error}") from error
    runbook = read_runbook(text, str(path))
    if (expected := runbook.front.category.lower()) != path.parent.name:
        raise RunbookError(f"{path}: {runbook.front.category} belongs in the folder {expected}")
    return runbook


def _front_matter(text: str) -> FrontMatter:
    from pydantic import TypeAdapter, ValidationError

    try:
        # As JSON, so that a number is no text and a word no number.
        return TypeAdapter(FrontMatter).validate_json(json.dumps(_document(text)), strict=True)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'front matter'}: {e['msg']}" for e in error.errors()
        )
        raise RunbookError(problems) from error


def _document(text: str) -> Any:
    import yaml

    try:
        document = yaml.safe_load(text)
        json.dumps(document)
    except (yaml.YAMLError, TypeError) as error:
        raise RunbookError(f"the front matter is not plain YAML: {error}") from error
    return document
