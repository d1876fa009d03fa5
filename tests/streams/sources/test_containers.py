"""Compressed, broken and foreign files, pipes and paths: a plain error, and all that could be read before it."""

import bz2
import gzip
import io
import lzma
import os
import sys
from types import SimpleNamespace

import pytest
import zstandard

from schemas.errors import FormatError, InputError
from streams.sources import expand_inputs, open_source
from tests.streams.sources.dumps import CSV_HEADER, line, lines, share

zstd = zstandard.ZstdCompressor(write_checksum=True).compress
both_ways = pytest.mark.parametrize(
    "compress", [gzip.compress, zstd, bz2.compress, lzma.compress], ids=["gzip", "zstd", "bzip2", "xz"]
)

FOREIGN = {
    "a 7z archive": b"7z\xbc\xaf\x27\x1c....",
    "an SQLite database": b"SQLite format 3\x00....",
    "an old spreadsheet": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....",
}


@both_ways
def test_given_compressed_input_when_read_then_its_bytes_show_the_compression(take, compress):
    taken = take(compress(lines(50).encode()))
    assert len(taken.rows) == 50
    assert taken.bytes_read == taken.size


@both_ways
def test_given_several_members_when_read_then_all_are(take, compress):
    data = b"".join(compress(line(number).encode()) for number in range(5))
    assert take(data).posts["post_id"].to_list() == [f"p{number}" for number in range(5)]


def test_given_gzip_padded_with_zeros_when_read_then_the_padding_means_nothing(take):
    assert len(take(gzip.compress(lines(3).encode()) + b"\x00" * 512).rows) == 3


@both_ways
def test_given_a_truncated_file_when_read_then_all_readable_comes_before_the_error(take, compress):
    data = compress(lines(20_000).encode())
    taken = take(data[: len(data) // 2], block_size=1 << 16)
    assert "end early" in str(taken.fault)
    assert f"{len(data) // 2:,} bytes" in str(taken.fault)
    assert 6_000 < len(taken.rows) < 12_000  # bzip2 gives whole blocks of 900 kB only
    assert [letter.detail for letter in taken.dead] in ([], ["the input ends inside this record"])


@pytest.mark.slow
@both_ways
def test_given_corrupted_data_when_read_then_all_readable_comes_before_the_error(take, compress):
    data = bytearray(compress(lines(20_000).encode()))
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    taken = take(bytes(data), block_size=1 << 16)
    assert "corrupted" in str(taken.fault)
    assert len(taken.rows) > 5_000


def test_given_a_truncated_csv_when_read_then_its_last_line_is_not_trusted(take):
    data = gzip.compress((CSV_HEADER + share(1) + share(2)).encode(), mtime=0)
    whole = CSV_HEADER + share(1) + "o,a,c2,14567"
    taken = take(gzip.compress(whole.encode())[:-8])
    assert take(data).fault is None
    assert taken.fault is not None
    assert (len(taken.rows), taken.reasons) == (1, ["malformed"])


@pytest.mark.parametrize("what", FOREIGN)
def test_given_another_container_when_opened_then_the_way_out_is_named(take, what):
    with pytest.raises(FormatError, match=what):
        take(FOREIGN[what])


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_given_an_empty_file_when_opened_then_the_error_says_that_it_is_empty(take, content):
    with pytest.raises(InputError, match="is empty"):
        take(content)


def test_given_a_header_only_when_read_then_there_are_no_posts_and_no_error(take):
    taken = take(CSV_HEADER)
    assert (len(taken.rows), taken.dead, taken.fault) == (0, [], None)


def test_given_a_directory_when_opened_then_its_files_are_asked_for(tmp_path):
    with pytest.raises(InputError, match=r"is a directory.*\*"):
        open_source(str(tmp_path))


def test_given_a_missing_file_when_opened_then_the_error_says_that_it_is_missing(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        open_source(str(tmp_path / "none"))


def test_given_a_file_that_may_not_be_read_when_opened_then_permissions_are_named(tmp_path, monkeypatch):
    path = tmp_path / "secret"
    path.write_text(line())

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # the superuser may read everything, so a mode will not do
    with pytest.raises(InputError, match="permissions"):
        open_source(str(path))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_given_wide_encodings_when_read_then_they_are_as_utf8(take, encoding):
    text = "".join(line(number, text="ä\n😀" * number) for number in range(300))
    for size in (1 << 10, 1 << 20):
        taken = take(text.encode(encoding), block_size=size)
        assert taken.posts["text"].to_list() == ["ä\n😀" * number for number in range(300)]
        assert not taken.dead


def test_given_an_encoding_when_read_then_its_letters_arrive(take):
    text = line(1, text="naïve café €")
    assert take(text.encode("cp1252"), encoding="cp1252").rows[0]["text"] == "naïve café €"
    (letter,) = take(text.encode("cp1252")).dead
    assert 'encoding = "cp1252"' in letter.detail


def test_given_lines_that_end_with_returns_when_read_then_they_are_lines(take):
    rows = "".join(share(number) for number in range(50))
    for size in (100, 1 << 20):
        taken = take((CSV_HEADER + rows).replace("\n", "\r"), block_size=size)
        assert taken.posts["post_id"].to_list() == [f"c{number}" for number in range(50)]


def test_given_a_pipe_when_read_then_nothing_is_lost_to_recognition(monkeypatch):
    data = gzip.compress(lines(5_000).encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data))))
    source = open_source("-")
    assert (source.name, source.size) == ("-", None)
    assert sum(len(batch.posts) for batch in source.batches()) == 5_000


def test_given_a_named_pipe_when_read_then_nothing_is_lost_to_recognition(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, line().encode() * 10)
    os.close(writing)
    source = open_source(f"/dev/fd/{reading}")
    assert source.size is None
    assert sum(len(batch.posts) for batch in source.batches()) == 10
    os.close(reading)


def test_given_patterns_when_expanded_then_files_are_sorted_and_given_once(tmp_path):
    for name in "cab":
        (tmp_path / f"{name}.csv").touch()
    (tmp_path / "odd[1].csv").touch()
    expected = [str(tmp_path / f"{name}.csv") for name in ("a", "b", "c")]
    assert expand_inputs([f"{tmp_path}/?.csv", expected[0], "-"]) == [*expected, "-"]
    assert expand_inputs([f"{tmp_path}/odd[1].csv"]) == [f"{tmp_path}/odd[1].csv"]
    for pattern in (f"{tmp_path}/*.gz", f"{tmp_path}/none.csv"):
        with pytest.raises(InputError, match="no"):
            expand_inputs([pattern])
