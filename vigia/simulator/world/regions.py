"""The cities that sites lie in: zone, position, climate, operators, and the rhythm of pay.

Positions are those of the cities' centres; climate is the average year, rounded. The names of
companies, operators and feeders are made up.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A city and what its sites share.

    Attributes:
        code: Short name; region of sites and people.
        tz: IANA zone.
        lat: Of the centre, degrees.
        lon: Of the centre, degrees.
        country: ISO 3166 code; decides holidays.
        languages: What its people write in, most common first.
        operators: Mobile operators and their shares of the sites.
        payday: Day of the month on which wages come; 0 is the last.
        temp_c: Mean temperature of the year, and how far January and July are from it.
        wet: Share of rainy days.
    """

    code: str
    tz: str
    lat: float
    lon: float
    country: str
    languages: tuple[str, ...]
    operators: tuple[tuple[str, float], ...]
    payday: int
    temp_c: tuple[float, float]
    wet: float


_INDIA = (("Bharti Net", 0.55), ("Jeevan Mobile", 0.45))
_SPAIN = (("Iberfon", 0.6), ("Onda", 0.4))
_STATES = (("Lakeline", 0.55), ("Prairie Wireless", 0.45))
_EMIRATES = (("Dana", 0.6), ("Khaleej Mobile", 0.4))

REGIONS: tuple[Region, ...] = (
    Region("IN-MUM", "Asia/Kolkata", 19.07, 72.88, "IN", ("en", "hi"), _INDIA, 7, (27.0, 3.0), 0.25),
    Region("ES-MAD", "Europe/Madrid", 40.42, -3.70, "ES", ("es", "en"), _SPAIN, 0, (15.0, 10.0), 0.2),
    Region("AE-DXB", "Asia/Dubai", 25.20, 55.27, "AE", ("en", "ar"), _EMIRATES, 1, (28.0, 8.0), 0.05),
    Region("US-CHI", "America/Chicago", 41.88, -87.63, "US", ("en", "es"), _STATES, 15, (10.0, 14.0), 0.3),
    Region("IN-BLR", "Asia/Kolkata", 12.97, 77.59, "IN", ("en", "hi"), _INDIA, 7, (24.0, 2.5), 0.2),
    Region("ES-BCN", "Europe/Madrid", 41.39, 2.17, "ES", ("es", "en"), _SPAIN, 0, (17.0, 8.0), 0.2),
    Region("US-DAL", "America/Chicago", 32.78, -96.80, "US", ("en", "es"), _STATES, 15, (19.0, 11.0), 0.22),
    Region("AE-AUH", "Asia/Dubai", 24.45, 54.38, "AE", ("en", "ar"), _EMIRATES, 1, (28.5, 8.0), 0.04),
    Region("IN-DEL", "Asia/Kolkata", 28.61, 77.21, "IN", ("hi", "en"), _INDIA, 7, (25.0, 10.0), 0.15),
    Region("ES-VLC", "Europe/Madrid", 39.47, -0.38, "ES", ("es", "en"), _SPAIN, 0, (18.0, 8.0), 0.15),
)  # fmt: skip
"""In the order in which a growing company enters them; the first three are a zone half an hour
off, one that changes its clocks, and one that does not."""

SITES_PER_REGION = 5
FEWEST_REGIONS = 3

_BY_CODE = {region.code: region for region in REGIONS}


def regions_for(sites: int) -> tuple[Region, ...]:
    """The regions that so many sites of one company lie in."""
    wanted = max(min(FEWEST_REGIONS, sites), sites // SITES_PER_REGION)
    return REGIONS[: min(wanted, len(REGIONS))]


def region_of(code: str) -> Region:
    """The region of that code."""
    return _BY_CODE[code]
