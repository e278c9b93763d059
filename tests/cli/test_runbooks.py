"""`vigia runbooks`: seeding one company or all, twice without a change, and a company's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vigia.cli.main import app
from vigia.config.runbooks import FOLDER
from vigia.config.settings import Settings
from vigia.store.tenants import create_tenant

R05 = FOLDER / "operational" / "R05-silent-site.md"


@pytest.fixture
def installed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("VIGIA_HOME", str(settings.home))
    monkeypatch.setenv("VIGIA_DATABASE_URL", settings.database_url.get_secret_value())  # type: ignore[union-attr]
    for slug in ("acme", "other"):
        create_tenant(settings.database(), slug)
    return settings


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["runbooks", *map(str, words)])


@pytest.mark.usefixtures("installed")
def test_seeding_is_for_one_company_or_for_all_and_repeats_without_a_change() -> None:
    one = json.loads(run("seed", "--tenant", "acme", "--json").stdout)
    assert one == {"acme": {"added": 27, "changed": 0, "retired": 0}}
    every = json.loads(run("seed", "--json").stdout)
    assert every["acme"] == {"added": 0, "changed": 0, "retired": 0}
    assert every["other"]["added"] == 27


@pytest.mark.usefixtures("installed")
def test_a_company_is_made_with_runbooks() -> None:
    assert CliRunner().invoke(app, ["tenant", "create", "third"]).exit_code == 0
    assert len(json.loads(run("list", "--tenant", "third", "--json").stdout)["runbooks"]) == 27


@pytest.mark.usefixtures("installed")
def test_a_companys_own_is_listed_before_the_products(tmp_path: Path) -> None:
    run("seed")
    own = tmp_path / "own.md"
    own.write_text(
        R05.read_text().replace("id: R05", "id: ACME-1").replace("version: 1", "version: 7")
    )
    assert run("add", own, "--tenant", "acme").exit_code == 0
    first, *rest = json.loads(run("list", "--tenant", "acme", "--json").stdout)["runbooks"]
    assert (first["id"], first["origin"], first["version"]) == ("ACME-1", "tenant", 7)
    assert len(rest) == 27


@pytest.mark.usefixtures("installed")
def test_what_is_wrong_is_said_without_a_traceback(tmp_path: Path) -> None:
    assert "no tenant 'nobody'" in run("seed", "--tenant", "nobody").stderr
    bad = tmp_path / "bad.md"
    bad.write_text("# no front matter")
    told = run("add", bad, "--tenant", "acme")
    assert told.exit_code == 1
    assert "begins with front matter" in told.stderr
