"""The files of a world on disk: streams by day of arrival, truth apart, a manifest with hashes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from vigia.domain.errors import VigiaError
from vigia.simulator.draws import Ints
from vigia.simulator.truth import TABLES

MANIFEST = "manifest.json"
TRUTH = "truth"
EVENTS = "events"
REFERENCE = "00000000-reference"
_LINES_AT_ONCE = 4096
_LEVEL = 1
"""Of zstd: the next faster one saves a tenth of the time and costs a third more room."""


class WorldFolder:
    """A folder that a world is written into.

    Attributes:
        root: The folder.
        hashes: Path below the folder to the SHA-256 of the file.
    """

    def __init__(self, root: Path) -> None:
        """Name the folder; `prepare` makes it."""
        self.root = root
        self.hashes: dict[str, str] = {}

    def prepare(self, slugs: Iterable[str]) -> None:
        """Make the folders.

        Raises:
            VigiaError: The folder holds something already, or cannot be written.
        """
        if self.root.exists() and (not self.root.is_dir() or any(self.root.iterdir())):
            raise VigiaError(
                f"{self.root} is not empty. Name a new folder, or remove what is in it first: "
                "a world is never mixed with anything."
            )
        try:
            for slug in slugs:
                (self.root / slug / EVENTS).mkdir(parents=True)
            (self.root / TRUTH).mkdir(mode=0o700)
        except OSError as error:
            raise VigiaError(f"{self.root} cannot be made: {error.strerror}.") from error

    def write_stream(self, slug: str, name: str, lines: pl.Series, order: Ints) -> int:
        """Write lines in an order as one compressed part; returns the bytes of the text."""
        import pyarrow as pa

        size = 0
        # Frame after frame: whole blocks are packed in two thirds of the time of a stream.
        codec = pa.Codec("zstd", compression_level=_LEVEL)
        frames = []
        # Taken out of one chunk a line costs a tenth of what it costs out of a dozen.
        lines = lines.rechunk()
        # A block of lines at a time stays in the processor's cache.
        for start in range(0, len(order), _LINES_AT_ONCE):
            block = lines.gather(order[start : start + _LINES_AT_ONCE])
            # One contiguous buffer holds all lines, ends included: the text as it stands.
            text = block.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2]
            frames.append(codec.compress(text, asbytes=True))
            size += text.size
        self._write(f"{slug}/{EVENTS}/{name}.ndjson.zst", b"".join(frames))
        return size

    def write_truth(self, tables: dict[str, pl.DataFrame]) -> None:
        """Write every truth table, readable by the owner alone."""
        for name, schema in TABLES.items():
            frame = tables.get(name, schema.to_frame()).select(schema.names()).cast(schema)
            packed = BytesIO()
            frame.write_parquet(packed, compression="zstd")
            self._write(f"{TRUTH}/{name}.parquet", packed.getvalue())
            (self.root / TRUTH / f"{name}.parquet").chmod(0o600)

    def write_reference(self, slug: str, tables: dict[str, pl.DataFrame]) -> None:
        """Write what exists as CSV, one file a table, for people to read."""
        folder = self.root / slug / "reference"
        folder.mkdir(exist_ok=True)
        for name, frame in tables.items():
            self._write(f"{slug}/reference/{name}.csv", frame.write_csv().encode())

    def write_manifest(self, content: dict[str, Any]) -> None:
        """Write the manifest last: a folder without one is a world that was never finished."""
        whole = {**content, "files": dict(sorted(self.hashes.items()))}
        text = json.dumps(whole, indent=1, sort_keys=True)
        self._write(MANIFEST, f"{text}\n".encode())

    def _write(self, name: str, content: Any) -> None:
        path = self.root / name
        try:
            with path.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise VigiaError(
                f"{path} could not be written ({error.strerror}). The world is unfinished: make "
                "room, remove the folder, and simulate again."
            ) from error
        self.hashes[name] = sha256(content).hexdigest()


def read_manifest(root: Path) -> dict[str, Any]:
    """The manifest of a world.

    Raises:
        VigiaError: The folder holds no finished world.
    """
    path = root / MANIFEST
    if not path.is_file():
        raise VigiaError(
            f"{root} holds no world: there is no {MANIFEST}. Make one with "
            f"`vigia simulate --out {root}`."
        )
    content: dict[str, Any] = json.loads(path.read_text())
    return content
