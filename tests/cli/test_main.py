"""The table of commands, and how errors reach a person."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from vigia.cli import main
from vigia.domain.errors import VigiaError

runner = CliRunner()


def test_every_command_in_the_table_exists_and_says_what_it_does():
    group = typer.main.get_command(main.app)
    context = typer.Context(group)
    for name in main.COMMANDS:
        command = group.get_command(context, name)
        assert command is not None, name
        assert command.name == name
        assert command.help, name


def test_help_lists_the_commands_and_an_unknown_one_is_refused():
    assert all(name in runner.invoke(main.app, ["--help"]).output for name in main.COMMANDS)
    assert runner.invoke(main.app, ["nonsense"]).exit_code == 2


def test_help_loads_nothing_heavy():
    """Help must come at once: libraries are imported inside the commands."""
    code = (
        "import sys\n"
        "from vigia.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'dagster', 'polars', 'pandas', 'pydantic', 'psycopg', 'sqlalchemy', 'mlflow',\n"
        "         'streamlit', 'numpy', 'pyarrow', 'dbt', 'rich.markdown'}\n"
        "sys.stderr.write(' '.join(sorted(heavy & set(sys.modules))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["status", "migrate"])
def test_a_wrong_setting_is_named_with_its_variable(monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIA_MLFLOW_PORT", "many")
    done = runner.invoke(main.app, [name])
    assert done.exit_code == 1
    assert "VIGIA_MLFLOW_PORT" in done.output
    assert "Traceback" not in done.output


def test_a_mistake_of_ours_keeps_its_traceback(monkeypatch):
    def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("vigia.services.platform.status", fails)
    assert isinstance(runner.invoke(main.app, ["status"]).exception, ZeroDivisionError)


def test_what_a_person_can_put_right_comes_without_one(monkeypatch):
    def fails(*_):
        raise VigiaError("The cup is empty. Fill it.")

    monkeypatch.setattr("vigia.services.platform.status", fails)
    done = runner.invoke(main.app, ["status"])
    assert done.exit_code == 1
    assert done.output.strip() == "vigia: The cup is empty. Fill it."
