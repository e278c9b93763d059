"""Settings: where they come from, what they default to, and what a wrong one says."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from vigia.config import home as home_module
from vigia.config.home import Home, ServerDownError, default_home
from vigia.config.settings import REPOSITORY, Settings
from vigia.domain.errors import VigiaError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A folder without a `.env` of the developer's."""
    monkeypatch.chdir(tmp_path)


def test_every_setting_has_a_description():
    missing = [name for name, field in Settings.model_fields.items() if not field.description]
    assert missing == []


def test_env_example_names_every_setting_and_no_other():
    lines = (REPOSITORY / ".env.example").read_text().splitlines()
    named = {line.lstrip("# ").split("=")[0] for line in lines if "VIGIA_" in line and "=" in line}
    assert named == {f"VIGIA_{name.upper()}" for name in Settings.model_fields}


def test_the_environment_is_read_with_its_prefix(monkeypatch):
    monkeypatch.setenv("VIGIA_DAGSTER_PORT", "4000")
    monkeypatch.setenv("DAGSTER_PORT", "5000")
    assert Settings().dagster_port == 4000


def test_a_dotenv_file_is_read_and_the_environment_wins(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("VIGIA_DAGSTER_PORT=4000\nVIGIA_MLFLOW_PORT=4001\n")
    monkeypatch.setenv("VIGIA_MLFLOW_PORT", "4002")
    settings = Settings()
    assert (settings.dagster_port, settings.mlflow_port) == (4000, 4002)


def test_an_empty_variable_means_the_default(monkeypatch):
    monkeypatch.setenv("VIGIA_DATABASE_URL", "")
    assert Settings().is_embedded


def test_a_relative_home_is_settled_where_the_shell_stands(tmp_path, monkeypatch):
    monkeypatch.setenv("VIGIA_HOME", "here")
    assert Settings().home == tmp_path / "here"


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().dagster_port = 1


@pytest.mark.parametrize("port", ["-1", "65536", "many"])
def test_an_impossible_port_is_refused(monkeypatch, port):
    monkeypatch.setenv("VIGIA_DAGSTER_PORT", port)
    with pytest.raises(ValidationError, match="dagster_port"):
        Settings()


def test_the_password_of_your_database_is_not_shown():
    settings = Settings(database_url=SecretStr("postgresql://me:hunter2@db/vigia"))
    assert "hunter2" not in repr(settings)


def test_your_database_is_used_without_asking_for_an_embedded_one(home):
    url = "postgresql://me:pw@db.example.org/ops"
    database = Settings(home=home.root, database_url=SecretStr(url)).database()
    assert (database.admin_url, database.name) == (url, "ops")
    assert database.secret == home.secret()


def test_without_a_running_server_the_message_says_how_to_start_it(home):
    with pytest.raises(ServerDownError, match="vigia up --only postgres"):
        Settings(home=home.root, database_url=None).database()


def test_roots_home_lies_where_the_server_user_can_reach_it(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_home() == Path("/var/lib/vigia")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_home() == Path.home() / ".vigia"


def test_the_secret_is_made_once_and_kept(home):
    first = home.secret()
    assert len(first) == 32
    assert Home(home.root).secret() == first
    assert [path.name for path in home.root.iterdir()] == ["secret"]


def test_two_first_users_of_a_secret_get_the_same(home, monkeypatch):
    """The loser of the race to write the file reads the winner's."""
    winner = "ab" * 32

    def link_too_late(source, target):
        Path(target).write_text(winner)
        raise FileExistsError

    monkeypatch.setattr(home_module.os, "link", link_too_late)
    assert home.secret() == bytes.fromhex(winner)


def test_a_home_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(VigiaError, match="Set VIGIA_HOME to a folder"):
        Home(tmp_path / "file" / "home").create()
