"""Files as rows: which format a file has, how it is packed, and what is inside an archive.

Belongs here: opening CSV, NDJSON, Parquet, GPX and PLT files, plain, packed (gzip, zstd) or zipped,
and handing out rows of text in bounded memory. Does not belong here: what a column means
(`mapping`), or how delimited text is split (`delimited`).
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, cast
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile, ZipInfo

import orjson
import polars as pl

from vigia.domain.errors import VigiaError
from vigia.ingest.blocks import too_long
from vigia.ingest.delimited import (
    BROKEN_OFF,
    MAX_LINE_BYTES,
    Layout,
    Line,
    LineSource,
    broken_end,
    read_delimited,
)
from vigia.ingest.rows import FILE, LINE, MODIFIED, ByteStream, Chunk, Chunks, text_of, unreadable

FORMATS = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".txt": "delimited",
    ".plt": "delimited",
    ".log": "delimited",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
    ".gpx": "gpx",
}
ROWS_AT_ONCE = 50_000
PART_SUFFIXES = (".ndjson", ".ndjson.gz", ".ndjson.zst")


@dataclass(frozen=True, slots=True)
class Member:
    """One readable file: the file itself or a member of an archive.

    Attributes:
        name: Its name for people; inside an archive with the archive's.
        suffix: Its ending in lower case, packing aside: `.csv` for `log.csv.gz`.
        stem: Its name without folders and endings.
        modified_at: When the file, or the archive that holds it, was last changed.
        before: Bytes of the parts that come before it.
    """

    name: str
    suffix: str
    stem: str
    modified_at: datetime
    stream: ByteStream
    file: IO[bytes]
    before: int = 0

    def position(self) -> int:
        """Bytes on disk that have been read so far, those of earlier parts included."""
        return self.before + self.file.tell()

    @property
    def format(self) -> str:
        """How it is read."""
        return FORMATS[self.suffix]


@contextmanager
def open_members(path: Path) -> Iterator[Iterator[Member]]:
    """Open a file; an archive gives its members one after the other.

    Raises:
        VigiaError: There is no such file, or nothing in it that can be read; the text says what
            to do.
    """
    if path.is_dir():
        raise VigiaError(
            f"{path} is a folder. Only a stream of events is loaded from one (--as events): name "
            "a file, or zip the folder and load that."
        )
    with _open(path) as file:
        if path.suffix.lower() == ".zip":
            yield _zip_members(file, path)
        else:
            yield iter([_plain_member(file, path)])


def parts_of(folder: Path) -> list[Path]:
    """The parts of a stream of events that was cut into files, in the order of their names.

    Raises:
        VigiaError: There are none.
    """
    parts = _parts(folder)
    if not parts:
        raise VigiaError(
            f"{folder} holds no events: no file in it ends with {' or '.join(PART_SUFFIXES)}."
        )
    return parts


def _parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.endswith(PART_SUFFIXES))


def open_parts(parts: Iterable[Path]) -> Iterator[Member]:
    """Open the parts of a stream of events one after the other."""
    before = 0
    for path in parts:
        with _open(path) as file:
            yield replace(_plain_member(file, path), before=before)
        before += path.stat().st_size


def bytes_on_disk(path: Path) -> int | None:
    """What `Member.position` counts up to; None where there is nothing to read."""
    if path.is_dir():
        return sum(part.stat().st_size for part in _parts(path))
    return path.stat().st_size if path.is_file() else None


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise VigiaError(f"There is no file {path}. Check the path.") from None
    except OSError as error:
        raise VigiaError(f"{path} cannot be opened: {error.strerror}.") from error


def read_rows(member: Member, layout: Layout) -> Chunks:
    """Read a member as chunks of at most 50,000 rows of text with `$line` and `$file`.

    Raises:
        VigiaError: It is empty or not what its ending says.
    """
    about = [
        pl.lit(member.stem).alias(FILE),
        pl.lit(member.modified_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")).alias(MODIFIED),
    ]
    for chunk in _READERS[member.format](member, layout):
        rejected = chunk.rejected
        for rows in chunk.rows.iter_slices(ROWS_AT_ONCE):
            yield Chunk(rows.with_columns(about), rejected)
            rejected = []
        if rejected:
            yield Chunk(chunk.rows.with_columns(about), rejected)


def read_lines(member: Member) -> Iterator[tuple[list[Line], list[dict[str, object]]]]:
    """Read a member as blocks of lines and what could not be read as one."""
    source = LineSource(member.stream)
    while block := source.block():
        unread = [too_long(line) for line in block if line.length > MAX_LINE_BYTES]
        yield [line for line in block if line.length <= MAX_LINE_BYTES], unread
    if source.broken_off:
        yield [], [broken_end(source)]


def _plain_member(file: IO[bytes], path: Path) -> Member:
    name = PurePosixPath(path.name)
    unpack = _PACKINGS.get(name.suffix.lower())
    inner = name.with_suffix("") if unpack else name
    if inner.suffix.lower() not in FORMATS:
        raise VigiaError(
            f"{path.name} has an ending that is not known. Known are {', '.join(FORMATS)}, "
            "each also packed (.gz, .zst) or in an archive (.zip). Rename the file to what it is."
        )
    return _member(path.name, inner, file, unpack(file) if unpack else file)


def _gzip_stream(file: IO[bytes]) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=file)


class ZstdStream:
    """A file packed with zstd, unpacked while it is read; it breaks off as a gzipped file does."""

    def __init__(self, file: IO[bytes]) -> None:
        """Begin at the file's place."""
        import pyarrow as pa

        self._stream = pa.input_stream(file, compression="zstd")

    def read1(self, size: int = -1, /) -> bytes:
        """Some bytes, none at the end; EOFError where the packed data end early or are damaged."""
        try:
            return bytes(self._stream.read1(None if size < 0 else size))
        except OSError as error:
            raise EOFError(str(error)) from error

    def read(self, size: int = -1, /) -> bytes:
        """As `read1`, of which XML needs no more."""
        return self.read1(size)


