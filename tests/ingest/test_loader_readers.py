"""Reading files: every format and packing, in bounded memory, whatever the file holds."""

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from vigia.domain.errors import VigiaError
from vigia.ingest import delimited
from vigia.ingest.delimited import Layout
from vigia.ingest.readers import open_members, read_rows
from vigia.ingest.rows import FILE, LINE, MODIFIED

VIRTUAL = (LINE, FILE, MODIFIED)


def read(path: Path, layout: Layout | None = None) -> tuple[pl.DataFrame, list[dict[str, object]]]:
    frames: list[pl.DataFrame] = []
    rejected: list[dict[str, object]] = []
    with open_members(path) as members:
        for member in members:
            for chunk in read_rows(member, layout or Layout()):
                frames.append(chunk.rows)
                rejected += chunk.rejected
    return pl.concat(frames, how="diagonal"), rejected


def rows(path: Path, layout: Layout | None = None) -> list[tuple[object, ...]]:
    frame, rejected = read(path, layout)
    assert rejected == []
    return frame.drop(VIRTUAL).rows()


def zstd(content: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(content, asbytes=True)
    return packed


def put(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "x,y\n1,2\n3,4\n"),
        ("a.csv", "\ufeffx,y\r\n1,2\r\n\r\n3,4"),
        ("a.csv", "x;y\n1;2\n3;4\n"),
        ("a.tsv", "x\ty\n1\t2\n3\t4\n"),
        ("a.csv", '"x","y"\n"1",2\n3,"4"\n'),
        ("a.ndjson", '{"x": 1, "y": "2"}\n\n{"y": 4, "x": "3"}\n'),
    ],
)
def test_the_same_rows_are_read_however_they_are_written(
    tmp_path: Path, name: str, text: str
) -> None:
    assert rows(put(tmp_path / name, text)) == [("1", "2"), ("3", "4")]


def test_packed_files_are_read_without_unpacking_them(tmp_path: Path) -> None:
    text = b"x,y\n1,2\n"
    assert rows(put(tmp_path / "a.csv.gz", gzip.compress(text))) == [("1", "2")]
    assert rows(put(tmp_path / "a.csv.zst", zstd(text))) == [("1", "2")]
    assert rows(put(tmp_path / "two frames.csv.zst", zstd(text) + zstd(text))) == [
        ("1", "2"), ("x", "y"), ("1", "2"),
    ]  # fmt: skip
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/a.csv", text)
        archive.writestr("__MACOSX/folder/._a.csv", b"\x00\x05\x16\x07")
        archive.writestr(".hidden.csv", b"junk")
        archive.writestr("readme.md", b"junk")
        archive.writestr("b.csv", b"x,y\n3,4\n")
    frame, rejected = read(tmp_path / "a.zip")
    assert frame.select("x", FILE).rows() == [("1", "a"), ("3", "b")]
    assert rejected == []


def test_parquet_is_read_as_text_that_keeps_every_value(tmp_path: Path) -> None:
    pl.DataFrame(
        {
            "n": [1.5, None],
            "flag": [True, False],
            "at": pl.Series([datetime(2020, 1, 1, 12, tzinfo=UTC)] * 2).dt.convert_time_zone(
                "Europe/Madrid"
            ),
            "many": [[1, 2], []],
        }
    ).write_parquet(tmp_path / "a.parquet")
    assert rows(tmp_path / "a.parquet") == [
        ("1.5", "true", "2020-01-01T12:00:00Z", "[1,2]"),
        (None, "false", "2020-01-01T12:00:00Z", "[]"),
    ]


def test_gpx_points_are_read_with_their_track(tmp_path: Path) -> None:
    put(
        tmp_path / "walk.gpx",
        """<gpx xmlns="http://www.topografix.com/GPX/1/1"><metadata><name>file</name></metadata>
        <trk><name>dawn</name><trkseg>
          <trkpt lat="1.5" lon="2.5"><ele>7</ele><time>2020-01-01T00:00:00Z</time></trkpt>
          <trkpt lat="1.6" lon="2.6"><time>2020-01-01T00:00:05Z</time></trkpt>
        </trkseg></trk></gpx>""",
    )
    frame, _ = read(tmp_path / "walk.gpx")
    assert frame.select("lat", "lon", "ele", "time", "track", LINE, FILE).rows() == [
        ("1.5", "2.5", "7", "2020-01-01T00:00:00Z", "dawn", 1, "walk"),
        ("1.6", "2.6", None, "2020-01-01T00:00:05Z", "dawn", 2, "walk"),
    ]


def test_a_gpx_with_exploding_entities_is_refused(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE gpx [<!ENTITY e0 "{"x" * 1000}">{levels}]><gpx><name>&e9;</name></gpx>'
    with pytest.raises(VigiaError, match="not readable as GPX"):
        read(put(tmp_path / "bomb.gpx", bomb))


def test_quoted_fields_may_hold_delimiters_quotes_and_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 8)
    text = 'x,y\n1,"a,b"\n2,"say ""hi"""\n3,"two\nlines"\n4,plain\n'
    frame, rejected = read(put(tmp_path / "a.csv", text))
    assert rejected == []
    assert frame.select("x", "y").rows() == [
        ("1", "a,b"), ("2", 'say "hi"'), ("3", "two\nlines"), ("4", "plain"),
    ]  # fmt: skip
    assert frame[LINE].to_list() == [2, 3, 4, 6]


