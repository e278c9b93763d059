"""The project as text: equal to the dictionary, described, small, and deaf to the wall clock."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

import pytest
import yaml

from vigia.domain.dictionary import TABLES, Kind
from vigia.store.dbt_sources import PROJECT, render

MODELS = sorted((PROJECT / "models").rglob("*.sql"))
MARTS = [path for path in MODELS if path.parent.name == "marts"]


def model_names(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


def described(path: Path) -> dict:
    """The one model that the YAML beside a model's SQL describes."""
    models = yaml.safe_load(path.with_suffix(".yml").read_text())["models"]
    assert len(models) == 1
    return models[0]


@pytest.mark.parametrize("path", render(), ids=str)
def test_the_sources_are_those_of_the_data_dictionary(path: Path) -> None:
    """A dictionary edit without `python -m vigia.store.dbt_sources` would make them differ."""
    assert (PROJECT / path).read_text() == render()[path]


def test_the_feeds_are_the_record_tables_of_the_dictionary() -> None:
    text = (PROJECT / "models/staging/stg_ops__feed_event.sql").read_text()
    listed = dict(re.findall(r"'(\w+)': '(\w+)'", text))
    recorded = {t.name: t.time for t in TABLES.values() if t.kind is Kind.RECORD and t.verbs}
    assert listed == recorded


@pytest.mark.parametrize("path", MODELS, ids=model_names(MODELS))
def test_every_model_says_what_one_row_is_and_what_each_column_means(path: Path) -> None:
    model = described(path)
    assert model["name"] == path.stem
    assert model["description"].startswith("One row per ")
    assert [c["name"] for c in model["columns"] if not c.get("description")] == []


@pytest.mark.parametrize("path", MARTS, ids=model_names(MARTS))
def test_every_mart_promises_types_and_a_key_of_its_tenant(path: Path) -> None:
    model = described(path)
    assert path.stem.startswith(("dim_", "fct_", "mart_"))
    assert all(column["data_type"] for column in model["columns"])
    (key,) = model["constraints"]
    columns = key.get("columns") or re.search(r"\((.*)\)", key["expression"])[1].split(", ")
    assert columns[0] == "tenant_id"


def test_no_model_asks_the_wall_clock() -> None:
    clock = re.compile(
        r"current_(timestamp|date|time)|\bnow\s*\(|localtimestamp|clock_timestamp", re.IGNORECASE
    )
    asking = [p.name for p in PROJECT.rglob("*.sql") if clock.search(p.read_text())]
    assert asking == []


def test_models_are_short_enough_to_be_read() -> None:
    lines = [len(path.read_text().splitlines()) for path in MODELS]
    assert statistics.quantiles(lines, n=20)[-1] <= 90


def test_every_page_of_the_dashboard_says_what_it_reads() -> None:
    exposures = yaml.safe_load((PROJECT / "models/exposures.yml").read_text())["exposures"]
    assert [e["label"] for e in exposures] == ["Overview", "Site", "Tickets", "Data"]
    read = {name for e in exposures for name in re.findall(r"'(\w+)'", " ".join(e["depends_on"]))}
    assert read <= set(model_names(MARTS))
