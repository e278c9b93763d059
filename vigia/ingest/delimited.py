"""Delimited text in bounded memory: quotes, ragged rows, long lines, files that break off.

Belongs here: from a byte stream to rows of text. Does not belong here: which file it is or how
it is packed (`readers`).

A block without quotes (nearly all of a usual export) is split column-wise in one go; a block
with quotes is read by the csv module, which knows about fields that hold line ends. Both give
the same rows.
"""

from __future__ import annotations

import codecs
import csv
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from gzip import BadGzipFile
from itertools import chain
from zipfile import BadZipFile

import polars as pl

from vigia.domain.errors import VigiaError
from vigia.ingest.rows import LINE, ByteStream, Chunk, Chunks, unreadable

BLOCK_BYTES = 8 << 20
MAX_LINE_BYTES = 1 << 20
"""A longer line is put aside: no row of an export is that long, but an unclosed quote is."""
BROKEN_OFF = (EOFError, zlib.error, BadZipFile, BadGzipFile)
"""What the archive readers raise when the packed data end early or are damaged."""
_SEPARATORS = ",;\t|"


@dataclass(slots=True)
class Line:
    """One physical line: its number, its bytes without the end, and its whole length."""

    number: int
    content: bytes
    length: int


class LineSource:
    """Lines of a byte stream, in blocks, with bounded memory whatever the stream holds.

    Attributes:
        broken_off: Why the stream ended early; None while it has not. The lines before the
            break are handed out first, and the broken last line is in `fragment`.
    """

    def __init__(self, stream: ByteStream) -> None:
        self.broken_off: str | None = None
        self.fragment: Line | None = None
        self._stream = stream
        self._number = 0
        self._pending: Iterator[Line] = iter(())
        self._lines = self._read()

    def line(self) -> Line | None:
        """The next line; None at the end."""
        return next(self._lines, None)

    def block(self) -> list[Line]:
        """About 8 MiB of lines; empty at the end."""
        taken: list[Line] = []
        size = 0
        for line in self._lines:
            taken.append(line)
            size += len(line.content)
            if size >= BLOCK_BYTES:
                break
        return taken

    def _read(self) -> Iterator[Line]:
        rest, dropped = b"", 0
        while data := self._next_bytes():
            *whole, rest_of = (rest + data).split(b"\n")
            for content in whole:
                yield self._make(content, dropped)
                dropped = 0
            rest = rest_of
            if len(rest) > MAX_LINE_BYTES:
                dropped += len(rest) - MAX_LINE_BYTES
                rest = rest[:MAX_LINE_BYTES]
        if rest:
            last = self._make(rest, dropped)
            if self.broken_off:
                self.fragment = last
            else:
                yield last

    def _make(self, content: bytes, dropped: int) -> Line:
        self._number += 1
        content = content.removesuffix(b"\r")
        length = len(content) + dropped
        return Line(self._number, content[: MAX_LINE_BYTES + 1], length)

    def _next_bytes(self) -> bytes:
        try:
            return self._stream.read1(1 << 18)
        except BROKEN_OFF as error:
            self.broken_off = str(error) or "the packed data end early"
            return b""


