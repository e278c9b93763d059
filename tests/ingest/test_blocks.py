"""Lines by the block are the lines that are read one by one, whatever the stream holds."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigia.ingest import blocks, delimited
from vigia.ingest.blocks import BlockSource
from vigia.ingest.delimited import LineSource, broken_end

LIMIT = 40
PIECES = st.sampled_from([b"a", b"bc", b"\n", b"\r\n", b"x" * 15, b"y" * 90, "é".encode()])


@settings(deadline=None)
@given(st.lists(PIECES, max_size=40), st.integers(1, 60), st.booleans())
def test_blocks_hold_the_lines_of_the_stream_with_their_numbers(
    pieces: list[bytes], size: int, cut: bool
) -> None:
    content = b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "MAX_LINE_BYTES", LIMIT)
        patch.setattr(blocks, "MAX_LINE_BYTES", LIMIT)
        patch.setattr(blocks, "BLOCK_BYTES", size)
        singly = LineSource(stream(content, cut=cut))
        lines = list(iter(singly.line, None))
        source = BlockSource(stream(content, cut=cut))
        found = list(source.blocks())
    numbered = {
        block.first_line_no + place: line.removesuffix(b"\r")
        for block in found
        for place, line in enumerate(block.lines)
    }
    unread = [row["line_no"] for block in found for row in block.unread]
    long = [line.number for line in lines if line.length > LIMIT]
    assert numbered == {line.number: b"" if line.number in long else line.content for line in lines}
    assert unread == long + ([broken_end(singly)["line_no"]] if cut else [])
    assert all(len(block.lines) <= size + 1 for block in found)


def test_lines_are_counted_on_where_a_stream_goes_on_in_another_file() -> None:
    first = BlockSource(io.BufferedReader(io.BytesIO(b"a\nb")))
    assert [block.first_line_no for block in first.blocks()] == [1]
    second = BlockSource(io.BufferedReader(io.BytesIO(b"c\n")), first.last_line_no)
    assert [(block.first_line_no, block.lines) for block in second.blocks()] == [(3, [b"c"])]


def test_a_line_without_end_needs_no_more_memory_than_it_may_have_bytes() -> None:
    packed = io.BytesIO(gzip.compress(b"A" * 60_000_000))
    tracemalloc.start()
    [block] = BlockSource(gzip.GzipFile(fileobj=packed)).blocks()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000
    assert [row["raw_bytes"] for row in block.unread] == [60_000_000]


def stream(content: bytes, *, cut: bool) -> Any:
    """A stream of the content; one that breaks off right after it when `cut`."""
    packed = gzip.compress(content)
    return gzip.GzipFile(fileobj=io.BytesIO(packed[:-8] if cut else packed))
