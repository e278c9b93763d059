"""Everything a person can set, send, run or read from is documented, and every promise has a proof."""

from __future__ import annotations

import re

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from vigia.cli.docs import mapping_parts, reference_pages
from vigia.cli.main import app
from vigia.config.settings import Settings
from vigia.domain.dictionary import EVENT_TYPES, TABLES
from vigia.ingest import mapping

STATUSES = ("done", "partly", "later")
CAPABILITY = re.compile(r"^\| ([A-Z]+-?[\da-z]+) \| (.*?) \| (\w*) \| (.*?) \|$", re.MULTILINE)
PROOF = re.compile(r"`([\w./-]+)(?:::(\w+))?`")
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|#|mailto:)([^)#\s]+)")


@pytest.fixture(scope="module")
def pages():
    return reference_pages()


@pytest.fixture(scope="module")
def capabilities(root):
    return CAPABILITY.findall((root / "docs" / "capabilities.md").read_text())


def test_every_table_says_what_one_row_is():
    assert not [t.name for t in TABLES.values() if not t.grain.startswith("One row per ")]


def test_every_column_is_in_the_data_dictionary(pages):
    parts = re.split(r"^### (\w+)$", pages["data-dictionary.md"], flags=re.MULTILINE)[1:]
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    for table in TABLES.values():
        for column in table.all_columns:
            assert f"| `{column.name}` |" in sections[table.name], f"{table.name}.{column.name}"


def test_every_event_type_is_in_the_events_page(pages):
    assert not [name for name in EVENT_TYPES if f"`{name}`" not in pages["events.md"]]


def test_every_key_of_the_mapping_language_is_in_the_mappings_page(pages):
    parts = mapping_parts()
    written = {m for m in vars(mapping).values() if _is_written_by_people(m)}
    assert written == set(parts.values())
    sections = re.split(r"^## ", pages["mappings.md"], flags=re.MULTILINE)[1:]
    by_heading = {section.partition("\n")[0]: section for section in sections}
    for heading, model in parts.items():
        own = set(model.model_fields) - set(model.__base__.model_fields)
        assert own, heading
        for name in own:
            field = model.model_fields[name]
            assert field.description, f"{model.__name__}.{name} has no description"
            assert f"| `{field.alias or name}` |" in by_heading[heading], name
    for unit in mapping.UNITS:
        assert f"| `{unit}` |" in by_heading["Units"]
    for name in mapping.shipped():
        assert f"| `{name}` |" in by_heading["Shipped mappings"]


def _is_written_by_people(found):
    is_model = isinstance(found, type) and issubclass(found, mapping.BaseModel)
    return is_model and bool(found.model_fields)


def test_every_setting_is_in_the_settings_page_and_the_example(pages, root):
    example = (root / ".env.example").read_text()
    for name, field in Settings.model_fields.items():
        variable = f"VIGIA_{name.upper()}"
        assert field.description, f"{variable} has no description"
        assert f"`{variable}`" in pages["settings.md"]
        assert variable in example, f"{variable} is missing from .env.example"


def test_every_command_explains_itself(pages):

    def walk(command, name):
        yield name, command
        if isinstance(command, TyperGroup):
            context = typer.Context(command, info_name=name)
            for child in command.list_commands(context):
                yield from walk(command.get_command(context, child), f"{name} {child}")

    for name, command in walk(get_command(app), "vigia"):
        assert command.help, f"`{name}` has no help"
        assert name == "vigia" or f"`{name}`" in pages["cli.md"]


def test_every_capability_has_a_proof_or_a_reason(capabilities):
    assert len({capability for capability, *_ in capabilities}) == len(capabilities) > 300
    for capability, name, status, why in capabilities:
        assert name, f"{capability} has no name"
        assert status in STATUSES, f"{capability}: {status}"
        assert why.strip(), f"{capability} has neither a proof nor a reason"


def test_every_proof_exists(capabilities, root):
    for capability, _, status, why in capabilities:
        proofs = PROOF.findall(why)
        assert proofs or status != "done", f"{capability} is done without a proof"
        for path, test in proofs:
            assert (root / path).exists(), f"{capability}: {path} does not exist"
            assert not test or f"def {test}(" in (root / path).read_text(), f"{capability}: {test}"


def test_decisions_are_numbered_dated_and_have_a_status(root):
    records = sorted((root / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(r.name[:4]) for r in records] == list(range(len(records)))
    for record in records[1:]:
        text = record.read_text()
        assert re.search(r"^Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE), record.name
        assert re.search(r"^Status: (accepted|superseded by \d{4})$", text, re.MULTILINE)


def test_links_between_pages_lead_somewhere(root):
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    dead = [
        f"{page.relative_to(root)} -> {link}"
        for page in pages
        for link in LINK.findall(page.read_text())
        if not (page.parent / link).exists() and "docs/reference" not in link
    ]
    assert not dead
