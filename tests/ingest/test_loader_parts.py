"""A stream of events that was cut into parts loads as one, in the order of their names."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from tests.ingest.events import ACME, NOW, REFERENCES, add_tenant, fix, rows, value
from vigia.domain.errors import VigiaError
from vigia.ingest import blocks
from vigia.ingest.loader import LoadRequest, load


@pytest.fixture
def company(database):
    add_tenant(database)
    return database


def zstd(lines: list[bytes]) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(b"\n".join(lines) + b"\n", asbytes=True)
    return packed


def write_parts(folder: Path) -> None:
    """Things, then positions; one line is none."""
    (folder / "3.ndjson.zst").write_bytes(zstd([fix(f"z{n}", seq=n) for n in range(200)]))
    (folder / "2.ndjson.gz").write_bytes(gzip.compress(b"\n".join([fix("g"), b"{ torn"])))
    (folder / "1.ndjson").write_bytes(b"\n".join(REFERENCES))
    (folder / "manifest.json").write_text("{}")


def test_parts_are_one_delivery_whose_lines_are_counted_through(company, tmp_path):
    write_parts(tmp_path)
    report = load(company, ACME, LoadRequest(tmp_path, "events"), now=NOW)
    assert (report.rows, report.accepted) == (206, 205)
    assert dict(report.reasons) == {"malformed": 1}
    assert report.examples["malformed"][0]["line_no"] == len(REFERENCES) + 2
    assert rows(company, "SELECT origin, state, accepted FROM ops.ingest_batch") == [
        (tmp_path.name, "done", 205)
    ]
    again = load(company, ACME, LoadRequest(tmp_path, "events"), now=NOW)
    assert (again.accepted, again.duplicate) == (0, 205)


def test_progress_counts_bytes_on_disk_through_all_parts(company, tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2000)
    write_parts(tmp_path)
    told: list[tuple[int, int]] = []
    request = LoadRequest(tmp_path, "events")
    load(company, ACME, request, now=NOW, progress=lambda *done: told.append(done))
    assert len(told) > 5
    assert told == sorted(told)
    sizes = [path.stat().st_size for path in tmp_path.iterdir() if path.suffix != ".json"]
    assert told[-1] == (206, sum(sizes))


def test_a_part_that_breaks_off_is_told_and_the_others_are_loaded(company, tmp_path):
    write_parts(tmp_path)
    whole = (tmp_path / "2.ndjson.gz").read_bytes()
    (tmp_path / "2.ndjson.gz").write_bytes(whole[:-12])
    report = load(company, ACME, LoadRequest(tmp_path, "events"), now=NOW)
    assert report.accepted >= 204
    assert "breaks off" in str(report.examples["malformed"][-1]["reason"])
    assert value(company, "SELECT count(*) FROM ops.gps_fix WHERE seq IS NOT NULL") == 200


def test_a_folder_of_anything_else_is_explained(company, tmp_path):
    with pytest.raises(VigiaError, match="holds no events: no file in it ends with"):
        load(company, ACME, LoadRequest(tmp_path, "events"), now=NOW)
    write_parts(tmp_path)
    with pytest.raises(VigiaError, match="is a folder"):
        load(company, ACME, LoadRequest(tmp_path, "gps"), now=NOW)
