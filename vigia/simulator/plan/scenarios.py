"""Named scenarios: what is added to a world for a demonstration or a test, written in YAML.

Belongs here: reading and checking such files. They name kinds of episodes and traps, effects or
frauds, when (days of the test span, UTC), how many and on how many sites; places are chosen as
for everything else that is planned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from vigia.domain.errors import VigiaError
from vigia.simulator.config import DAY_US, Knobs, WorldConfig
from vigia.simulator.effects import Effect
from vigia.simulator.plan.catalogue import EPISODES, OUTAGE, TRAPS
from vigia.simulator.plan.fraud import SHARES
from vigia.simulator.plan.scene import MINUTE_US

FOLDER = Path(__file__).parent / "scenarios"
_WHEN = re.compile(r"day (\d+) (\d\d):(\d\d)")
_KEYS = {"name", "notice", "needs", "knobs", "episodes"}
_ITEM_KEYS = {"class", "trap", "effect", "fraud", "from", "to", "count", "sites", "value"}
SITE_EFFECTS = (
    Effect.NETWORK_DOWN,
    Effect.SILENCE,
    Effect.TASK_BACKLOG,
    Effect.TASKS_MISDATED,
    Effect.TOURS_DELAYED,
    Effect.ALERT_SURGE,
    Effect.ALERT_FLAPPING,
    Effect.TICKET_SURGE,
    Effect.TICKETS_IMPORTED,
    Effect.ESCALATION_FAULT,
    Effect.INTRUSION,
    Effect.KIOSK_DOWN,
    Effect.DRILL,
    Effect.METRIC_SHIFT,
    Effect.METRIC_DRIFT,
)
"""Effects that a scenario may name: those whose scope is a site."""
KNOWN: dict[str, frozenset[str]] = {
    "class": frozenset(k.name for k in (OUTAGE, *EPISODES)),
    "trap": frozenset(k.name for k in TRAPS),
    "effect": frozenset(e.value for e in SITE_EFFECTS),
    "fraud": frozenset(SHARES),
}
"""What an item can be, and the names that may follow."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a scenario.

    Attributes:
        what: class, trap, effect or fraud.
        name: Which one.
        from_us: Start of its time, microseconds after the start of the test span. An effect and
            an outage last for that time; everything else starts in it.
        to_us: End of its time.
        count: How many.
        sites: On how many sites at most; 0 is any number.
        value: Of an effect.
    """

    what: str
    name: str
    from_us: int
    to_us: int
    count: int = 1
    sites: int = 0
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is added to a world.

    Attributes:
        name: Its name.
        notice: What a controller should notice.
        sites: Fewest sites it needs.
        test_days: Fewest days of the test span it needs.
        knobs: Knobs it sets.
        items: What happens.
    """

    name: str
    notice: str
    sites: int
    test_days: int
    knobs: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[Item, ...] = ()

    def applied(self, config: WorldConfig) -> WorldConfig:
        """A world's configuration with this scenario and its knobs.

        Raises:
            VigiaError: The world is too small or too short for it.
        """
        for name, least in (("sites", self.sites), ("test_days", self.test_days)):
            if getattr(config, name) < least:
                raise VigiaError(
                    f"The scenario {self.name!r} needs {least} {name} or more; the world has "
                    f"{getattr(config, name)}."
                )
        knobs = replace(config.knobs, **self.knobs)
        return replace(config, scenario=self.name, knobs=knobs)


