"""Policy files: rules a company may change, read and checked before anything relies on them.

The defaults lie beside this module in `policy/*.yaml`. What the rules mean belongs to
`vigia.domain`; which tenant has which rows belongs to `vigia.store`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vigia.domain.calendar import Calendar, CalendarError, read_hours
from vigia.domain.errors import VigiaError
from vigia.domain.response.policy import BusinessHours, SlaPolicy

FOLDER = Path(__file__).with_suffix("")


class PolicyError(VigiaError):
    """A policy file that cannot be relied on."""


def sla_policy(path: Path = FOLDER / "sla.yaml") -> SlaPolicy:
    """Read a policy of service levels.

    Args:
        path: YAML file of the shape of the default one.

    Raises:
        PolicyError: It cannot be read, or contradicts itself; the text names file and place.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        found = TypeAdapter(SlaPolicy).validate_python(_document(path))
        _check(found.calendar)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()
        )
        raise PolicyError(f"{path}: {problems}. Correct the file and try again.") from error
    except CalendarError as error:
        raise PolicyError(f"{path}: calendar: {error}. Correct the file and try again.") from error
    return found


def _check(hours: BusinessHours) -> None:
    """Refuse hours that no calendar can keep."""
    Calendar(hours.tz or "UTC", read_hours(hours.hours))


def _document(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"cannot read the policy file {path}: {error}") from error
    except yaml.YAMLError as error:
        raise PolicyError(
            f"{path} is not YAML: {error}. Correct the file and try again."
        ) from error
