"""Zip archives, Parquet files and spreadsheets."""

import datetime
import gzip
import io
import sys
import tracemalloc
import zipfile
from types import SimpleNamespace

import polars as pl
import pytest

from schemas.errors import FormatError, InputError
from streams.sources import open_source
from tests.streams.sources.dumps import CSV_HEADER, line, lines, share
from tests.streams.sources.exports import known

T = 1_456_790_400  # 2016-03-01T00:00:00Z


def archive(files, compression=zipfile.ZIP_DEFLATED):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return written.getvalue()


def parquet(frame):
    written = io.BytesIO()
    frame.write_parquet(written)
    return written.getvalue()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_given_posts_in_a_zip_when_read_then_they_are_read_in_a_stream(take, compression):
    taken = take(archive({"export/posts.jsonl": lines(5_000)}, compression), block_size=1 << 16)
    assert (taken.format, len(taken.rows), taken.dead, taken.fault) == ("jsonl", 5_000, [], None)
    assert 0 < taken.bytes_read <= taken.size


def test_given_parts_of_an_export_in_a_zip_when_read_then_all_are_read_once(take):
    junk = {
        "__MACOSX/._a.csv": "x",
        "notes/readme.txt": "read me",
        "img/1.jpg": b"\xff\xd8",
        ".hidden.csv": "y",
    }
    tables = {f"part{number}.csv": CSV_HEADER + share(number) for number in range(3)}
    taken = take(archive(junk | tables))
    assert (taken.posts["post_id"].to_list(), taken.dead) == (["c0", "c1", "c2"], [])
    objects = {f"part{number}.jsonl": line(number).strip() for number in range(3)}
    assert take(archive(junk | objects)).posts["post_id"].to_list() == ["p0", "p1", "p2"]
    zipped = {f"part{number}.jsonl.gz": gzip.compress(line(number).encode()) for number in range(3)}
    assert take(archive(zipped)).posts["post_id"].to_list() == ["p0", "p1", "p2"]


def test_given_files_of_several_kinds_in_a_zip_when_opened_then_they_are_named(take):
    with pytest.raises(FormatError, match=r"several files.*different kinds: a.csv, b.jsonl.*unzip -p"):
        take(archive({"a.csv": CSV_HEADER, "b.jsonl": line()}))
    with pytest.raises(FormatError, match=r"their columns differ: a\.csv, b\.csv"):
        take(archive({"a.csv": CSV_HEADER + share(1), "b.csv": "other,columns\n1,2\n"}))
    with pytest.raises(FormatError, match="without files"):
        take(archive({}))


def test_given_a_broken_zip_when_read_then_what_came_before_is_used(take):
    data = bytearray(archive({"a.jsonl": lines(20_000)}))
    with pytest.raises(InputError, match="corrupted or incomplete"):
        take(bytes(data[: len(data) // 2]))
    data[len(data) // 2 : len(data) // 2 + 64] = bytes(64)
    taken = take(bytes(data), block_size=1 << 16)
    assert "is corrupted" in str(taken.fault)
    assert 1_000 < len(taken.rows) < 20_000


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "content.xml"])
def test_given_a_spreadsheet_when_opened_then_the_command_that_converts_it_is_named(take, part):
    with pytest.raises(FormatError, match=r"spreadsheet.*soffice --headless --convert-to csv.*15 digits"):
        take(archive({"[Content_Types].xml": "<x/>", part: "<x/>"}))


def test_given_an_archive_in_a_pipe_when_opened_then_the_file_is_asked_for(monkeypatch):
    for content, words in (
        (archive({"a.jsonl": line()}), "unzip -p"),
        (parquet(pl.DataFrame({"a": [1]})), "Parquet"),
    ):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(content))))
        with pytest.raises(FormatError, match=words):
            open_source("-")


@pytest.mark.slow
def test_given_a_zip_that_unpacks_to_much_when_read_then_memory_is_bounded(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped, zipped.open("a.jsonl", "w") as file:
        file.write(line(1).encode() + b'{"text":"')
        for _ in range(32):
            file.write(b"x" * (4 << 20))
    source = open_source(str(path), block_size=1 << 20)
    tracemalloc.start()
    posts = sum(len(batch.posts) for batch in source.batches())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert posts == 1
    assert peak < 24 << 20


def test_given_parquet_with_lists_and_times_when_read_then_the_posts_are_canonical(take):
    frame = pl.DataFrame(
        {
            "post_id": [9007199254740993, 2],
            "platform": pl.Series(["x", "x"], dtype=pl.Categorical),
            "account_id": ["a", "b"],
            "created_at": [datetime.datetime(2016, 3, 1, tzinfo=datetime.UTC)] * 2,
            "text": ["one\nline", None],
            "urls": [["https://one.example/a"], []],
        }
    )
    taken = take(parquet(frame))
    assert (taken.format, taken.dead) == ("jsonl", [])
    assert known(taken.rows[0]) == {
        "post_id": "9007199254740993", "platform": "x", "account_id": "a", "created_at": T, "text": "one\nline",
        "urls": ["https://one.example/a"],
    }  # fmt: skip
    assert taken.bytes_read == taken.size


def test_given_parquet_of_a_flat_table_when_read_then_its_columns_show_the_format(take):
    frame = pl.DataFrame(
        {
            "object_id": ["o,1", "o2"],
            "account_id": [1, 2],
            "content_id": ["c1", "c2"],
            "timestamp_share": [T, T],
        }
    )
    taken = take(parquet(pl.concat([frame] * 30_000)))
    assert (taken.format, len(taken.rows), taken.dead) == ("coortweet", 60_000, [])
    assert (taken.rows[0]["part"], taken.rows[0]["account_id"]) == ("o,1", "1")


def test_given_broken_parquet_when_opened_then_it_is_an_error(take):
    data = parquet(pl.DataFrame({"a": range(1000)}))
    with pytest.raises(InputError, match="Parquet file cannot be read"):
        take(data[: len(data) // 2])
