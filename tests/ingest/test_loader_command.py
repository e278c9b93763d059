"""`vigia load` and `vigia tenant` as a person and a script meet them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vigia.cli.main import app
from vigia.config.settings import Settings
from vigia.store.tenants import create_tenant, list_tenants

EXAMPLES = Path(__file__).parents[2] / "examples"
INCIDENTS = str(EXAMPLES / "incident_event_log_sample.csv.gz")
TRACKS = str(EXAMPLES / "geolife_sample.csv.gz")


@pytest.fixture
def vigia(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    assert settings.database_url is not None
    monkeypatch.setenv("VIGIA_HOME", str(settings.home))
    monkeypatch.setenv("VIGIA_DATABASE_URL", settings.database_url.get_secret_value())

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    return run


def test_a_clean_file_loads_with_exit_code_0_and_one_json_object(vigia) -> None:
    done = vigia("load", TRACKS, "--as", "gps", "--tenant", "acme", "--create-tenant", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "rows": 5625,
        "accepted": 5625,
        "duplicate": 0,
        "quarantined": 0,
        "reasons": {},
    }


def test_rows_put_aside_are_reported_by_reason_with_examples_and_exit_code_3(vigia) -> None:
    done = vigia("load", INCIDENTS, "--as", "tickets", "--tenant", "acme", "--create-tenant")
    assert done.exit_code == 3
    assert done.stdout == ""
    assert "2,161 rows through servicenow_incident_log: 2,158 accepted" in done.stderr
    assert "3 × unknown_state" in done.stderr
    assert "line 1910: '-100' for status is not among" in done.stderr


def test_a_dry_run_leaves_not_even_the_tenant(vigia, settings: Settings) -> None:
    words = ("load", TRACKS, "--as", "gps", "--tenant", "acme", "--create-tenant", "--dry-run")
    done = vigia(*words)
    assert done.exit_code == 0
    assert "5,625 would be accepted" in done.stderr
    assert list_tenants(settings.database()) == []


def test_a_file_of_which_nothing_is_accepted_ends_with_exit_code_1(vigia, tmp_path: Path) -> None:
    path = tmp_path / "walk.csv"
    path.write_text("lat,lng,datetime,uid\n91,0,2020-01-01,1\n0,0,yesterday,1\n")
    done = vigia("load", str(path), "--as", "gps", "--tenant", "acme", "--create-tenant", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["reasons"] == {"bad_type": 1, "out_of_range": 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("load", TRACKS, "--as", "gps"), "Name the tenant: --tenant NAME. There is none yet."),
        (("load", TRACKS, "--as", "gps", "--tenant", "x"), "There is no tenant 'x'"),
        (("load", "gone.csv", "--as", "gps", "--mapping", "gxp"), "did you mean 'gpx'? Known are"),
        (("load", TRACKS, "--as", "maps"), "maps"),
        (("tenant", "create", "Bad Name"), "cannot be a tenant's short name"),
        (("tenant", "create", "acme", "--tz", "Mars"), "is not a time zone"),
    ],
)
def test_a_wrong_call_says_what_to_do(vigia, words: tuple[str, ...], said: str) -> None:
    done = vigia(*words)
    assert done.exit_code != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_only_tenant_needs_no_name(vigia, settings: Settings) -> None:
    create_tenant(settings.database(), "only", clock_mode="data")
    assert vigia("load", TRACKS, "--as", "gps").exit_code == 0


def test_a_database_without_tables_is_told_so(vigia, settings: Settings) -> None:
    with settings.database().connect() as connection:
        connection.execute("DROP SCHEMA ops CASCADE")
    done = vigia("load", TRACKS, "--as", "gps", "--tenant", "acme")
    assert done.exit_code == 1
    assert "Run `vigia migrate` first" in done.stderr


def test_tenants_are_made_once_and_listed(vigia) -> None:
    assert vigia("tenant", "create", "acme", "--name", "Acme", "--tz", "Asia/Tokyo").exit_code == 0
    assert vigia("tenant", "create", "acme", "--name", "Other").exit_code == 0
    [tenant] = json.loads(vigia("tenant", "list", "--json").stdout)["tenants"]
    assert (tenant["slug"], tenant["name"], tenant["default_tz"]) == ("acme", "Acme", "Asia/Tokyo")
    assert "acme" in vigia("tenant", "list").stdout


def test_help_teaches_by_example(vigia) -> None:
    text = vigia("load", "--help").stdout
    assert "--create-tenant --dry-run" in text
    assert "Exit code 0" in text
