"""Mappings: which column of a foreign file means what, as data.

A mapping is a YAML file of the keys of `Mapping`; those shipped with the product lie in
`mappings/` and are its best documentation. Belongs here: the language, reading it, and choosing
a mapping for a file. Does not belong here: carrying it out (`mapped`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from vigia.domain.dictionary import EVENT_TYPES, TABLES, Kind, Table
from vigia.domain.errors import VigiaError
from vigia.ingest.delimited import Layout
from vigia.ingest.rows import FILE, LINE, MODIFIED

SHIPPED = Path(__file__).parent / "mappings"
LoadKind = Literal["events", "tickets", "gps", "access", "attendance", "metrics", "reference"]

UNITS = {
    "knots": 1852 / 3600,
    "km/h": 1 / 3.6,
    "mph": 0.44704,
    "feet": 0.3048,
    "kilometres": 1000.0,
    "miles": 1609.344,
    "minutes": 60.0,
    "hours": 3600.0,
    "milliseconds": 0.001,
    "fraction": 100.0,
}
"""Factor from a foreign unit to ours: m/s, metres, seconds, percent."""


def _as_list(given: object) -> object:
    return [given] if isinstance(given, str) else given


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Value(_Strict):
    """Where one value comes from and what is done to it; a bare text or list in YAML means `from`."""

    columns: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        default=(),
        alias="from",
        description="Source column; of a list, the first that the file has. `a.b` reads key b of "
        "the JSON in column a.",
    )
    constant: str | int | float | bool | None = Field(
        default=None, description="The same value for every row."
    )
    template: str | None = Field(
        default=None, description="Text with source columns in braces; missing if one of them is."
    )
    optional: bool = Field(default=False, description="A file may lack the column.")
    missing: tuple[str, ...] = Field(
        default=(), description="Texts that mean a missing value, beside the mapping's own."
    )
    values: dict[str, str | int | float | bool] | None = Field(
        default=None, description="Source text to our value; any other text rejects the row."
    )
    unit: str | None = Field(default=None, description=f"Foreign unit: {', '.join(UNITS)}.")
    formats: tuple[str, ...] = Field(
        default=(), description="Formats of an instant, instead of the mapping's `time_formats`."
    )
    only: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Taken only from rows whose source column holds one of these texts.",
    )
    past: bool = Field(
        default=False,
        description="Taken only if not after the row's own time: what was filled in afterwards "
        "was not known then.",
    )
    keyed_hash: bool = Field(
        default=False, description="Keep only a keyed hash of it, which cannot be turned back."
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_text(cls, given: Any) -> Any:
        return {"from": given} if isinstance(given, str | list) else given

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if sum((bool(self.columns), self.constant is not None, self.template is not None)) != 1:
            raise ValueError("needs exactly one of `from`, `constant` and `template`")
        if self.unit is not None and self.unit not in UNITS:
            raise ValueError(f"unknown unit {self.unit!r}{_nearest(self.unit, UNITS)}")
        return self

    @property
    def needs(self) -> tuple[tuple[str, ...], ...]:
        """Source columns that a file must have: of each group one."""
        groups: list[tuple[str, ...]] = [(name,) for name in self.only]
        if self.columns and not self.optional:
            groups.append(self.columns)
        if self.template is not None and not self.optional:
            groups += [(name,) for name in placeholders(self.template)]
        return tuple(groups)


class TimeValue(Value):
    """When the row's event happened."""

    then_by: str | None = Field(
        default=None,
        description="Source column of a counter that orders rows within the same instant; it is "
        "added as milliseconds.",
    )

    @property
    def needs(self) -> tuple[tuple[str, ...], ...]:
        """Source columns that a file must have: of each group one."""
        return (*super().needs, *([(self.then_by,)] if self.then_by else []))


class FileLayout(_Strict):
    """How files of this mapping are laid out, where that cannot be seen from the file."""

    suffixes: tuple[str, ...] = Field(default=(), description="Only for files with these endings.")
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="What parts the columns; found out from the first line when left out.",
    )
    encoding: str = Field(default="utf-8", description="Encoding of the text.")
    header: tuple[str, ...] = Field(
        default=(), description="Column names, for files without a header line."
    )
    skip_lines: int = Field(default=0, ge=0, description="Lines before the header or first row.")

    def for_reader(self) -> Layout:
        """The layout as the reader of delimited text takes it."""
        return Layout(self.delimiter, self.encoding, self.header, self.skip_lines)


