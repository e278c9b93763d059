"""`vigia docs`: write the reference pages that are generated from the product itself.

Belongs here: which pages there are and where they go. Does not belong here: what is on them
(`reference_pages.py` and its neighbours). The pages are never committed: `make docs` makes them in a second.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

app = typer.Typer(help="The generated reference pages.", no_args_is_help=True)

EXAMPLE_MAPPING = "metric_series.yaml"
DEFAULT_FOLDER = Path("docs") / "reference"


@app.callback()
def _group() -> None:
    """The generated reference pages."""


@app.command()
def build(
    out: Annotated[
        Path, typer.Option(help="Folder to write the pages into.", file_okay=False)
    ] = DEFAULT_FOLDER,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a page is missing or stale.")
    ] = False,
) -> None:
    """Write the data dictionary, events, patterns, mappings, settings and command pages."""
    pages = reference_pages()
    if check:
        stale = [name for name, text in pages.items() if _read(out / name) != text]
        if stale:
            typer.echo(f"Missing or stale in {out}: {', '.join(stale)}. Run `make docs`.", err=True)
            raise typer.Exit(1)
        typer.echo(f"{len(pages)} pages in {out} are up to date.")
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")
        typer.echo(str(out / name))


def reference_pages() -> dict[str, str]:
    """Make every reference page.

    Returns:
        The Markdown text of each page by its file name.
    """
    from vigia.cli import reference_pages as write
    from vigia.cli.mapping_page import mapping_reference
    from vigia.cli.patterns_page import patterns_reference
    from vigia.config.settings import Settings
    from vigia.domain.dictionary import TABLES
    from vigia.domain.findings.detect import RULES
    from vigia.domain.findings.evidence import EVIDENCE
    from vigia.ingest.mapping import SHIPPED, UNITS, shipped

    prefix = Settings.model_config.get("env_prefix", "")
    return {
        "data-dictionary.md": write.data_dictionary(TABLES.values()),
        "events.md": write.event_reference(TABLES.values()),
        "patterns.md": patterns_reference(RULES, {k: text for k, (_, text) in EVIDENCE.items()}),
        "mappings.md": mapping_reference(
            mapping_parts(),
            UNITS,
            shipped().values(),
            (SHIPPED / EXAMPLE_MAPPING).read_text("utf-8"),
        ),
        "settings.md": write.settings_reference(Settings.model_fields, prefix),
        "cli.md": _command_reference(),
    }


def mapping_parts() -> dict[str, type[BaseModel]]:
    """The models of the mapping language by what a mapping's writer calls them."""
    from vigia.ingest.mapping import FileLayout, Mapping, Reference, TimeValue, Value

    return {
        "A mapping": Mapping,
        "A value": Value,
        "The time": TimeValue,
        "The layout": FileLayout,
        "A reference": Reference,
    }


def _command_reference() -> str:
    """Let Typer describe the whole command tree."""
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    from vigia.cli.main import app as vigia

    command = get_command(vigia)
    context = typer.Context(command, info_name="vigia")
    return get_docs_for_click(obj=command, ctx=context, name="vigia", title="The command line")


def _read(page: Path) -> str | None:
    return page.read_text(encoding="utf-8") if page.exists() else None
