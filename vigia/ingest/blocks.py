"""Lines of a stream in large blocks, for what is read a block at a time.

Belongs here: handing out lines as bytes, without an object of ours for each. What a line means, and
which file it is of, is known elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vigia.ingest.delimited import BROKEN_OFF, MAX_LINE_BYTES, Line, LineSource, broken_end
from vigia.ingest.rows import ByteStream, unreadable

BLOCK_BYTES = 20 << 20
"""About 50,000 events."""
_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that follow each other.

    Attributes:
        first_line_no: Number of the first.
        lines: Their bytes, line ends aside; empty where one was put aside.
        unread: What was put aside: rows of `frames.REJECTED`.
    """

    first_line_no: int
    lines: list[bytes]
    unread: list[dict[str, object]]


class BlockSource(LineSource):
    """The same lines as a `LineSource`, a block at a time; use it only through `blocks`."""

    def __init__(self, stream: ByteStream, before: int = 0) -> None:
        """Read a stream.

        Args:
            stream: Where from.
            before: Lines that come before it.
        """
        super().__init__(stream)
        self._number = before
        self._rest, self._dropped = b"", 0
        self._size = min(_AT_ONCE, BLOCK_BYTES)

    @property
    def last_line_no(self) -> int:
        """Number of the last line so far."""
        return self._number

    def blocks(self) -> Iterator[Block]:
        """Blocks of about `BLOCK_BYTES`; the last one says if the stream breaks off."""
        block, size = Block(self._number + 1, [], []), 0
        while data := self._next_bytes():
            self._cut(block, data)
            size += len(data)
            if size >= BLOCK_BYTES and (block.lines or block.unread):
                yield block
                block, size = Block(self._number + 1, [], []), 0
        if self._rest and not self.broken_off:
            self._add(block, [self._rest])
        elif self._rest:
            self.fragment = self._make(self._rest, self._dropped)
        if self.broken_off:
            block.unread.append(broken_end(self))
        if block.lines or block.unread:
            yield block

    def _next_bytes(self) -> bytes:
        try:
            return self._stream.read1(self._size)
        except BROKEN_OFF as error:
            self.broken_off = str(error) or "the packed data end early"
            return b""

    def _cut(self, block: Block, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._add(block, whole)
        if len(self._rest) > MAX_LINE_BYTES:
            self._dropped += len(self._rest) - MAX_LINE_BYTES
            self._rest = self._rest[:MAX_LINE_BYTES]

    def _add(self, block: Block, lines: list[bytes]) -> None:
        if not lines:
            return
        if self._dropped or max(map(len, lines)) > MAX_LINE_BYTES:
            lines = [self._kept(block, line) for line in lines]
        else:
            self._number += len(lines)
        block.lines.extend(lines)

    def _kept(self, block: Block, content: bytes) -> bytes:
        line = self._make(content, self._dropped)
        self._dropped = 0
        if line.length <= MAX_LINE_BYTES:
            return line.content
        block.unread.append(too_long(line))
        return b""


def too_long(line: Line) -> dict[str, object]:
    """Describe a line that is longer than any line of an export."""
    why = f"The line is {line.length:,} bytes long; {MAX_LINE_BYTES:,} is the limit."
    return unreadable(line.number, why, line.content, line.length)
