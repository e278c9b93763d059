"""Ids and content hashes of whole columns, equal to what `vigia.domain.identity` gives one by one.

Ids travel as 16 bytes in Binary columns.
"""

from __future__ import annotations

from hashlib import blake2b, sha256
from uuid import UUID

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from vigia.domain.identity import reference_id

Words = npt.NDArray[np.uint64]


def dictionary(series: pl.Series) -> tuple[npt.NDArray[np.int64], list[object]]:
    """Encode a column as positions in its distinct values; a null is position -1.

    >>> positions, values = dictionary(pl.Series(["a", None, "a"]))
    >>> positions.tolist(), values
    ([0, -1, 0], ['a'])
    """
    array = series.to_arrow()
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    encoded = array.dictionary_encode()
    # Not by pyarrow's own fill_null or to_numpy: either imports pandas, a second of every start.
    positions = pl.Series(pl.from_arrow(encoded.indices)).fill_null(-1).to_numpy()
    return positions.astype(np.int64), encoded.dictionary.to_pylist()


def event_ids(tenant_id: UUID, sources: pl.Series, ids: pl.Series) -> pl.Series:
    """The id of each event (`identity.event_id`), null where source or id is."""
    positions, names = dictionary(sources)
    prefixes = [_prefix("event", tenant_id.hex, str(name)) for name in names]
    digests = bytearray()
    missing = np.zeros(len(ids), dtype=bool)
    for row, (position, text) in enumerate(zip(positions.tolist(), ids.to_list(), strict=True)):
        if position < 0 or text is None:
            missing[row] = True
            digests += bytes(32)
            continue
        digest = prefixes[position].copy()
        raw = text.encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
        digests += digest.digest()
    words = np.frombuffer(digests, dtype=np.uint8).reshape(-1, 32)[:, :16].copy()
    # RFC 9562, section 5.8: version 8 and the variant.
    words[:, 6] = (words[:, 6] & 0x0F) | 0x80
    words[:, 8] = (words[:, 8] & 0x3F) | 0x80
    return fixed_binary(words, missing)


def fixed_binary(rows: npt.NDArray[np.uint8], missing: npt.NDArray[np.bool_]) -> pl.Series:
    """A Binary column of a matrix of bytes, one row each; null where `missing`."""
    width = rows.shape[1] if rows.ndim == 2 else 16
    buffer = pa.py_buffer(np.ascontiguousarray(rows).tobytes())
    mask = None
    if missing.any():
        mask = pa.py_buffer(np.packbits(~missing, bitorder="little").tobytes())
    array = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(missing), [mask, buffer])
    return pl.Series(pl.from_arrow(array.cast(pa.large_binary())))


def uuid_texts(ids: pl.Series) -> pl.Series:
    """Ids of 16 bytes in their usual spelling.

    >>> uuid_texts(pl.Series([UUID(int=5).bytes])).item() == str(UUID(int=5))
    True
    """
    return ids.bin.encode("hex").str.replace("^(.{8})(.{4})(.{4})(.{4})(.{12})$", "$1-$2-$3-$4-$5")


def reference_bytes(tenant_id: UUID, table: str, text: str) -> bytes:
    """The id that a text names: a UUID names itself, anything else is a code.

    >>> reference_bytes(UUID(int=1), "site", str(UUID(int=2))) == UUID(int=2).bytes
    True
    """
    return as_uuid(text) or reference_id(tenant_id, table, text).bytes


def as_uuid(text: str) -> bytes | None:
    """The bytes of a text that is a UUID in its usual form, else None."""
    if len(text) != 36 or text[8] != "-" or text[23] != "-":
        return None
    try:
        return UUID(text).bytes
    except ValueError:
        return None


def body_hashes(frame: pl.DataFrame) -> pl.Series:
    """A 64-bit hash of each row's content, the same on every machine and library version.

    The order of columns and columns that hold null do not matter, so a column that the
    dictionary gains later leaves the hashes of old events alone.
    """
    total: Words = np.zeros(frame.height, dtype=np.uint64)
    for series in frame:
        seed = np.uint64(_short_hash(series.name.encode()))
        mixed = _mix(_bits(series) ^ seed)
        if series.null_count():
            mixed[series.is_null().to_numpy()] = 0
        total += mixed
    return pl.Series("body_hash", _mix(total).view(np.int64))


def _prefix(*parts: str) -> sha256:  # type: ignore[valid-type]
    digest = sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return digest


def _short_hash(raw: bytes) -> int:
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big")


def _bits(series: pl.Series) -> Words:
    if series.dtype in (pl.String, pl.Binary):
        positions, values = dictionary(series)
        hashes = [_short_hash(v.encode() if isinstance(v, str) else bytes(v)) for v in values]  # type: ignore[call-overload]
        return np.array([*hashes, 0], dtype=np.uint64)[positions]
    if series.dtype.is_float():
        wide = series.cast(pl.Float64).fill_null(0.0).to_numpy()
        bits: Words = (wide + 0.0).view(np.uint64)  # -0.0 and 0.0 are the same value
        return bits
    numbers = series.to_physical().cast(pl.Int64).fill_null(0).to_numpy()
    return np.ascontiguousarray(numbers).view(np.uint64)


def _mix(words: Words) -> Words:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195)."""
    words = words.copy()
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words
