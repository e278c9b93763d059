"""Finding personal data in a text: names, telephone numbers, mail addresses, coordinates.

A net under texts that should hold none: messages of findings, runbooks, evidence that was called
plain. It rather catches too much than too little, and knows names only as well as it is told them:
those given to it, and two capitalised words in a row that no sentence of ours writes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Kind = Literal["name", "phone", "email", "coordinates"]

_HARMLESS = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?\b",
    re.IGNORECASE,
)
"""Ids and instants: digits in a row that name nobody."""
_EMAIL = re.compile(r"[\w.+%'-]+ ?@ ?[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.-])(?:\+|\(|00)?\d(?:[\s()/.-]{0,3}\d){6,14}(?![\w])")
_DECIMALS = r"[+-]?\d{1,3}[.,]\d{3,}"
_COORDINATES = re.compile(
    rf"{_DECIMALS}°?\s*[NSEW]?\s*[,;/ ]\s*{_DECIMALS}"
    r"|(?<![\d.])[+-]?\d{1,3}\.\d{4,}(?!\d)"
    r"|\b(?:lat|lon|lng|latitude|longitude)\b\W{0,3}[+-]?\d"
    r"|\d{1,3}\s*°\s*\d{1,2}\s*['\u2032]"
    r"|\b[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,3}\b",
    re.IGNORECASE,
)
# Letters; and the vowel signs of Indian, Thai and Arabic scripts, which count as no letters.
_LETTER = (
    r"(?:[^\W\d_]|[\u0300-\u036f\u0610-\u065f\u0900-\u0903\u093a-\u094f\u0980-\u0dff\u0e31-\u0e4e])"
)
_WORD = re.compile(rf"{_LETTER}+(?:['’-]{_LETTER}+)*")
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("email", _EMAIL),
    ("coordinates", _COORDINATES),
    ("phone", _PHONE),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """Where in a text which kind of personal data seems to be."""

    kind: Kind
    start: int
    end: int


class Scanner:
    """Looks for personal data, and for the names it was given.

    Args:
        names: Full names. Each of their words counts by itself, unless it is an initial or two letters.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = frozenset(_words_of(names))

    def hits(self, text: str) -> tuple[Hit, ...]:
        """Everything in the text that seems to be personal data, in order.

        >>> [hit.kind for hit in Scanner(["Asha Rao"]).hits("ask rao, +91 98450 12345")]
        ['name', 'phone']
        """
        text = unicodedata.normalize("NFKC", text)
        found = [*self._known_names(text), *_in_a_row(text), *_patterns(text)]
        return tuple(sorted(found, key=lambda hit: (hit.start, hit.end, hit.kind)))

    def _known_names(self, text: str) -> Iterator[Hit]:
        if self._names:
            for word in _WORD.finditer(text):
                if not self._names.isdisjoint(_parts(word[0])):
                    yield Hit("name", *word.span())


def _words_of(names: Collection[str]) -> Iterator[str]:
    for name in names:
        for word in _WORD.findall(unicodedata.normalize("NFKC", name)):
            yield from (part for part in _parts(word) if len(part) > (2 if part.isascii() else 1))


def _parts(word: str) -> tuple[str, ...]:
    """A word, and what its hyphens and apostrophes join, without regard to case."""
    word = word.casefold()
    return (word, *re.split(r"['’-]", word))


def _in_a_row(text: str) -> Iterator[Hit]:
    words = list(_WORD.finditer(text))
    for first, second in pairwise(words):
        between = text[first.end() : second.start()]
        if between.isspace() and _is_title(first[0]) and _is_title(second[0]):
            yield Hit("name", first.start(), second.end())


def _is_title(word: str) -> bool:
    return word[0].isupper() and any(map(str.islower, word))


def _patterns(text: str) -> Iterator[Hit]:
    text = _HARMLESS.sub(lambda found: " " * len(found[0]), text)
    for kind, pattern in _PATTERNS:
        for found in pattern.finditer(text):
            yield Hit(kind, *found.span())
        # One stretch of text is one kind of data: the digits of a position are no telephone.
        text = pattern.sub(lambda found: " " * len(found[0]), text)


ANYBODY = Scanner()
"""Knows no names: what it finds, it finds by shape."""
