"""The database's disk fills up while a delivery is being stored: a real small disk, a real server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.events import REFERENCES, add_tenant, fix, send, value
from vigia.config.home import Home
from vigia.ingest.failures import IngestError
from vigia.services.postgres import EmbeddedPostgres
from vigia.store.connection import Database
from vigia.store.migrate import migrate

SIZE_MB = 200
LEFT_MB = 1
MEGABYTE = 2**20
BEFORE = [fix(f"b{i}", minutes=-i / 60) for i in range(500)]
LINES = [fix(f"f{i}", seq=i, minutes=-i / 60) for i in range(20_000)]
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root"),
    # Every day a server's own error stands in for the disk (tests/ingest/test_batch.py).
    pytest.mark.slow,
]


@pytest.fixture
def small_disk(session_folder: Path) -> Iterator[Path]:
    """A file system of its own, of a size that a test can fill."""
    folder = session_folder / "small-disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=711", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets nobody mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def server(small_disk: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(Home(small_disk / "home"))
    server.start()
    yield server
    server.stop()


def fill(folder: Path) -> Path:
    """Take all but a little of what is left of a disk."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb") as file:
        for _ in range(free.f_bavail * free.f_frsize // MEGABYTE - LEFT_MB):
            file.write(bytes(MEGABYTE))
    return ballast


@pytest.fixture
def database(server: EmbeddedPostgres) -> Database:
    """A company on the small disk, with some positions that were acknowledged."""
    database = server.start()
    migrate(database)
    add_tenant(database)
    assert send(database, [*REFERENCES, *BEFORE]).quarantined == 0
    return database


def test_a_full_disk_says_what_to_do_and_loses_nothing(small_disk, server, database):
    ballast = fill(small_disk)
    with pytest.raises(IngestError, match=r"disk is full.*Free space there.*Send everything again"):
        send(database, LINES)
    assert value(database, "SELECT count(*) FROM ops.gps_fix") == len(BEFORE)
    ballast.unlink()
    assert send(database, LINES).accepted == len(LINES)
