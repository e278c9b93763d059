"""The reference page of the patterns, made from their own declarations.

Belongs here: from a declaration to Markdown. Does not belong here: what a pattern looks for
(`vigia.domain.findings.patterns`), the other pages (`reference_pages.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vigia.domain.findings.pattern import Pattern

_INTRODUCTION = """\
What detection looks for, as each rule declares itself. All of them look at all sites at once, at
every instant that is asked for, and see only what had arrived by then. Their numbers are defaults:
`vigia replay --policy FILE` looks at a past window with others, `vigia explain` says which condition
failed and by how much. How often each is right is measured: `vigia evaluate`."""


def patterns_reference(patterns: Iterable[Pattern], evidence: Mapping[str, str]) -> str:
    """Describe patterns and their numbers.

    Args:
        patterns: In the order of the page.
        evidence: Kind of evidence to what it is.

    Returns:
        Markdown with one section per pattern.
    """
    lines = ["# Patterns", "", _INTRODUCTION, ""]
    for pattern in patterns:
        lines += _section(pattern, evidence)
    return "\n".join(lines)


def _section(pattern: Pattern, evidence: Mapping[str, str]) -> list[str]:
    hours = pattern.look_back.total_seconds() / 3600
    rows = {
        "Raises": ", ".join(f"`{kind}`" for kind in pattern.kinds),
        "Looks at": ", ".join(pattern.signals),
        "Applies when": pattern.precondition,
        "Severity": pattern.severity,
        "Clears when": pattern.clears,
        "Told apart from": ", ".join(pattern.traps) or "–",
        "Looks back": f"{hours:g} h",
        "Planned work": "mutes it" if pattern.is_muted else "never mutes it",
        "Evidence": "; ".join(f"`{kind}`: {evidence[kind]}" for kind in pattern.evidence) or "–",
    }
    described = _meanings(pattern.policy.__doc__ or "")
    numbers = [
        f"| `{each.name}` | {getattr(pattern.policy, each.name):g} | {described.get(each.name, '')} |"
        for each in fields(pattern.policy)
    ]
    return [
        f"## {pattern.code} {pattern.name}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text.replace('|', chr(92) + '|')} |" for name, text in rows.items()),
        "",
        *(["| number | default | what it is |", "|---|---:|---|", *numbers, ""] if numbers else []),
    ]


def _meanings(docstring: str) -> dict[str, str]:
    """Attributes of a docstring with what is said of each."""
    _, _, told = docstring.partition("Attributes:")
    found = re.findall(r"^\s{8}(\w+): (.+(?:\n\s{12,}.+)*)", told, re.MULTILINE)
    return {name: re.sub(r"\s+", " ", text).replace("|", "\\|") for name, text in found}
