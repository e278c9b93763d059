"""The page that says what makes each level hard, from measured scoreboards.

Belongs here: the words and tables of `docs/levels.md`. Every figure comes from the boards.
"""

from __future__ import annotations

from collections.abc import Sequence

from vigia.evaluate.board import Board, Tally

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
Share of the look-alikes of each kind for which a false alarm of the class that they tempt to was
raised: by the product / by the plain rules."""
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
        "## The product and the plain rules",
        _RULES,
        _table(["", *levels], _summary(boards)),
        _CLASSES,
        "### The product",
        _table(["Class", *levels], _classes([board.product for board in boards])),
        "### The plain rules",
        _table(["Class", *levels], _classes([board.naive for board in boards])),
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
        ["Mean F1, product", *(_figure(board.product.f1) for board in boards)],
        ["Mean F1, plain rules", *(_figure(board.naive.f1) for board in boards)],
        [
            "False alarms of MEDIUM or worse a site and day, product",
            *(f"{board.product.per_site_day:.2f}" for board in boards),
        ],
        [
            "The same, plain rules",
            *(f"{board.naive.per_site_day:.1f}" for board in boards),
        ],
    ]


def _classes(tallies: Sequence[Tally]) -> list[list[str]]:
    rows = []
    for name in dict.fromkeys(n for tally in tallies for n in tally.classes):
        row = [name]
        for tally in tallies:
            found = tally.classes[name]
            rates = (found.precision, found.recall, found.f1)
            row.append(" / ".join(map(_figure, rates)) + f" ({found.episodes})")
        rows.append(row)
    return rows


def _too_easy(boards: Sequence[Board]) -> str:
    """By level, the classes that plain rules find well."""
    found = {
        board.level: [n for n, s in board.naive.classes.items() if (s.f1 or 0) >= _GOOD_F1]
        for board in boards
    }
    told = [f"{', '.join(names)} on {level}" for level, names in found.items() if names]
    return "; ".join(told) or "nowhere"


def _traps(boards: Sequence[Board]) -> list[list[str]]:
    """Product / plain rules, by kind."""
    kinds = sorted({kind for b in boards for tally in (b.product, b.naive) for kind in tally.traps})
    return [
        [
            f"`{kind}`",
            *(
                f"{_figure(b.product.traps.get(kind))} / {_figure(b.naive.traps.get(kind))}"
                for b in boards
            ),
        ]
        for kind in kinds
    ]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
