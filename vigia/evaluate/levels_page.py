"""The page that says what makes each level hard, from measured scoreboards.

Belongs here: the words and tables of `docs/levels.md`. Every figure comes from the boards.
"""

from __future__ import annotations

from collections.abc import Sequence

from vigia.evaluate import naive
from vigia.evaluate.board import Board

_MEASURES = (
    ("late_share", "Positions that arrive more than 5 s late", 100, "%", 1),
    ("missing_heartbeats", "Heartbeats that never come", 100, "%", 1),
    ("position_error_m", "Metres between two positions of a phone at rest (median)", 1, "", 1),
    ("traps_per_episode", "Look-alikes to one planned episode", 1, "", 2),
)
_INTRODUCTION = """\
Five levels, measured on what can be observed of their worlds, not on what was asked for. Written by
`{}`;
the seeds are the same for every level, and only the test days count."""
_CLASSES = """\
Precision / recall / F1 by class, and the number of episodes in brackets: few of them make a figure
loose. A dash is a figure that does not exist."""
_GOOD_F1 = 0.5
_TOO_EASY = """\
The plain rules reach an F1 of {:g} here: {}.
On `hard` and `brutal` that means that worlds are too easy there."""
_TRAPS = """\
Share of the look-alikes of each kind for which the plain rules raised a false alarm of the class
that they tempt to."""
_RULES = """\
The plain rules are the naive bar: what somebody would write down in an afternoon, one rule a
pattern, looked at every five minutes with one open finding a scope. Nothing waits for late data,
there is no roster but who is clocked in, no maintenance window, no doubt about positions, no
inhibition (`vigia/evaluate/naive.py`). Whatever finds anything in this product is measured on the
same streams and has to beat them. What counts as found is in
[0008](decisions/0008-what-counts-as-found.md)."""


def levels_page(boards: Sequence[Board], command: str) -> str:
    """The page as Markdown.

    Args:
        boards: One a level, in the order of the columns.
        command: What the figures came from.
    """
    levels = [board.level for board in boards]
    sections = [
        "# How hard a world is",
        _INTRODUCTION.format(command),
        "## What the stream is like",
        _table(["Measured", *levels], _measures(boards)),
        "## The plain rules",
        _RULES,
        _table(["", *levels], _summary(boards)),
        _CLASSES,
        _table(["Class", *levels], _classes(boards)),
        _TOO_EASY.format(_GOOD_F1, _too_easy(boards)),
        "## Traps",
        _TRAPS,
        _table(["Kind", *levels], _traps(boards)),
    ]
    return "\n\n".join(sections) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _measures(boards: Sequence[Board]) -> list[list[str]]:
    return [
        [
            text,
            *(
                f"{board.hardness[name] * scale:.{digits}f}{f' {unit}' if unit else ''}"
                if name in board.hardness
                else "-"
                for board in boards
            ),
        ]
        for name, text, scale, unit, digits in _MEASURES
    ]


def _summary(boards: Sequence[Board]) -> list[list[str]]:
    return [
        ["Mean F1 of K01 to K12", *(_figure(board.f1) for board in boards)],
        [
            "False alarms of MEDIUM or worse a site and day",
            *(f"{board.per_site_day:.1f}" for board in boards),
        ],
    ]


def _classes(boards: Sequence[Board]) -> list[list[str]]:
    rows = []
    for name in naive.CLASSES:
        row = [name]
        for board in boards:
            found = board.naive[name]
            rates = (found.precision, found.recall, found.f1)
            row.append(" / ".join(map(_figure, rates)) + f" ({found.episodes})")
        rows.append(row)
    return rows


def _too_easy(boards: Sequence[Board]) -> str:
    """By level, the classes that plain rules find well."""
    found = {
        board.level: [n for n, s in board.naive.items() if s.f1 is not None and s.f1 >= _GOOD_F1]
        for board in boards
    }
    told = [f"{', '.join(names)} on {level}" for level, names in found.items() if names]
    return "; ".join(told) or "nowhere"


def _traps(boards: Sequence[Board]) -> list[list[str]]:
    kinds = sorted({kind for board in boards for kind in board.traps})
    return [[f"`{kind}`", *(_figure(board.traps.get(kind)) for board in boards)] for kind in kinds]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
