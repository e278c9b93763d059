"""Policy files: rules a company may change, read and checked before anything relies on them.

The defaults lie beside this module in `policy/*.yaml`. What the rules mean belongs to
`vigia.domain`; which tenant has which rows belongs to `vigia.store`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vigia.domain.calendar import Calendar, CalendarError, read_hours
from vigia.domain.errors import VigiaError
from vigia.domain.findings.pattern import Pattern
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


def detection_policy(path: Path) -> tuple[Pattern, ...]:
    """Read numbers of patterns that differ from their defaults.

    Args:
        path: YAML file: code of a pattern to its numbers, such as `K01: {window_min: 45}`.

    Returns:
        All patterns, those named with their new numbers.

    Raises:
        PolicyError: It cannot be read, or names what there is not; the text says what there is.
    """
    from vigia.domain.findings.detect import RULES

    document = _document(path)
    codes = [pattern.code for pattern in RULES]
    if not isinstance(document, dict) or not document:
        raise PolicyError(
            f"{path}: write codes of patterns and their numbers: K01: {{window_min: 45}}"
        )
    if unknown := sorted(map(str, set(document) - set(codes))):
        raise PolicyError(f"{path}: there is no {', '.join(unknown)}; there are {', '.join(codes)}")
    try:
        return tuple(
            pattern.with_policy(_numbers(path, pattern.code, document.get(pattern.code, {})))
            for pattern in RULES
        )
    except VigiaError as error:
        raise PolicyError(f"{path}: {error}") from error


def _numbers(path: Path, code: str, found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise PolicyError(f"{path}: {code} needs its numbers by name, such as {{window_min: 45}}")
    return found