@dataclass(frozen=True, slots=True)
class Layout:
    """How delimited text is laid out.

    Attributes:
        delimiter: None: whichever of comma, semicolon, tab and bar the header has most of.
        header: Column names where the file has no header line.
        skip_lines: Lines before the header or the first row.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    header: tuple[str, ...] = ()
    skip_lines: int = 0


def read_delimited(stream: ByteStream, layout: Layout, name: str) -> Chunks:
    """Read rows; what is no row is rejected with its line number, never guessed at.

    Raises:
        VigiaError: The stream is empty or is not text.
    """
    source = LineSource(stream)
    for _ in range(layout.skip_lines):
        source.line()
    header, delimiter = _header(source, layout, name)
    while block := source.block():
        yield _parse(block, source, header, delimiter, layout.encoding)
    if source.broken_off:
        yield Chunk(_frame([], [], header), [broken_end(source)])


def broken_end(source: LineSource) -> dict[str, object]:
    """Describe where a stream broke off, with what is left of the line it broke in."""
    line = source.fragment or Line(0, b"", 0)
    why = f"The file breaks off here ({source.broken_off}). Get it again and load it again: what was whole is loaded."
    return unreadable(line.number, why, line.content)


def _header(source: LineSource, layout: Layout, name: str) -> tuple[list[str], str]:
    if layout.header:
        return list(layout.header), layout.delimiter or ","
    line = source.line()
    while line is not None and not line.content.strip():
        line = source.line()
    if line is None:
        problem = (
            f"breaks off at its beginning ({source.broken_off})"
            if source.broken_off
            else "is empty"
        )
        raise VigiaError(f"{name} {problem}: there is nothing to load.")
    text = _decode(line.content.removeprefix(codecs.BOM_UTF8), layout.encoding)
    if text is None or "\x00" in text or line.length > MAX_LINE_BYTES:
        raise VigiaError(
            f"{name} does not look like {layout.encoding} text: its first line is not readable. "
            "If it is a text in another encoding, say so in the mapping (layout: encoding)."
        )
    delimiter = layout.delimiter or max(_SEPARATORS, key=text.count)
    names = [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter))]
    if twice := {n for n in names if names.count(n) > 1}:
        raise VigiaError(f"{name} has more than one column named {', '.join(sorted(twice))!r}.")
    return names, delimiter


def _parse(
    block: list[Line], source: LineSource, header: list[str], delimiter: str, encoding: str
) -> Chunk:
    if any(b'"' in line.content for line in block):
        return _parse_quoted(block, source, header, delimiter, encoding)
    texts, numbers, rejected = _decoded(block, encoding)
    lines = pl.DataFrame({"text": texts, LINE: numbers}, schema={"text": pl.String, LINE: pl.Int64})
    found = pl.col("text").str.count_matches(delimiter, literal=True) + 1
    whole = lines.filter(found == len(header))
    for text, number in lines.filter(found != len(header)).iter_rows():
        rejected.append(unreadable(number, _ragged(text.count(delimiter) + 1, len(header)), text))
    cells = whole["text"].str.split_exact(delimiter, len(header) - 1).struct.unnest()
    cells.columns = header
    return Chunk(cells.with_columns(whole[LINE]), rejected)


def _parse_quoted(
    block: list[Line], source: LineSource, header: list[str], delimiter: str, encoding: str
) -> Chunk:
    """Read with the csv module, asking for lines beyond the block only to end its last row."""
    rejected: list[dict[str, object]] = []
    used: list[Line] = []
    kept: list[list[str]] = []
    numbers: list[int] = []
    reader = csv.reader(
        _texts(chain(block, iter(source.line, None)), used, rejected, encoding), delimiter=delimiter
    )
    last = block[-1].number
    while not used or used[-1].number < last:
        start = len(used)
        try:
            row = next(reader, None)
        except csv.Error as error:
            rejected.append(
                unreadable(used[start].number, f"Not a row: {error}.", used[start].content)
            )
            continue
        if row is None:
            break
        if len(row) == len(header):
            kept.append(row)
            numbers.append(used[start].number)
        elif row:
            raw = b"\n".join(line.content for line in used[start:])
            rejected.append(unreadable(used[start].number, _ragged(len(row), len(header)), raw))
    return Chunk(_frame(kept, numbers, header), rejected)


def _texts(
    lines: Iterable[Line], used: list[Line], rejected: list[dict[str, object]], encoding: str
) -> Iterator[str]:
    """Decode lines one by one, noting which were taken; undecodable ones are rejected."""
    for line in lines:
        used.append(line)
        if text := _acceptable(line, encoding, rejected):
            yield text + "\n"


def _decoded(
    block: list[Line], encoding: str
) -> tuple[list[str], list[int], list[dict[str, object]]]:
    rejected: list[dict[str, object]] = []
    texts: list[str] = []
    numbers: list[int] = []
    for line in block:
        if text := _acceptable(line, encoding, rejected):
            texts.append(text)
            numbers.append(line.number)
    return texts, numbers, rejected


def _acceptable(line: Line, encoding: str, rejected: list[dict[str, object]]) -> str | None:
    """The line as text; None for a blank line, and for one that is rejected."""
    if line.length > MAX_LINE_BYTES:
        why = f"The line is {line.length:,} bytes long; {MAX_LINE_BYTES:,} is the limit."
        rejected.append(unreadable(line.number, why, line.content, line.length))
        return None
    text = _decode(line.content, encoding)
    if text is None:
        why = f"Not {encoding} text. Name the right encoding in the mapping (layout: encoding)."
        rejected.append(unreadable(line.number, why, line.content))
    return text


def _decode(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _frame(rows: list[list[str]], numbers: list[int], header: list[str]) -> pl.DataFrame:
    schema = dict.fromkeys(header, pl.String)
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.Series(LINE, numbers, dtype=pl.Int64))


def _ragged(found: int, wanted: int) -> str:
    return f"The row has {found} fields where the header has {wanted}."
