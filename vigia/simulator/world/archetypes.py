"""What the eleven kinds of sites are like: hours, posts, risk, ground.

Shares and shapes are assumptions, plausible and in one place. What a single site is like is
drawn from these, in `places`, `posts` and `routes`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Archetype:
    """One kind of site.

    Attributes:
        share: Of all sites.
        round_the_clock: Share of these sites that are guarded at all hours.
        opens: Opening hour.
        closes: Closing hour; 24 is midnight.
        open_days: Open days of the week: 5 to 7 from Monday on, 4 from Thursday on.
        bulk: How large it tends to be among all sites, in standard deviations.
        eight_hours: Share of round-the-clock sites that work in three shifts.
        second_by_day: Chance that a post needs two people by day.
        indoor: Share of posts under a roof.
        risk: Typical risk tier, 1 to 5.
        radius_m: Typical radius of the fence.
        grounds: Weights of open, urban and canyon surroundings.
        armed: Chance that a post is armed.
        kiosk: Chance of a kiosk to clock in at.
        doors: Chance of access control.
        kinds: Kinds of posts in the order in which a growing site adds them, then over again.
    """

    share: float
    round_the_clock: float
    opens: int
    closes: int
    open_days: int
    bulk: float
    eight_hours: float
    second_by_day: float
    indoor: float
    risk: float
    radius_m: float
    grounds: tuple[float, float, float]
    armed: float
    kiosk: float
    doors: float
    kinds: tuple[str, ...]


_YARD = ("gate", "patrol", "patrol", "static", "mobile")
_HOUSE = ("reception", "patrol", "static", "patrol")
_HOMES = ("gate", "patrol", "reception", "mobile")
_WARDS = ("reception", "patrol", "static", "patrol", "control_room")
_SHOPS = ("patrol", "gate", "patrol", "static", "control_room")
_VAULT = ("static", "static", "patrol")
_RACKS = ("control_room", "patrol", "gate", "patrol")
_PARK = ("patrol", "gate", "mobile", "reception", "patrol")
_STAND = ("gate", "patrol", "static", "patrol")

ARCHETYPE: dict[str, Archetype] = {
    name: Archetype(*row)  # type: ignore[arg-type]
    for name, *row in (
        # The columns are those of the class, in its order.
        ("office", 0.16, 0.4, 7, 19, 5, -0.2, 0.15, 0.1, 0.7, 2.0, 100, (1, 6, 3), 0.02, 0.5, 0.95, _HOUSE),
        ("warehouse", 0.14, 0.55, 6, 22, 6, 0.0, 0.15, 0.1, 0.2, 2.8, 160, (7, 3, 0), 0.05, 0.5, 0.6, _YARD),
        ("hospital", 0.08, 1.0, 7, 20, 7, 1.2, 0.5, 0.25, 0.65, 3.4, 150, (2, 7, 1), 0.02, 0.7, 0.9, _WARDS),
        ("mall", 0.08, 1.0, 10, 22, 7, 1.2, 0.2, 0.3, 0.6, 3.0, 150, (2, 6, 2), 0.03, 0.6, 0.8, _SHOPS),
        ("construction", 0.1, 0.5, 6, 18, 6, -0.6, 0.05, 0.05, 0.05, 3.2, 130, (6, 3, 1), 0.0, 0.15, 0.1, _YARD),
        ("residential", 0.14, 1.0, 8, 20, 6, 0.0, 0.2, 0.05, 0.25, 2.2, 140, (4, 5, 1), 0.02, 0.2, 0.5, _HOMES),
        ("bank_atm", 0.08, 0.6, 8, 18, 6, -1.5, 0.2, 0.05, 0.6, 4.2, 100, (0, 6, 4), 0.5, 0.05, 0.9, _VAULT),
        ("data_centre", 0.05, 1.0, 8, 18, 5, 0.3, 0.4, 0.1, 0.75, 4.0, 130, (4, 5, 1), 0.08, 0.8, 1.0, _RACKS),
        ("factory", 0.09, 0.85, 6, 22, 6, 0.8, 0.35, 0.15, 0.2, 3.0, 200, (7, 3, 0), 0.04, 0.7, 0.8, _YARD),
        ("campus", 0.05, 0.9, 7, 21, 6, 1.2, 0.2, 0.15, 0.25, 2.6, 250, (6, 4, 0), 0.02, 0.5, 0.7, _PARK),
        ("event", 0.03, 0.0, 14, 24, 4, 0.6, 0.0, 0.3, 0.3, 3.2, 150, (5, 4, 1), 0.0, 0.2, 0.3, _STAND),
    )
}  # fmt: skip


def open_weekdays(archetype: Archetype) -> tuple[int, ...]:
    """The weekdays (0 = Monday) on which such a site is open."""
    if archetype.open_days < 5:
        return tuple(range(7 - archetype.open_days, 7))
    return tuple(range(archetype.open_days))