class Reference(_Strict):
    """Things that a file names and that are made from it: one of each natural key."""

    create: str = Field(description="Table of the things: site, person, device …")
    columns: dict[str, Value] = Field(
        description="Column of that table to its value; what names the thing must be among them."
    )

    @property
    def table(self) -> Table:
        """The table of the things."""
        return TABLES[self.create]

    @model_validator(mode="after")
    def _known(self) -> Self:
        table = TABLES.get(self.create)
        if table is None or not table.natural_key:
            named = [t.name for t in TABLES.values() if t.natural_key and t.kind is Kind.STATE]
            raise ValueError(f"cannot create {self.create!r}{_nearest(self.create, named)}")
        _check_targets(self.columns, table)
        if lacking := set(table.natural_key) - set(self.columns):
            raise ValueError(f"a {self.create} needs its {', '.join(sorted(lacking))}")
        return self


class Mapping(_Strict):
    """A mapping as a whole."""

    name: str = Field(description="Given by the file's name, not written in the file.")
    kind: LoadKind = Field(description="What files of it hold, as `--as` says it.")
    description: str = Field(description="What such files are, for people who choose.")
    event: str = Field(description="CloudEvents type that each row becomes.")
    source: str = Field(description="CloudEvents source: names the system the file comes from.")
    identity: Literal["row"] | tuple[str, ...] = Field(
        description="Source columns that identify an event in the source, or `row`: the whole "
        "row does, so that an exact repeat is a duplicate."
    )
    time: TimeValue = Field(description="When what the row tells happened.")
    received_at: Value | None = Field(
        default=None, description="When the row arrived; default: when it happened."
    )
    subject: Value | None = Field(default=None, description="Code of the site it concerns.")
    columns: dict[str, Value] = Field(description="Column of the event's table to its value.")
    extra: dict[str, Value] = Field(
        default_factory=dict, description="Further named values, kept in `extra`."
    )
    ignore: tuple[str, ...] = Field(
        default=(), description="Source columns to leave out. Others not used are kept in `extra`."
    )
    missing: tuple[str, ...] = Field(default=(), description="Texts that mean a missing value.")
    time_zone: str = Field(default="UTC", description="IANA zone of times without an offset.")
    time_formats: tuple[str, ...] = Field(
        default=(),
        description="Formats of instants as strftime writes them, or `epoch_s`, `epoch_ms`. "
        "Default: ISO 8601.",
    )
    layout: FileLayout = Field(
        default=FileLayout(), description="How the files are laid out, where they do not show it."
    )
    reference: tuple[Reference, ...] = Field(
        default=(), description="Things that the file names and that are made from it."
    )

    @property
    def table(self) -> Table:
        """The table that the events become."""
        return EVENT_TYPES[self.event]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        from zoneinfo import ZoneInfo

        if self.event not in EVENT_TYPES:
            raise ValueError(
                f"unknown event type {self.event!r}{_nearest(self.event, EVENT_TYPES)}"
            )
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"unknown time zone {self.time_zone!r}") from error
        _check_targets(self.columns, self.table)
        return self

    def every_value(self) -> list[Value]:
        """All values of the mapping, references' included."""
        single = [v for v in (self.time, self.received_at, self.subject) if v is not None]
        made = [v for reference in self.reference for v in reference.columns.values()]
        return [*single, *self.columns.values(), *self.extra.values(), *made]

    def lacking(self, columns: Sequence[str]) -> list[str]:
        """Source columns that the mapping needs and a file with these columns does not have."""
        groups = [group for value in self.every_value() for group in value.needs]
        if self.identity != "row":
            groups += [(name,) for name in self.identity]
        missing = [
            " or ".join(group)
            for group in groups
            if not any(resolve(name, columns) for name in group)
        ]
        return list(dict.fromkeys(missing))

    def check_columns(self, columns: Sequence[str], file: str) -> None:
        """Make sure that a file has what the mapping needs.

        Raises:
            VigiaError: It does not; the text names what is missing and what there is.
        """
        if lacking := self.lacking(columns):
            has = [c for c in columns if c not in (LINE, FILE, MODIFIED)]
            listed = ", ".join(has[:40]) + (" …" if len(has) > 40 else "")
            raise VigiaError(
                f"{file} lacks what mapping {self.name} needs: {', '.join(lacking)}. "
                f"It has {len(has)} columns: {listed[:1000]}. "
                "Choose another mapping (--mapping), or write one for this file."
            )


