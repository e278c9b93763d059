"""Whatever is wrong with a call, a file or the database: a message that says what to do, no traceback.

Each line is a mistake that somebody makes in earnest, through the command that they type.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vigia.cli.main import app
from vigia.config.home import LOOPBACK
from vigia.config.settings import Settings
from vigia.services.ports import choose_port
from vigia.store.tenants import create_tenant

EXAMPLES = Path(__file__).parents[2] / "examples"
TRACKS = EXAMPLES / "geolife_sample.csv.gz"
HEADER = "lat,lng,datetime,uid\n"
GOOD = "1,2,2020-01-01 00:00:00,7\n"
EVENT = {"specversion": "1.0", "id": "1", "source": "test", "time": "2020-01-01T00:00:00Z"}
SITE = {"code": "S1", "tz": "UTC"}


def event(kind: str, data: object, **more: object) -> str:
    return json.dumps(EVENT | {"type": f"vigia.{kind}.v1", "data": data} | more)


@pytest.fixture
def vigia(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """The command line over a database with one tenant."""
    monkeypatch.setenv("VIGIA_HOME", str(settings.home))
    monkeypatch.setenv("VIGIA_DATABASE_URL", settings.database_url.get_secret_value())
    create_tenant(settings.database(), "acme", clock_mode="data")
    return run


def run(*words: object) -> Result:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert "Traceback" not in done.stderr
    assert not done.exception or isinstance(done.exception, SystemExit)
    return done


MISTAKES = [
    ("torn.ndjson", '{"specversion": "1.0", "id"', "events", "one complete UTF-8 JSON object"),
    ("no-event.ndjson", '{"a": 1}', "events", "Send specversion 1.0, id, source, type"),
    ("deep.ndjson", "[" * 60_000, "events", "one complete UTF-8 JSON object"),
    ("type.ndjson", event("ufo.seen", {}), "events", "The events page lists the types"),
    (
        "tenant.ndjson",
        event("site.upserted", SITE | {"tenant_id": "0" * 32}),
        "events",
        "another tenant",
    ),
    (
        "reference.ndjson",
        event("gps_fix.recorded", {"device_id": "D9", "lat": 1, "lon": 2}),
        "events",
        "no device that is known",
    ),
    ("ancient.csv", f"{HEADER}1,2,0001-01-01 00:00:00,7\n", "gps", "Set the clock"),
    ("future.csv", f"{HEADER}1,2,9999-12-31 00:00:00,7\n", "gps", "Set the clock"),
    ("yesterday.csv", f"{HEADER}1,2,yesterday,7\n", "gps", "is not a time as the mapping"),
    (
        "huge.csv",
        f"{HEADER}1,2,2020-01-01,{'A' * 10_000_000}\n",
        "gps",
        "1,048,576 is the limit",
    ),
    (
        "huge.ndjson",
        event("x", "A" * 10_000_000),
        "events",
        "Send a reference to large content",
    ),
    ("nul.csv", f"{HEADER}1,2,2020-01-01,a\0b\n", "gps", "NUL"),
    ("off-the-map.csv", f"{HEADER}91,2,2020-01-01,7\n", "gps", "lat is '91' and above 90"),
    ("ragged.csv", f"{HEADER}1,2\n", "gps", "as many fields as the header"),
]


@pytest.mark.parametrize(
    ("name", "text", "kind", "said"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES]
)
def test_a_row_that_cannot_be_taken_is_put_aside_with_what_to_do(
    vigia, tmp_path: Path, name: str, text: str, kind: str, said: str
) -> None:
    path = tmp_path / name
    good = GOOD if name.endswith(".csv") else event("site.upserted", SITE, id="2") + "\n"
    path.write_text(text.rstrip("\n") + "\n" + good)
    done = vigia("load", path, "--as", kind)
    assert done.exit_code == 3, "the good row is in, the other is put aside"
    assert said in done.stderr
    assert "1 accepted, 0 known already, 1 put aside" in done.stderr
    waiting, *_ = json.loads(vigia("quarantine", "list", "--tenant", "acme", "--json").stdout)[
        "events"
    ]
    assert waiting["reason"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as", "gps", "--mapping", "gxp"), "did you mean 'gpx'?"),
        (("--as", "gps", "--mapping", "traccar"), "Choose another mapping (--mapping)"),
        (("--as", "tickets", "--mapping", "gps_csv"), "Say --as gps, or choose another mapping"),
        (("--as", "access"), "Name one with --mapping, or write one for this file"),
        (("--as", "gps", "--mapping", "absent.yaml"), "cannot be read"),
        (("--as", "gps", "--mapping", "torn.yaml"), "is not YAML"),
        (("--as", "gps", "--mapping", "misspelt.yaml"), "unknown key; did you mean 'identity'?"),
        (("--as", "gps", "--mapping", "column.yaml"), "has no column 'latitude'; did you mean"),
    ],
)
def test_a_wrong_mapping_is_refused_before_the_first_row(
    vigia, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("torn.yaml").write_text("kind: [gps\n")
    Path("misspelt.yaml").write_text("kind: gps\nidentiti: row\n")
    Path("column.yaml").write_text(
        "kind: gps\ndescription: x\nevent: vigia.gps_fix.recorded.v1\nsource: x\nidentity: row\n"
        "time: datetime\ncolumns: {latitude: lat}\n"
    )
    done = vigia("load", TRACKS, *words)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "$" not in done.stderr, "columns of our own making are none of the file's"


def test_a_missing_column_is_named_beside_those_there_are(vigia, tmp_path: Path) -> None:
    path = tmp_path / "walk.csv"
    path.write_text("lat,datetime,uid\n1,2020-01-01,7\n")
    done = vigia("load", path, "--as", "gps", "--mapping", "gps_csv")
    assert done.exit_code == 1
    assert "needs: lng or lon or longitude. It has 3 columns: lat, datetime, uid." in done.stderr


def test_a_file_that_breaks_off_says_to_get_it_again(vigia, tmp_path: Path) -> None:
    path = tmp_path / "walk.csv.gz"
    path.write_bytes(TRACKS.read_bytes()[:20_000])
    done = vigia("load", path, "--as", "gps")
    assert done.exit_code == 3
    assert "Get it again and load it again: what was whole is loaded" in done.stderr


COMMANDS = [
    ("load", TRACKS, "--as", "gps", "--tenant", "acme"),
    ("tenant", "list"),
    ("tenant", "create", "acme"),
    ("quarantine", "list", "--tenant", "acme"),
    ("quarantine", "replay", "--tenant", "acme"),
    ("migrate",),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(map(str, words[:2]))[:20])
def test_a_database_that_is_down_says_how_to_start_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[object, ...]
) -> None:
    """Both: a server of your own that does not answer, and ours that was not started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path))
    url = f"postgresql://me:secret@{LOOPBACK}:{choose_port(LOOPBACK, 0)}/vigia"
    for address, said in ((url, "or check VIGIA_DATABASE_URL"), ("", "vigia up --only postgres")):
        monkeypatch.setenv("VIGIA_DATABASE_URL", address)
        done = run(*words)
        assert done.exit_code == 1
        assert said in done.stderr
        assert "secret" not in done.stderr