def scenario_names() -> list[str]:
    """The scenarios that come with the product."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_scenario(name: str, config: WorldConfig) -> Scenario:
    """Read a scenario, by its name or from a file, and check it against a world.

    Args:
        name: Name of a shipped scenario, or path of a file that ends in .yaml.
        config: The world it is for.

    Raises:
        VigiaError: It cannot be read, or contradicts itself or the world; the text says where.
    """
    path = Path(name) if name.endswith(".yaml") else FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise VigiaError(
            f"There is no scenario {name!r}; there are {', '.join(scenario_names())}, "
            "or name a file that ends in .yaml."
        )
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise VigiaError(f"The scenario {name!r} cannot be read: {error}") from error
    return read_scenario(raw, config)


def read_scenario(raw: Any, config: WorldConfig) -> Scenario:
    """A scenario from what its file says (see `load_scenario`)."""
    if not isinstance(raw, dict):
        raise VigiaError("A scenario is a mapping with name, notice and episodes.")
    missing = sorted({"name", "notice", "episodes"} - set(raw))
    if missing or set(raw) - _KEYS:
        wrong = f"lacks {missing[0]!r}" if missing else f"has {min(set(raw) - _KEYS)!r}"
        raise VigiaError(f"The scenario {wrong}; its keys are {', '.join(sorted(_KEYS))}.")
    needs, knobs = raw.get("needs") or {}, raw.get("knobs") or {}
    strange = sorted(set(knobs) - {f.name for f in fields(Knobs)})
    if strange:
        raise VigiaError(f"The scenario {raw['name']!r} sets {strange[0]!r}, which is no knob.")
    items = [_item(n, each, config) for n, each in enumerate(raw["episodes"], 1)]
    return Scenario(
        str(raw["name"]),
        str(raw["notice"]).strip(),
        int(needs.get("sites", 1)),
        int(needs.get("test_days", 1)),
        knobs,
        tuple(items),
    )


def _item(number: int, raw: Any, config: WorldConfig) -> Item:
    where = f"Episode {number} of the scenario"
    what, name = _named(where, raw)
    start, end = (_moment(where, raw, key) for key in ("from", "to"))
    if end <= start:
        raise VigiaError(f"{where} ends ({raw['to']}) before it starts ({raw['from']}).")
    if end > config.test_days * DAY_US:
        raise VigiaError(
            f"{where} ends on {raw['to']}, but the test span has {config.test_days} days."
        )
    count, sites = _whole(where, raw, "count", 1), _whole(where, raw, "sites", 0)
    if sites > config.sites:
        raise VigiaError(f"{where} wants {sites} sites; the world has {config.sites}.")
    return Item(what, name, start, end, count, sites, float(raw.get("value", 0.0)))


def _named(where: str, raw: Any) -> tuple[str, str]:
    """What an item is and which one."""
    if not isinstance(raw, dict) or sum(key in raw for key in KNOWN) != 1:
        raise VigiaError(f"{where} must have exactly one of {', '.join(KNOWN)}.")
    strange = sorted(set(raw) - _ITEM_KEYS)
    if strange:
        raise VigiaError(f"{where} has {strange[0]!r}; write {', '.join(sorted(_ITEM_KEYS))}.")
    what = next(key for key in KNOWN if key in raw)
    name = str(raw[what])
    if name not in KNOWN[what]:
        choice = ", ".join(sorted(KNOWN[what]))
        raise VigiaError(f"{where}: there is no {what} {name!r}; choose from {choice}.")
    return what, name


def _moment(where: str, raw: dict[str, Any], key: str) -> int:
    """Microseconds after the start of the test span of a text such as `day 2 22:30`."""
    found = _WHEN.fullmatch(str(raw.get(key, "")))
    day, hour, minute = (int(part) for part in found.groups()) if found else (0, 0, 0)
    if day < 1 or hour > 24 or minute > 59:
        raise VigiaError(
            f"{where}: {key!r} is {raw.get(key)!r}; write a day of the test span, from 1, and a "
            "time (UTC), such as 'day 2 22:30'."
        )
    return (day - 1) * DAY_US + (hour * 60 + minute) * MINUTE_US


def _whole(where: str, raw: dict[str, Any], key: str, least: int) -> int:
    value = raw.get(key, least)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise VigiaError(f"{where}: {key!r} is {value!r}; write a whole number from {least}.")
    return value