def resolve(name: str, columns: Sequence[str]) -> str | None:
    """Find the file's column that a mapping names: exactly, or else in any case of letters."""
    if name in columns:
        return name
    folded = {c.casefold(): c for c in columns}
    if found := folded.get(name.casefold()):
        return found
    outer, dot, _ = name.partition(".")
    return resolve(outer, columns) if dot else None


def placeholders(template: str) -> list[str]:
    """Names of the columns in a template.

    >>> placeholders("{date} {time}")
    ['date', 'time']
    """
    return [name for _, name, _, _ in Formatter().parse(template) if name]


@cache
def shipped() -> dict[str, Mapping]:
    """The mappings that come with the product, by name."""
    return {path.stem: read_mapping(path) for path in sorted(SHIPPED.glob("*.yaml"))}


def find_mapping(name_or_file: str) -> Mapping:
    """The shipped mapping of that name, or the mapping in that file.

    Raises:
        VigiaError: There is none, or the file is not a mapping.
    """
    path = Path(name_or_file)
    if path.suffix in (".yaml", ".yml"):
        return read_mapping(path)
    if (SHIPPED / f"{name_or_file}.yaml").is_file():
        return shipped()[name_or_file]
    known = [p.stem for p in sorted(SHIPPED.glob("*.yaml"))]
    raise VigiaError(
        f"There is no mapping {name_or_file!r}{_nearest(name_or_file, known) or '.'} "
        f"Known are {', '.join(known)}; for your own, name its .yaml file."
    )


def choose_mapping(kind: LoadKind, suffix: str, columns: Sequence[str], file: str) -> Mapping:
    """The shipped mapping of a kind that fits a file; the most demanding one if several do.

    Raises:
        VigiaError: None fits; the text says what each lacks.
    """
    candidates = [
        m
        for m in shipped().values()
        if m.kind == kind and (not m.layout.suffixes or suffix in m.layout.suffixes)
    ]
    fitting = [m for m in candidates if not m.lacking(columns)]
    if not fitting:
        why = "; ".join(f"{m.name} needs {', '.join(m.lacking(columns)[:6])}" for m in candidates)
        raise VigiaError(
            f"No shipped mapping for {kind} fits {file}: {why or 'there is none for this ending'}. "
            "Name one with --mapping, or write one for this file."
        )
    return max(fitting, key=lambda m: (bool(m.layout.suffixes), len(m.every_value())))


def read_mapping(path: Path) -> Mapping:
    """Read a mapping from its file.

    Raises:
        VigiaError: The file is missing, not YAML, or not a mapping; the text says where.
    """
    import yaml

    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise VigiaError(f"The mapping {path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise VigiaError(f"The mapping {path} is not YAML: {error}") from error
    if not isinstance(given, dict):
        raise VigiaError(f"The mapping {path} must be a YAML object with the keys of a mapping.")
    try:
        return Mapping.model_validate({**given, "name": path.stem})
    except ValidationError as error:
        problems = "\n".join(f"  {_explain(dict(e))}" for e in error.errors())
        raise VigiaError(f"The mapping {path} is not right:\n{problems}") from error


def _explain(error: dict[str, Any]) -> str:
    """One problem of a mapping in words, with the nearest key where one is misspelt."""
    place = [str(part) for part in error["loc"]]
    if error["type"] != "extra_forbidden":
        return f"{'.'.join(place) or 'mapping'}: {error['msg'].removeprefix('Value error, ')}"
    models: tuple[type[BaseModel], ...] = (Mapping, TimeValue, FileLayout, Reference)
    known = {f.alias or n for model in models for n, f in model.model_fields.items()}
    return f"{'.'.join(place)}: unknown key{_nearest(place[-1], known)}"


def _check_targets(columns: Iterable[str], table: Table) -> None:
    names = [c.name for c in table.columns]
    for name in columns:
        if name not in names:
            raise ValueError(
                f"{table.name} has no column {name!r}{_nearest(name, names)}. "
                "What the dictionary does not name belongs under `extra`"
            )


def _nearest(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
