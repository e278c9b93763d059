"""A past window replayed from the store, and why a pattern raised nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.worker.conftest import LoadedWorld
from vigia.cli.main import app
from vigia.config.policy import PolicyError, detection_policy
from vigia.domain.errors import VigiaError
from vigia.domain.findings.patterns import PATTERNS
from vigia.domain.findings.whatif import difference
from vigia.evaluate.detected import episodes
from vigia.evaluate.facts import read_facts
from vigia.worker.replay import WARM_UP, explain_at, replay

STEP = timedelta(minutes=15)
HOURS = timedelta(hours=1)


@pytest.fixture
def bolder(tmp_path: Path) -> Path:
    path = tmp_path / "bolder.yaml"
    path.write_text("K01: {window_min: 20, suspect_min: 5}\n")
    return path


def test_a_window_replayed_from_the_store_is_that_of_the_stream_and_other_numbers_differ(
    loaded_world: LoadedWorld, bolder: Path
) -> None:
    first = loaded_world.first + 8 * HOURS
    last = first + 6 * HOURS
    chosen = [pattern for pattern in PATTERNS if pattern.code in ("K01", "K07", "K09")]
    other = [p for p in detection_policy(bolder) if p.code in ("K01", "K07", "K09")]
    ours, theirs = replay(
        loaded_world.database,
        loaded_world.tenant,
        first=first,
        last=last,
        step=STEP,
        policies=[chosen, other],
    )
    stream = episodes(read_facts(loaded_world.company), STEP, first - WARM_UP, last, chosen)
    expected = stream.filter(pl.col("detected_at") > first).sort("detected_at", "type", "scope_id")
    # What only an evidence of later could tell is not known to a replay that ends before.
    columns = [name for name in ours.columns if not name.startswith("evidence_")]
    assert ours.height
    assert ours.select(columns).equals(expected.select(columns))
    told = difference(ours, theirs)
    assert {"new", "earlier"} & set(told.filter(pl.col("type").str.contains("SILENT"))["change"])
    assert set(told.filter(~pl.col("type").str.contains("SILENT"))["change"]) <= {"same"}


def test_why_nothing_was_raised_is_told_condition_by_condition(loaded_world: LoadedWorld) -> None:
    with loaded_world.database.connect() as admin:
        (site,) = admin.execute("SELECT site_id FROM ops.site ORDER BY code").fetchone()  # type: ignore[misc]
    at = loaded_world.first + 30 * HOURS
    told = explain_at(loaded_world.database, loaded_world.tenant, PATTERNS[0], str(site), at)
    confirmed = next(each for each in told if each.kind == "CORRELATION_SILENT_SITE")
    silence = confirmed.conditions[0]
    assert not confirmed.raised
    assert not silence.holds
    assert silence.lacks == pytest.approx(60 - (silence.value or 0))
    with pytest.raises(VigiaError, match="Nothing was known of site 'NOPE'"):
        explain_at(loaded_world.database, loaded_world.tenant, PATTERNS[0], "NOPE", at)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("K01: {windw_min: 45}", "K01 has no windw_min; it has window_min"),
        ("K01: {window_min: soon}", "a number from 0 on is needed"),
        ("K01: 45", "K01 needs its numbers by name"),
        ("K77: {window_min: 45}", "there is no K77; there are K01"),
        ("- K01", "write codes of patterns and their numbers"),
        ("K01: {window_min: 45", "is not YAML"),
    ],
)
def test_a_bad_policy_file_is_told_what_is_wrong_with_it(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=said):
        detection_policy(path)


@pytest.fixture
def command(loaded_world: LoadedWorld, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    from vigia.cli import replay as module

    monkeypatch.setattr(module, "_of", lambda _slug: (loaded_world.database, loaded_world.tenant))
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_a_person_sees_what_differs_and_a_machine_gets_one_object(  # type: ignore[no-untyped-def]
    command, loaded_world: LoadedWorld, bolder: Path
) -> None:
    first = loaded_world.first + 8 * HOURS
    window = ("--from", first.isoformat(), "--to", (first + 3 * HOURS).isoformat())
    words = ("replay", "--tenant", "any", *window, "--step", 1800)
    run = command(*words, "--policy", bolder, "--json")
    assert run.exit_code == 0
    assert set(json.loads(run.stdout)) == {"findings", "changes"}
    assert "Retracted" in command(*words).stdout or "Nothing was found" in command(*words).stdout
    refused = command("replay", "--tenant", "any", "--from", "today", "--to", "now")
    assert refused.exit_code == 1
    assert "--from is 'today'; write an instant" in refused.output
    backwards = command("replay", "--tenant", "any", *window[2:], "--from", window[3])
    assert "The window is empty" in backwards.output


def test_a_person_sees_which_condition_failed(command, loaded_world: LoadedWorld) -> None:  # type: ignore[no-untyped-def]
    with loaded_world.database.connect() as admin:
        (code,) = admin.execute("SELECT code FROM ops.site ORDER BY code").fetchone()  # type: ignore[misc]
    at = (loaded_world.first + 30 * HOURS).isoformat()
    run = command("explain", "--tenant", "any", "--site", code, "--pattern", "k01", "--at", at)
    assert run.exit_code == 0
    assert "minutes without a sign" in run.stdout
    unknown = command("explain", "--tenant", "any", "--site", code, "--pattern", "x", "--at", at)
    assert "There is no pattern 'x'. There are K01 (Silent site)" in unknown.output
