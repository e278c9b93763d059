"""Texts that name things, made for whole columns: codes of 12 letters and hexadecimal hashes.

A code that only planned things could have would tell of the plan. So what may be planned is
numbered in a secret order (`shuffled`): its number says neither where it comes from nor how many
there were before it.

Letters are laid out in numpy and handed to Polars as they lie: a few nanoseconds a code, where
formatting takes microseconds.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from vigia.simulator.draws import Ints, Parts, Stream

Letters = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]

_TAIL: Words = np.frombuffer(b"".join(b"-%03d" % n for n in range(1000)), dtype=np.uint32)
"""The last four letters of a code, by number."""
_PAIRS = np.frombuffer(b"".join(b"%02x" % n for n in range(256)), dtype=np.uint16)
"""Both hexadecimal digits of each byte."""
_THREE: Words = np.frombuffer(b"".join(b"?%03d" % n for n in range(1000)), dtype=np.uint32)
_FOUR: Words = np.frombuffer(b"".join(b"%04d" % n for n in range(10_000)), dtype=np.uint32)
"""The first four letters of a code, the first of them to be replaced, and the next four."""
_HALF = 100_000
_TURNS = 4
HASH_WORDS = 4
HEAD = 8


def heads(prefix: str, number: Ints) -> Words:
    """The first eight letters of codes: a letter and seven digits, as two words a row."""
    raw = b"".join(b"%b%07d" % (prefix.encode(), n) for n in number.tolist())
    return np.frombuffer(raw, dtype=np.uint32).reshape(-1, 2)


def lettered(head: Words, letter: str) -> Words:
    """The same heads with another letter."""
    changed = head.copy()
    changed.view(np.uint8).reshape(-1, HEAD)[:, 0] = ord(letter)
    return changed


def numbered(head: Words, number: Ints) -> pl.Series:
    """Codes of twelve letters from their heads and a number from 0 to 999 each.

    >>> numbered(heads("R", np.array([12345])), np.array([2])).to_list()
    ['R0012345-002']
    """
    words = np.empty((len(number), 3), dtype=np.uint32)
    words[:, :2] = head
    words[:, 2] = _TAIL[number]
    return _texts(words.view(np.uint8))


def shuffled(stream: Stream, head: Ints, number: Ints) -> Ints:
    """Whole numbers of ten digits in place of heads below 10^7 and numbers below 1,000.

    Every pair has one of its own: four rounds of a network of H. Feistel, with draws as rounds.

    >>> pairs = np.arange(5000), np.arange(5000) % 7
    >>> len(set(shuffled(Stream(1, "x"), *pairs).tolist()))
    5000
    """
    left, right = np.divmod(head * 1000 + number, _HALF)
    for turn in range(_TURNS):
        drawn = (stream.bits(turn, right) >> np.uint64(33)).astype(np.int64)
        left, right = right, (left + drawn) % _HALF
    whole: Ints = left * _HALF + right
    return whole


def spelled(letter: str, whole: Ints) -> pl.Series:
    """Codes of twelve letters from whole numbers of ten digits.

    >>> spelled("T", np.array([12345678])).to_list()
    ['T0012345-678']
    """
    head, tail = np.divmod(whole, 1000)
    words = np.empty((len(whole), 3), dtype=np.uint32)
    words[:, 0] = _THREE[head // 10_000]
    words[:, 1] = _FOUR[head % 10_000]
    words[:, 2] = _TAIL[tail]
    letters = words.view(np.uint8)
    letters[:, 0] = ord(letter)
    return _texts(letters)


def hashes(stream: Stream, *parts: Parts) -> pl.Series:
    """Keyed hashes as 64 hexadecimal digits; equal names, equal hash.

    >>> hashes(Stream(1, "visitor"), np.arange(2)).str.len_bytes().to_list()
    [64, 64]
    """
    words = [stream.bits(*parts, word) for word in range(HASH_WORDS)]
    rows = np.stack([w.astype(">u8") for w in words], axis=-1).view(np.uint8)
    return _texts(_PAIRS[rows].view(np.uint8))


def _texts(letters: Letters) -> pl.Series:
    """A column of texts of equal length from a matrix of letters, one text a row."""
    rows, width = letters.shape
    offsets = np.arange(rows + 1, dtype=np.int64) * width
    buffers = pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters))
    return pl.Series(pl.from_arrow(pa.LargeStringArray.from_buffers(rows, *buffers)))
