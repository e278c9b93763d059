"""Connections kept between transactions of a process, so that not each of them logs in anew.

A login costs more than most queries. What a transaction could leave behind is reset before its
connection is kept; one that saw an error is closed instead. Whose rows a transaction may touch is
set by `vigia.store.connection`, for each anew.
"""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

MOST = 8
"""Connections that a process keeps at most, whatever their role; the oldest goes first."""
LIFE_S = 600.0
"""How long after its login a connection is used: the server's side of it grows with its age."""
# What outlives a transaction. Not DISCARD ALL: it would throw away what the server knows of the
# tables, which is what a connection is kept for.
_RESET = (
    "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *;"
    " SELECT pg_advisory_unlock_all(); DISCARD TEMP"
)


@dataclass(slots=True)
class Kept:
    """A connection and when it was made."""

    url: str
    connection: psycopg.Connection
    made_at: float


@dataclass(slots=True)
class Idle:
    """The connections that wait for their next transaction; safe to share between threads."""

    _waiting: list[Kept] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def take(self, url: str) -> Kept:
        """A connection to an address in autocommit mode: one that waits and answers, or a new one.

        Raises:
            psycopg.OperationalError: The server does not answer.
        """
        while (kept := self._pop(url)) is not None:
            if _answers(kept):
                return kept
            _close(kept)
        return Kept(url, opened(url), monotonic())

    def give_back(self, kept: Kept) -> None:
        """Keep a connection whose transaction is over, clean of what it left, or close it."""
        surplus = [kept]
        if _reset(kept.connection):
            with self._lock:
                self._waiting.append(kept)
                surplus = self._waiting[:-MOST]
                del self._waiting[:-MOST]
        for one in surplus:
            _close(one)

    def close(self) -> None:
        """Close all that wait."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for kept in waiting:
            _close(kept)

    def _pop(self, url: str) -> Kept | None:
        with self._lock:
            found = next((k for k in reversed(self._waiting) if k.url == url), None)
            if found is not None:
                self._waiting.remove(found)
            return found


def opened(url: str) -> psycopg.Connection:
    """A new connection in autocommit mode."""
    import psycopg

    # Never prepared: a plan made for one tenant's rows, or for an empty table, must not stay.
    return psycopg.connect(url, autocommit=True, connect_timeout=10, prepare_threshold=None)


def _answers(kept: Kept) -> bool:
    """Whether the server still serves it; it may have been restarted, or a firewall forgot it."""
    import psycopg

    if monotonic() - kept.made_at > LIFE_S:
        return False
    with suppress(psycopg.Error):
        kept.connection.execute("SELECT")
        return True
    return False


def _reset(connection: psycopg.Connection) -> bool:
    import psycopg

    with suppress(psycopg.Error):
        connection.execute(_RESET)
        return True
    return False


def _close(kept: Kept) -> None:
    import psycopg

    with suppress(psycopg.Error):
        kept.connection.close()


_inherited: list[Idle] = []
IDLE = Idle()
"""The connections of this process."""


def _start_anew() -> None:
    """In a forked process: the parent's connections are not ours to use, nor to close."""
    global IDLE  # noqa: PLW0603
    _inherited.append(IDLE)
    IDLE = Idle()


def _take_leave() -> None:
    IDLE.close()


os.register_at_fork(after_in_child=_start_anew)
atexit.register(_take_leave)
