"""R-02 at everyday size: kill -9 of the server under load loses nothing that was acknowledged."""

import os
import signal
import threading
import time

import psycopg
import pytest

from vigia.services.postgres import EmbeddedPostgres

WRITERS = 4
START_LIMIT_S = 60


class Writer(threading.Thread):
    """Inserts numbers one commit at a time and remembers those that were acknowledged."""

    def __init__(self, number: int, url: str) -> None:
        super().__init__(daemon=True)
        self.number = number
        self.url = url
        self.acknowledged: list[int] = []
        self.done = threading.Event()

    def run(self) -> None:
        value = 0
        while not self.done.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
                    while not self.done.is_set():
                        value += 1
                        connection.execute(
                            "INSERT INTO written VALUES (%s, %s)", (self.number, value)
                        )
                        self.acknowledged.append(value)
            except psycopg.OperationalError:
                time.sleep(0.05)


@pytest.mark.parametrize(
    "kills", [5, pytest.param(100, marks=pytest.mark.slow)], ids=["everyday", "release"]
)
def test_killed_under_load_nothing_acknowledged_is_lost(home, kills, record_property):
    server = EmbeddedPostgres(home)
    database = server.start()
    with database.connect() as connection:
        connection.execute(
            "CREATE TABLE written (writer int, value bigint, PRIMARY KEY (writer, value))"
        )
    writers = [Writer(number, database.url()) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    downtimes = []
    for _ in range(kills):
        before = [len(writer.acknowledged) for writer in writers]
        wait_until(lambda b=before: grew(writers, b))
        os.kill(server.pid(), signal.SIGKILL)
        began = time.monotonic()
        server.start()
        downtimes.append(time.monotonic() - began)
    for writer in writers:
        writer.done.set()
    for writer in writers:
        writer.join(10)
    with database.connect() as connection:
        rows = connection.execute("SELECT writer, value FROM written").fetchall()
    present = set(rows)
    acknowledged = {(w.number, value) for w in writers for value in w.acknowledged}
    record_property("acknowledged", len(acknowledged))
    record_property("slowest_start_s", round(max(downtimes), 1))
    assert acknowledged - present == set()
    # A commit may survive whose acknowledgement the kill cut off: one per writer and kill at most.
    assert len(present - acknowledged) <= WRITERS * kills
    assert max(downtimes) < START_LIMIT_S


def grew(writers: list[Writer], before: list[int]) -> bool:
    """Whether every writer got twenty more commits acknowledged."""
    return all(len(w.acknowledged) >= b + 20 for w, b in zip(writers, before, strict=True))


def wait_until(condition, limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "the writers do not get on"
        time.sleep(0.02)
