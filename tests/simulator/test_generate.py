"""A whole small world: same bytes however it is made, an account that adds up, clear refusals."""

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from vigia.cli.main import app
from vigia.domain.errors import VigiaError
from vigia.simulator import generate as generating
from vigia.simulator.config import Level, WorldConfig
from vigia.simulator.emit import files
from vigia.simulator.emit.files import read_manifest
from vigia.simulator.generate import generate
from vigia.simulator.truth import TABLES

CONFIG = WorldConfig.at_level(Level.STANDARD, seed=3, sites=4, tenants=2, learn_days=1, test_days=2)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world") / "w"
    generate(CONFIG, root)
    return root


def lines(root, slug):
    for part in sorted((root / slug / "events").iterdir()):
        with pa.input_stream(str(part), compression="zstd") as stream:
            yield from stream.read().splitlines()


def test_the_same_bytes_come_from_smaller_pieces(world, tmp_path, monkeypatch):
    monkeypatch.setattr(generating, "SITES_IN_A_PIECE", 1)
    assert generate(CONFIG, tmp_path / "w") == read_manifest(world)


def test_the_same_bytes_come_from_two_processes(world, tmp_path):
    assert generate(CONFIG, tmp_path / "w", workers=2) == read_manifest(world)


@pytest.mark.slow
def test_the_same_bytes_come_from_one_two_and_four_processes_and_from_another_run(tmp_path):
    """The second run is a process of its own, from the command line."""
    config = WorldConfig.at_level(
        Level.HARD, seed=9, sites=30, tenants=2, learn_days=1, test_days=3, scenario="bad_night"
    )
    made = [generate(config, tmp_path / str(n), workers=n) for n in (1, 2, 4)]
    options = "--sites 30 --days 4 --test-days 3 --seed 9 --level hard --tenants 2 --workers 2"
    command = Path(sys.executable).with_name("vigia"), "simulate", "--out", tmp_path / "again"
    asked = [*command, *options.split(), "--scenario", "bad_night"]
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
    assert made[0]["files"] == made[1]["files"] == made[2]["files"]
    assert read_manifest(tmp_path / "again")["files"] == made[0]["files"]


def test_poison_without_a_name_lies_in_an_order_of_its_own(world):
    """In the order of making, lines that are no events differed between one process and two."""
    poison = pl.read_parquet(world / "truth" / "gt_poison.parquet")
    nameless = poison.filter(pl.col("source_event_id").is_null())
    assert nameless["kind"].n_unique() > 1
    assert poison.equals(poison.sort(poison.columns))


def test_another_seed_is_another_world(world, tmp_path):
    other = generate(
        WorldConfig.at_level(Level.STANDARD, seed=4, sites=4, learn_days=1, test_days=1),
        tmp_path / "w",
    )
    assert other["events"] != read_manifest(world)["events"]


def test_the_manifest_counts_every_line(world):
    manifest = read_manifest(world)
    counted = {slug: sum(1 for _ in lines(world, slug)) for slug in manifest["events"]["by_tenant"]}
    assert counted == manifest["events"]["by_tenant"]
    assert (
        sum(counted.values())
        == manifest["events"]["total"]
        == sum(manifest["events_by_table"].values())
    )


def test_events_stand_in_the_order_of_their_arrival(world):
    for slug in read_manifest(world)["events"]["by_tenant"]:
        arrived = [
            json.loads(line)["receivedtime"]
            for line in lines(world, slug)
            if b'"receivedtime"' in line and line.endswith(b"}}")
        ]
        assert arrived == sorted(arrived)
        assert len(arrived) > 1000


def test_truth_lies_apart_and_for_its_owner_alone(world):
    folder = world / "truth"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.stem for path in folder.iterdir()} == set(TABLES)
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert pl.read_parquet(path).schema == TABLES[path.stem]


def test_every_tenant_has_its_own_stream_and_reference(world):
    manifest = read_manifest(world)
    assert len(manifest["tenants"]) == 2
    codes = [
        set(pl.read_csv(world / t["slug"] / "reference" / "site.csv")["code"])
        for t in manifest["tenants"]
    ]
    assert not codes[0] & codes[1]
    assert len(codes[0] | codes[1]) == CONFIG.sites


def test_a_folder_that_holds_something_is_refused(tmp_path):
    (tmp_path / "old").write_text("keep me")
    with pytest.raises(VigiaError, match=r"is not empty\. Name a new folder"):
        generate(CONFIG, tmp_path)
    assert (tmp_path / "old").read_text() == "keep me"


def test_a_full_disk_is_told_with_what_to_do(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(VigiaError, match=r"No space left on device.*make room"):
        generate(CONFIG, tmp_path / "w")
    with pytest.raises(VigiaError, match="holds no world"):
        read_manifest(tmp_path / "w")


@pytest.mark.parametrize("name", ["gt_episode.parquet", "manifest.json"])
def test_a_disk_that_fills_up_at_the_very_end_is_told_too(name, tmp_path, monkeypatch):
    opened = files.Path.open

    def full(path, *how):
        if path.name == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path, *how)

    monkeypatch.setattr(files.Path, "open", full)
    config = WorldConfig.at_level(Level.STANDARD, sites=1, learn_days=0, test_days=1)
    with pytest.raises(VigiaError, match=r"No space left on device.*make room"):
        generate(config, tmp_path / "w")


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "w").write_text("keep me")
    with pytest.raises(VigiaError, match="is not empty"):
        generate(CONFIG, tmp_path / "w")
    with pytest.raises(VigiaError, match="cannot be made"):
        generate(CONFIG, tmp_path / "w" / "below")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sites", "0"], "sites is 0; a world takes 1 to 2000"),
        (["--days", "0"], "test_days is 0"),
        (["--archetype", "castle"], "no kind of site 'castle'"),
        (["--tenants", "9", "--sites", "3"], "tenants is 9"),
        (["--start", "yesterday"], "write a day such as 2026-02-23"),
        (["--scenario", "no_such_night"], "no_such_night"),
        (["--scenario", "month_end", "--sites", "2"], "month_end"),
        (["--days", "500"], "a world takes"),
    ],
)
def test_a_world_that_cannot_be_made_is_refused_in_words(options, said, tmp_path):
    done = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path / "w"), *options])
    assert done.exit_code != 0
    assert said in " ".join(done.output.split())


def test_one_site_and_one_day_are_a_world(tmp_path):
    done = CliRunner().invoke(
        app, ["simulate", "--out", str(tmp_path / "w"), "--sites", "1", "--days", "1", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["events"]["total"] > 200
