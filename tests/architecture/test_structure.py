"""Names, sizes and documentation of the source, held to the budgets of ARCHITECTURE.md."""

from __future__ import annotations

import ast
import statistics

MAX_FUNCTION_LINES = 80
MAX_FILE_LINES = 500
MAX_ASSET_LINES = 25
MAX_PAGE_LINES = 150
HOMELESS = {"utils", "util", "helpers", "helper", "common", "core", "misc", "bl"}


def _length(function):
    """Lines of the body, without decorators, signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def _is_asset(function):
    decorators = {ast.unparse(d).partition("(")[0] for d in function.decorator_list}
    return any(name.endswith(("asset", "multi_asset")) for name in decorators)


def test_no_module_has_a_name_that_says_nothing(modules):
    homeless = [m.name for m in modules if HOMELESS & set(m.name.split("."))]
    assert not homeless, "a function without a home is a missing noun"


def test_every_module_says_what_belongs_in_it(modules):
    assert not [m.name for m in modules if not ast.get_docstring(m.tree)]


def test_nine_public_names_in_ten_are_documented(modules):
    public = [(m, node) for m in modules for node in m.public()]
    bare = [f"{m.name}.{node.name}" for m, node in public if not ast.get_docstring(node)]
    assert len(bare) <= 0.1 * len(public), bare


def test_no_function_is_longer_than_80_lines(modules):
    long = [
        f"{m.name}.{f.name}"
        for m in modules
        for f in m.functions()
        if _length(f) > MAX_FUNCTION_LINES
    ]
    assert not long


def test_most_functions_are_short(modules):
    lengths = sorted(_length(f) for m in modules for f in m.functions())
    assert statistics.median(lengths) <= 12
    assert lengths[int(0.95 * len(lengths))] <= 45


def test_no_file_is_longer_than_500_lines(modules):
    assert not [m.name for m in modules if m.lines > MAX_FILE_LINES]


def test_assets_read_call_write_and_say_what_they_did(modules):
    long = [
        f"{m.name}.{f.name}"
        for m in modules
        if m.name.startswith("assets")
        for f in m.functions()
        if _is_asset(f) and _length(f) > MAX_ASSET_LINES
    ]
    assert not long


def test_dashboard_pages_stay_readable(modules):
    pages = [m for m in modules if m.name.startswith("dashboards.views")]
    assert not [m.name for m in pages if m.lines > MAX_PAGE_LINES]


def test_every_function_is_annotated(modules):
    bare = [
        f"{m.name}.{f.name}"
        for m in modules
        for f in m.functions()
        if f.returns is None
        or any(
            a.annotation is None
            for a in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs)
            if a.arg not in ("self", "cls")
        )
    ]
    assert not bare