@pytest.mark.parametrize("quote", ["", '"'])
def test_ragged_rows_are_put_aside_with_their_line(tmp_path: Path, quote: str) -> None:
    text = f"x,y\n1,2\n{quote}lone{quote}\n3,4\n5,6,7\n8,9\n"
    frame, rejected = read(put(tmp_path / "a.csv", text))
    assert frame["x"].to_list() == ["1", "3", "8"]
    assert [(r["line_no"], r["reason_code"]) for r in rejected] == [
        (3, "malformed"),
        (5, "malformed"),
    ]
    assert rejected[1]["reason"] == "The row has 3 fields where the header has 2."
    assert rejected[1]["raw"] == "5,6,7"


def test_bytes_that_are_no_text_are_put_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    frame, rejected = read(put(tmp_path / "a.csv", b"x,y\n1,2\n\xff\xfe,3\n4,5\n"))
    assert frame["x"].to_list() == ["1", "4"]
    assert "Not utf-8 text" in str(rejected[0]["reason"])


def test_another_encoding_is_read_when_the_layout_says_so(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "x,y\nCañón,2\n".encode("cp1252"))
    assert rows(path, Layout(encoding="cp1252")) == [("Cañón", "2")]


def test_a_cell_of_ten_megabytes_is_put_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", b"x,y\n1,2\n3," + b"A" * 10_000_000 + b"\n4,5\n")
    frame, rejected = read(path)
    assert frame["x"].to_list() == ["1", "4"]
    [row] = rejected
    assert (row["line_no"], row["reason_code"], row["raw_bytes"]) == (3, "too_large", 10_000_002)
    assert len(str(row["raw"])) == 64 * 1024


def test_a_line_without_end_needs_no_more_memory_than_a_block(tmp_path: Path) -> None:
    content = b"x,y\n" + b"A" * 60_000_000
    stream = gzip.GzipFile(put(tmp_path / "a.csv.gz", gzip.compress(content)))
    tracemalloc.start()
    list(delimited.read_delimited(stream, Layout(), "a.csv"))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16_000_000


def test_an_unclosed_quote_costs_one_field_and_not_the_file(tmp_path: Path) -> None:
    text = 'x,y\n1,"open\n' + "2,3\n" * 60_000
    frame, rejected = read(put(tmp_path / "a.csv", text))
    assert rejected[0]["line_no"] == 2
    assert frame.height > 25_000


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.999])
@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("zst", zstd)])
def test_a_packed_file_that_breaks_off_gives_all_whole_rows_before_the_break(
    tmp_path: Path, cut: float, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    lines = [f"{n},{n * n % 7919}" for n in range(150_000)]
    packed = pack("\n".join(["x,y", *lines]).encode())
    frame, rejected = read(put(tmp_path / f"a.csv.{ending}", packed[: int(len(packed) * cut)]))
    assert (
        frame.select(pl.concat_str("x", "y", separator=",")).to_series().to_list()
        == (lines[: frame.height])
    )
    assert 0.2 * cut < frame.height / len(lines) <= 1
    assert "breaks off" in str(rejected[-1]["reason"])


def test_a_damaged_zip_member_gives_what_came_before_the_damage(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "x,y\n" + "".join(f"{n},{n * n % 7919}\n" for n in range(90_000)))
    content = bytearray(buffer.getvalue())
    middle = len(content) * 3 // 4
    content[middle : middle + 64] = b"\xff" * 64
    frame, rejected = read(put(tmp_path / "a.zip", bytes(content)))
    assert frame.height > 1000
    assert "breaks off" in str(rejected[-1]["reason"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\n\n", "is empty"),
        ("a.ndjson", b"", "is empty"),
        ("a.csv", b"\x7fELF\x02\x01\x01\x00\x00\x00\n\x00", "does not look like utf-8 text"),
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00", "does not look like utf-8 text"),
        ("a.csv", b"x,x\n1,2\n", "more than one column named 'x'"),
        ("a.csv.gz", b"not gzip at all", "breaks off at its beginning"),
        ("a.csv.zst", b"not zstd at all", "breaks off at its beginning"),
        ("a.parquet.zst", b"", "Parquet is packed already"),
        ("a.zip", b"PK\x03\x04 cut off", "not a whole zip archive"),
        ("a.parquet", b"PAR1 cut off", "not a whole Parquet file"),
        ("a.gpx", b"<gpx><trk>", "not readable as GPX"),
        ("a.gpx", b"<gpx></gpx>", "holds no positions"),
        ("a.docx", b"whatever", "an ending that is not known"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(VigiaError, match=said):
        read(put(tmp_path / name, content))


def test_folders_missing_files_and_empty_archives_are_explained(tmp_path: Path) -> None:
    with pytest.raises(VigiaError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(VigiaError, match="There is no file"):
        read(tmp_path / "gone.csv")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("notes.md", b"x")
    with pytest.raises(VigiaError, match=r"holds no file that can be read; it holds notes\.md"):
        read(tmp_path / "a.zip")