_PACKINGS: dict[str, Callable[[IO[bytes]], object]] = {".gz": _gzip_stream, ".zst": ZstdStream}


def _member(name: str, inner: PurePosixPath, file: IO[bytes], stream: object) -> Member:
    modified_at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    stem = inner.name.split(".")[0]
    return Member(name, inner.suffix.lower(), stem, modified_at, cast(ByteStream, stream), file)


def _zip_members(file: IO[bytes], path: Path) -> Iterator[Member]:
    try:
        archive = ZipFile(file)
    except BadZipFile as error:
        raise VigiaError(
            f"{path.name} is not a whole zip archive ({error}). It was probably cut off on its "
            "way: get it again. Nothing was loaded."
        ) from error
    with archive:
        wanted = [info for info in archive.infolist() if _is_wanted(info)]
        if not wanted:
            held = ", ".join(archive.namelist()[:10]) or "nothing"
            raise VigiaError(
                f"{path.name} holds no file that can be read; it holds {held}. "
                f"Readable are {', '.join(FORMATS)}."
            )
        for info in wanted:
            try:
                stream = archive.open(info)
            except (RuntimeError, NotImplementedError, BadZipFile) as error:
                raise VigiaError(
                    f"{info.filename} in {path.name} cannot be unpacked: {error}."
                ) from error
            with stream:
                inner = PurePosixPath(info.filename)
                yield _member(f"{path.name}/{info.filename}", inner, file, stream)


def _is_wanted(info: ZipInfo) -> bool:
    """Tell files from folders and from the strays that some systems leave in archives."""
    parts = PurePosixPath(info.filename).parts
    stray = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return (
        not info.is_dir() and not stray and PurePosixPath(info.filename).suffix.lower() in FORMATS
    )


def _read_delimited(member: Member, layout: Layout) -> Chunks:
    return read_delimited(member.stream, layout, member.name)


def _read_ndjson(member: Member, layout: Layout) -> Chunks:
    del layout
    columns: dict[str, None] = {}
    empty = True
    for block, rejected in read_lines(member):
        records: list[dict[str, str | None]] = []
        for line in block:
            _read_record(line, records, rejected)
        columns.update(dict.fromkeys(_keys(records)))
        empty = empty and not records and not rejected
        schema = {**dict.fromkeys(columns, pl.String), LINE: pl.Int64}
        yield Chunk(pl.DataFrame(records, schema=schema), rejected)
    if empty:
        raise VigiaError(f"{member.name} is empty: there is nothing to load.")


def _keys(records: list[dict[str, str | None]]) -> list[str]:
    """Every key of the records but `$line`, in the order of their first appearance."""
    return [key for key in dict.fromkeys(key for r in records for key in r) if key != LINE]


