"""A program that loads a file and stands still at a named point, for its parent to kill it there.

`python -m tests.crash.loading`, what to do as JSON on standard input. It says `ack N` on standard
output when N rows are acknowledged, and `here` when it stands at the point. The product has no
failpoints: the functions beside each point are wrapped here, in this process alone.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from vigia.ingest import batch, blocks, loader
from vigia.ingest.loader import LoadRequest, load
from vigia.store.connection import Database

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Point:
    """Stands still for good the n-th time that it is reached."""

    def __init__(self, occurrence: int) -> None:
        self.left = occurrence

    def reached(self) -> None:
        self.left -= 1
        if self.left == 0:
            say("here")
            while True:
                signal.pause()

    def before(self, owner: Any, name: str) -> None:
        """Stand still where a function is about to be called."""
        self._wrap(owner, name, before=self.reached)

    def after(self, owner: Any, name: str) -> None:
        """Stand still where a function has returned."""
        self._wrap(owner, name, after=self.reached)

    @staticmethod
    def _wrap(
        owner: Any,
        name: str,
        *,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        real = getattr(owner, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            before()
            result = real(*arguments, **named)
            after()
            return result

        setattr(owner, name, wrapped)


def say(text: str) -> None:
    """Tell the parent; what was said before a kill is heard."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def before_parse(point: Point) -> None:
    """A block of lines was read, nothing is known of them yet."""
    point.before(loader, "parse_events")


def after_parse_before_insert(point: Point) -> None:
    """The chunk is judged, nothing of it was sent to the server."""
    point.before(batch.Session, "prepare")


def after_insert_before_commit(point: Point) -> None:
    """All statements of the chunk's transaction are done; it is open."""
    point.after(batch.quarantine, "keep")


def after_commit_before_ack(point: Point) -> None:
    """The chunk is durable, and nobody was told."""
    point.before(batch.Delivery, "count")


def between_two_chunks(point: Point) -> None:
    """A chunk is acknowledged; the next is not read yet."""
    point.after(loader._Load, "_count")


def after_part_of_a_refused_chunk(point: Point) -> None:
    """The database refused a chunk; one part of it was stored alone, the others were not."""
    inside = []
    Point._wrap(batch.Delivery, "_add_in_parts", before=lambda: inside.append(True))
    Point._wrap(batch.Delivery, "add", after=lambda: inside and point.reached())


def never(_point: Point) -> None:
    """Runs to its end, unless it is killed at any time."""


POINTS = {
    arm.__name__: arm
    for arm in (
        before_parse,
        after_parse_before_insert,
        after_insert_before_commit,
        after_commit_before_ack,
        between_two_chunks,
        after_part_of_a_refused_chunk,
        never,
    )
}


def main() -> None:
    """Load as asked."""
    asked = json.load(sys.stdin)
    blocks.BLOCK_BYTES = asked["block_bytes"]
    POINTS[asked["point"]](Point(asked["occurrence"]))
    load(
        Database(asked["url"], bytes.fromhex(asked["secret"])),
        UUID(asked["tenant"]),
        LoadRequest(Path(asked["path"]), "events"),
        now=NOW,
        progress=lambda rows, _bytes: say(f"ack {rows}"),
    )


if __name__ == "__main__":
    main()
