"""What every page's file must heed, because Streamlit runs it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

VIEWS = sorted((Path(__file__).parents[2] / "dashboards" / "views").glob("*.py"))


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.stem)
def test_no_string_stands_alone_in_a_page_for_streamlit_would_show_it(path: Path) -> None:
    _, *rest = ast.parse(path.read_text(encoding="utf-8")).body
    alone = [
        node.lineno
        for node in rest
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    assert alone == []
