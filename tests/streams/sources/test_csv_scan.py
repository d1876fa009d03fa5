"""The compiled walk against a slow reading of the same grammar."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.sources.files.compressed import Block
from streams.sources.files.csv_rows import Layout, csv_records, read_rows, split_record

LAYOUT = Layout(",", ("a", "b", "c"), header=False)
fields = st.text(st.sampled_from('a",\n ы\x00\t#'), max_size=6)
pieces = st.sampled_from(["a", "ы", ",", '"', '""', '",', ',"', "\n", '"\n', "\r\n", " ", "\x00", "a,b,c\n"])


TABS = Layout("\t", ("a", "b", "c"), header=False)


def read(content: bytes, layout: Layout = LAYOUT) -> list[tuple[str | None, ...]]:
    blocks = iter([Block(content, len(content))])
    return [
        row
        for records in csv_records(blocks, "x", layout)
        for row in read_rows(records, layout, "abc").rows()
    ]


@settings(deadline=None)
@given(rows=st.lists(st.tuples(fields, fields, fields), max_size=20), quoting=st.sampled_from([0, 1]))
def test_given_csv_of_another_writer_when_read_then_every_field_is_the_same(rows, quoting):
    out = io.StringIO()
    csv.writer(out, quoting=quoting).writerows(rows)
    assert read(out.getvalue().encode()) == [tuple(field or None for field in row) for row in rows]


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(content=st.lists(pieces, max_size=40).map("".join))
def test_given_any_broken_csv_when_read_then_both_readers_see_the_same_fields(content):
    blocks = iter([Block(content.encode(), 0)])
    for records in csv_records(blocks, "x", LAYOUT):
        expected = [split_record(records.raw(row).decode(), ",") for row in range(len(records))]
        assert all(len(row) >= 2 and not any(row[3:]) for row in expected)
        expected = [[*row, "", ""][:3] for row in expected]
        found = read_rows(records, LAYOUT, ["c", "a"]).rows()
        assert found == [(row[2] or None, row[0] or None) for row in expected]


@settings(deadline=None)
@given(row=st.tuples(fields, fields, fields))
def test_given_one_record_when_split_alone_then_it_is_as_a_csv_reader_has_it(row):
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row)
    assert tuple(split_record(out.getvalue(), ",")) == row


def test_given_columns_in_another_order_when_read_then_they_are_given_as_asked():
    blocks = iter([Block(b"1,2,3\n", 6)])
    (records, _) = csv_records(blocks, "x", LAYOUT)
    assert read_rows(records, LAYOUT, ["c", "a"]).to_dicts() == [{"c": "3", "a": "1"}]


def test_given_a_block_that_the_fast_reader_refuses_when_read_then_the_slow_one_takes_it(monkeypatch):
    def refuse(*_args: object, **_options: object) -> pl.DataFrame:
        raise pl.exceptions.ComputeError("no")

    monkeypatch.setattr(pl, "read_csv", refuse)
    assert read(b'1,"2,\n",3\n4,,6\n') == [("1", "2,\n", "3"), ("4", None, "6")]


def test_given_rows_without_their_last_fields_when_read_then_these_are_unknown():
    assert read(b'1,2\n3,"4\n5"\n6,7,8\n9,"x" y\n') == [
        ("1", "2", None),
        ("3", "4\n5", None),
        ("6", "7", "8"),
    ]


INSIDE = [
    'a,"he said "yes"\n8,8,8\nend",c\n',
    'a,"he said "yes", then\n8,8,8\nend",c\n',
    'a,b,c,d,"one\n8,8,8\ntwo"\n',
    'a,b,c,"d\n8,8,8\n"\n',
    '"a\n8,8,8\n"x,b,c\n',
]


@pytest.mark.parametrize("broken", INSIDE)
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_given_a_broken_record_of_many_lines_when_read_then_no_line_inside_it_is_a_row(broken, size):
    content = f"1,2,3\n{broken}4,5,6\n".encode()
    blocks = iter([Block(content[at : at + size], at) for at in range(0, len(content), size)])
    rows = []
    letters = []
    for records in csv_records(blocks, "x", LAYOUT):
        rows += read_rows(records, LAYOUT, "abc").rows()
        letters += records.dead_letters
    assert rows == [("1", "2", "3"), ("4", "5", "6")]
    assert len(letters) == 1


def test_given_a_stray_quote_when_read_then_it_costs_its_own_line_only():
    assert read(b'1,2,3\na,"b,c\n4,5,6\nd,"e",f\n') == [("1", "2", "3"), ("4", "5", "6"), ("d", "e", "f")]


@pytest.mark.parametrize("line", ['1\t"a" b\t3', '1\t"a\t3', '"1" x\t"a" y "z\t"3" "', '"1\t2\t"3" 4\r'])
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_given_a_line_with_tabs_that_is_faulty_when_quoted_when_read_then_its_quotes_are_text(line, size):
    content = f"4\t5\t6\n{line}\n7\t8\t9\n".encode()
    blocks = iter([Block(content[at : at + size], at) for at in range(0, len(content), size)])
    rows = [
        row for records in csv_records(blocks, "x", TABS) for row in read_rows(records, TABS, "abc").rows()
    ]
    assert rows == [("4", "5", "6"), tuple(line.removesuffix("\r").split("\t")), ("7", "8", "9")]


@settings(deadline=None)
@given(rows=st.lists(st.tuples(fields, fields, fields), max_size=20))
def test_given_quoted_cells_between_tabs_when_read_then_every_field_is_the_same(rows):
    out = io.StringIO()
    csv.writer(out, delimiter="\t", quoting=1).writerows(rows)
    assert read(out.getvalue().encode(), TABS) == [tuple(field or None for field in row) for row in rows]


@pytest.mark.parametrize("broken", INSIDE)
def test_given_a_broken_record_with_tabs_when_read_then_no_line_inside_it_is_a_row(broken):
    content = f"1,2,3\n{broken}4,5,6\n".replace(",", "\t").encode()
    assert read(content, TABS) == [("1", "2", "3"), ("4", "5", "6")]
