"""Public holidays of the countries that regions lie in.

Days that follow the moon are listed for the years that worlds are made in; where the sky or a
decree decides, it is the day that was announced or is expected. Closures that a client decides
are drawn, in `places`.
"""

from __future__ import annotations

from datetime import date, timedelta

Day = tuple[date, str]

_FIXED: dict[str, tuple[tuple[int, int, str], ...]] = {
    "IN": (
        (1, 26, "Republic Day"),
        (5, 1, "Labour Day"),
        (8, 15, "Independence Day"),
        (10, 2, "Gandhi Jayanti"),
        (12, 25, "Christmas Day"),
    ),
    "ES": (
        (1, 1, "Año Nuevo"),
        (1, 6, "Epifanía del Señor"),
        (5, 1, "Fiesta del Trabajo"),
        (8, 15, "Asunción de la Virgen"),
        (10, 12, "Fiesta Nacional"),
        (11, 1, "Todos los Santos"),
        (12, 6, "Día de la Constitución"),
        (12, 8, "Inmaculada Concepción"),
        (12, 25, "Navidad"),
    ),
    "AE": ((1, 1, "New Year's Day"), (12, 2, "National Day"), (12, 3, "National Day")),
    "US": (
        (1, 1, "New Year's Day"),
        (6, 19, "Juneteenth"),
        (7, 4, "Independence Day"),
        (11, 11, "Veterans Day"),
        (12, 25, "Christmas Day"),
    ),
}

_LISTED: dict[str, tuple[tuple[str, str], ...]] = {
    "IN": (
        ("2025-03-14", "Holi"),
        ("2025-10-20", "Diwali"),
        ("2026-03-04", "Holi"),
        ("2026-11-08", "Diwali"),
        ("2027-03-22", "Holi"),
        ("2027-10-29", "Diwali"),
    ),
    "AE": (
        ("2025-03-30", "Eid al-Fitr"),
        ("2025-06-06", "Eid al-Adha"),
        ("2026-03-20", "Eid al-Fitr"),
        ("2026-05-27", "Eid al-Adha"),
        ("2027-03-10", "Eid al-Fitr"),
        ("2027-05-16", "Eid al-Adha"),
    ),
}

_FROM_EASTER = {"ES": -2, "IN": -2}
"""Good Friday, where it is a holiday."""

_NTH_MONDAY = {
    "US": ((1, 3, "Martin Luther King Day"), (2, 3, "Presidents' Day"), (9, 1, "Labor Day"))
}
"""Month, which Monday, name."""


def public_holidays(country: str, from_: date, to: date) -> list[Day]:
    """The country's holidays from one day to another (excluded), in order."""
    days = [day for year in range(from_.year, to.year + 1) for day in _of_year(country, year)]
    listed = [(date.fromisoformat(text), name) for text, name in _LISTED.get(country, ())]
    return sorted(day for day in [*days, *listed] if from_ <= day[0] < to)


def _of_year(country: str, year: int) -> list[Day]:
    days = [(date(year, month, day), name) for month, day, name in _FIXED[country]]
    if country in _FROM_EASTER:
        days.append((easter(year) + timedelta(days=_FROM_EASTER[country]), "Good Friday"))
    for month, number, name in _NTH_MONDAY.get(country, ()):
        first = date(year, month, 1)
        to_monday = -first.weekday() % 7
        days.append((first + timedelta(days=to_monday + 7 * (number - 1)), name))
    return days


def easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian algorithm (Nature, 20 April 1876).

    >>> easter(2026)
    datetime.date(2026, 4, 5)
    """
    golden, century, rest = year % 19, year // 100, year % 100
    leap, short = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - moon + 15) % 30
    weekday = (32 + 2 * short + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
