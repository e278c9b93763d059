"""The reference page of the mapping language, made from its model and the shipped mappings.

Belongs here: from the model's fields to Markdown. Does not belong here: the language itself
(`vigia.ingest.mapping`), the other pages (`reference_pages.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from vigia.ingest.rows import FILE, LINE, MODIFIED

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from vigia.ingest import mapping as language

_INTRODUCTION = f"""\
A mapping says, as YAML, what each column of a foreign file means:
`vigia load FILE --as KIND --mapping NAME`, where NAME is one of the shipped mappings below or
your own `.yaml` file. Left out, the shipped mapping that fits the file's columns is taken.
`--dry-run` shows what would become of every row and stores nothing. Start from a shipped mapping:
they lie in `vigia/ingest/mappings/` and explain their choices.

Column names are matched in any case of letters. Besides the file's own columns there are
`{FILE}` (the file's name without folders and endings), `{LINE}` (the row's line) and `{MODIFIED}`
(when the file was last changed). Columns that nothing uses are kept in `extra`. A key that the
language does not have, a column that a table does not have and a unit that is not known are
refused before the first row, with the nearest word that is."""
_UNITS = """\
Numbers in a foreign unit become metres per second, metres, seconds or percent, as the column that
they fill asks for."""


def mapping_reference(
    parts: Mapping[str, type[BaseModel]],
    units: Mapping[str, float],
    shipped: Iterable[language.Mapping],
    example: str,
) -> str:
    """Describe the mapping language and the mappings that come with the product.

    Args:
        parts: Heading to the model whose keys are written there.
        units: Foreign unit to the factor that makes ours of it.
        shipped: The mappings that come with the product.
        example: One of them as its YAML file says it.

    Returns:
        Markdown with one table row per key, unit and shipped mapping.
    """
    lines = ["# Mappings", "", _INTRODUCTION, "", "```yaml", example.strip(), "```", ""]
    links = {model: _link(heading) for heading, model in parts.items()}
    for heading, model in parts.items():
        lines += [f"## {heading}", "", str(model.__doc__).strip(), "", *_keys(model, links), ""]
    lines += ["## Units", "", _UNITS, "", "| unit | times |", "|---|---|"]
    lines += [f"| `{name}` | {factor:.7g} |" for name, factor in units.items()]
    lines += ["", "## Shipped mappings", ""]
    lines += ["| mapping | `--as` | becomes | endings | needs the columns | for |"]
    lines += ["|---|---|---|---|---|---|", *map(_shipped, shipped), ""]
    return "\n".join(lines)


def _link(heading: str) -> str:
    """A link to a heading, by the heading's last word."""
    return f"[{heading.rsplit(maxsplit=1)[-1]}](#{heading.lower().replace(' ', '-')})"


def _keys(model: type[BaseModel], links: Mapping[Any, str]) -> Iterable[str]:
    yield "| key | value | required | default | meaning |"
    yield "|---|---|---|---|---|"
    inherited = {n for base in model.__mro__[1:] for n in getattr(base, "model_fields", {})}
    for name, field in model.model_fields.items():
        if name not in inherited:
            required = "yes" if field.is_required() else ""
            key, kind, meaning = (
                field.alias or name,
                _kind(field.annotation, links),
                field.description,
            )
            yield f"| `{key}` | {kind} | {required} | {_default(field)} | {_cell(str(meaning))} |"


def _default(field: FieldInfo) -> str:
    """A default that says something; an empty one is what leaving the key out means anyway."""
    default = field.default
    says = isinstance(default, str | int) and not isinstance(default, bool) and default
    return f"`{default}`" if says and not field.is_required() else ""


def _kind(annotation: Any, links: Mapping[Any, str]) -> str:
    """What kind of YAML a key takes."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in inner)
    if origin is tuple:
        return f"list of {_kind(inner[0], links)}"
    if origin is dict:
        return f"map of {_kind(inner[0], links)} to {_kind(inner[1], links)}"
    if inner:
        return " or ".join(dict.fromkeys(_kind(i, links) for i in inner if i is not NoneType))
    return _WORDS[annotation] if annotation in _WORDS else links[annotation]


_WORDS: Mapping[Any, str] = {str: "text", bool: "yes or no", int: "number", float: "number"}


def _shipped(mapping: language.Mapping) -> str:
    endings = ", ".join(mapping.layout.suffixes) or "any"
    needs = ", ".join(f"`{name}`" for name in mapping.lacking([FILE, LINE, MODIFIED]))
    return (
        f"| `{mapping.name}` | {mapping.kind} | `{mapping.event}` | {endings} | {needs} |"
        f" {_cell(mapping.description.strip())} |"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
