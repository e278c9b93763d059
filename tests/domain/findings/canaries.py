"""People who do not exist, and what would give them away: planted where nothing may come through."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = (
    *("Asha Rao", "Ravi Kumar Reddy", "José García", "Anne-Marie O’Neill", "Łukasz Wójcik"),
    *("ఆశ రావు", "रवि कुमार", "Müller", "Fatima", "NGUYEN VAN ANH"),
)
PHONES = ("+91 98450 12345", "030 901820", "(020) 7946-0000", "9845012345", "+49/171/5550000")
EMAILS = ("asha.rao@mail.example", "night+ravi@guards.example.in")
PLACES = ("52.52001, 13.40495", "-33.86882/151.20929", "lat 17.385 lon 78.4867", "7J9W9F8P+2Q")


@dataclass(frozen=True)
class Canary:
    kind: str
    text: str


CANARIES = tuple(
    Canary(kind, text)
    for kind, texts in (
        ("name", NAMES),
        ("phone", PHONES),
        ("email", EMAILS),
        ("coordinates", PLACES),
    )
    for text in texts
)