def _read_record(
    line: Line, records: list[dict[str, str | None]], rejected: list[dict[str, object]]
) -> None:
    """Read one line as a JSON object; blank lines are passed over."""
    if not line.content.strip():
        return
    try:
        record = orjson.loads(line.content)
    except orjson.JSONDecodeError as error:
        rejected.append(unreadable(line.number, f"Not readable as JSON: {error}.", line.content))
        return
    if not isinstance(record, dict):
        why = "A line must be one JSON object."
        rejected.append(unreadable(line.number, why, line.content))
        return
    records.append({k: text_of(v) for k, v in record.items()} | {LINE: cast(str, line.number)})


def _read_parquet(member: Member, layout: Layout) -> Chunks:
    del layout
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = cast(IO[bytes], member.stream)
    if isinstance(member.stream, gzip.GzipFile | ZstdStream):
        raise VigiaError(
            f"{member.name}: Parquet is packed already; unpack the file and load that."
        )
    try:
        file = pq.ParquetFile(stream)
    except pa.ArrowInvalid as error:
        raise VigiaError(f"{member.name} is not a whole Parquet file: {error}") from error
    start = 1
    for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
        frame = cast(pl.DataFrame, pl.from_arrow(batch))
        lines = pl.int_range(start, start + frame.height).alias(LINE)
        yield Chunk(
            frame.select(*(_as_text(frame[name]) for name in frame.columns)).with_columns(lines)
        )
        start += frame.height


def _as_text(column: pl.Series) -> pl.Series:
    """Spell a typed column as text: instants in RFC 3339, nested values as JSON."""
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        zone = "Z" if kind.time_zone else ""
        instant = column.dt.convert_time_zone("UTC") if kind.time_zone else column
        return instant.dt.strftime("%Y-%m-%dT%H:%M:%S%.f" + zone)
    if kind.is_nested():
        return pl.Series(column.name, map(text_of, column.to_list()), dtype=pl.String)
    if kind == pl.Binary:
        return column.bin.encode("hex")
    return column.cast(pl.String)


def _read_gpx(member: Member, layout: Layout) -> Chunks:
    """Read track points with `lat lon ele time speed course hdop sat track`, streaming."""
    del layout
    schema = {**dict.fromkeys((*_POINT_FIELDS, "lat", "lon", "track"), pl.String), LINE: pl.Int64}
    points: list[dict[str, object]] = []
    number = 0
    try:
        for number, point in enumerate(_gpx_points(member), start=1):
            points.append(point | {LINE: number})
            if len(points) == ROWS_AT_ONCE:
                yield Chunk(pl.DataFrame(points, schema=schema))
                points = []
    except (ElementTree.ParseError, *BROKEN_OFF) as error:
        if number == 0:
            raise VigiaError(f"{member.name} is not readable as GPX: {error}.") from error
        why = f"The file breaks off after point {number} ({error}). Get it again and load it again."
        yield Chunk(pl.DataFrame(points, schema=schema), [unreadable(number + 1, why, "")])
        return
    if number == 0:
        raise VigiaError(f"{member.name} holds no positions: there is nothing to load.")
    yield Chunk(pl.DataFrame(points, schema=schema))


def _gpx_points(member: Member) -> Iterator[dict[str, object]]:
    # expat limits how far entities may blow up, and none is ever fetched (noqa below).
    stream = cast(io.BufferedIOBase, member.stream)
    parent: ElementTree.Element | None = None
    track: str | None = None
    for event, element in ElementTree.iterparse(stream, events=("start", "end")):  # noqa: S314
        tag = element.tag.rpartition("}")[2]
        if event == "start":
            parent = element if tag in ("gpx", "trkseg", "rte") else parent
        elif tag in ("trkpt", "wpt", "rtept"):
            yield _point(element) | {"track": track}
            if parent is not None:
                parent.clear()  # else the whole file would gather in memory
        elif tag == "name":
            track = element.text
        elif tag in ("trk", "metadata"):
            track = None


_POINT_FIELDS = ("ele", "time", "speed", "course", "hdop", "sat")


def _point(point: ElementTree.Element) -> dict[str, object]:
    found: dict[str, object] = {"lat": point.get("lat"), "lon": point.get("lon")}
    for child in point.iter():
        name = child.tag.rpartition("}")[2]
        if name in _POINT_FIELDS and child.text:
            found[name] = child.text.strip()
    return found


_READERS: dict[str, Callable[[Member, Layout], Chunks]] = {
    "delimited": _read_delimited,
    "ndjson": _read_ndjson,
    "parquet": _read_parquet,
    "gpx": _read_gpx,
}
