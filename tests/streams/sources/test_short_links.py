"""Shortened links: objects of their own, unless a file says where they lead."""

import json
from pathlib import Path

import polars as pl
import pytest

from schemas.errors import InputError
from streams.live.exchange.decoding import decode_batch
from streams.sources.short_links import read_short_links
from tests.streams.conftest import Lockstep
from tests.streams.live.detection.log_worlds import lines
from tests.streams.live.partitions import Batch, Message
from tests.streams.small_world import TOGETHER, small_world, write_jsonl

PAGE = "https://site.example/a?b=1"


def resolved(content: str | bytes, folder: Path, *links: str) -> list[str]:
    path = folder / "short"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = read_short_links(str(path))
    assert found is not None
    posts = pl.DataFrame({"urls": [list(links), None, []]}, schema={"urls": pl.List(pl.String)})
    rows = found.posts(posts)["urls"].to_list()
    assert rows[1:] == [None, []]
    return list(rows[0])


@pytest.mark.parametrize(
    "content",
    [
        f"short,target\nhttps://bit.ly/AbC,{PAGE}\n",
        f"\ufeffnote;Target;Short\r\nx;{PAGE};http://www.bit.ly/AbC/\r\n",
        f'{{"short": "https://bit.ly/AbC", "target": "{PAGE}", "seen": 1}}\n\n',
        f'short,target\n"https://bit.ly/AbC","https://t.example/1"\nhttps://t.example/1,{PAGE}\n',
    ],
)
def test_given_a_file_then_links_that_it_has_become_their_pages(content: str, tmp_path: Path) -> None:
    written = (
        "https://bit.ly/AbC",
        "http://BIT.ly/AbC/",
        "bit.ly/AbC",
        "https://bit.ly/abc",
        "https://o.example/",
    )
    assert resolved(content, tmp_path, *written) == [PAGE, PAGE, PAGE, *written[3:]]


def test_given_links_that_lead_in_a_circle_then_reading_ends(tmp_path: Path) -> None:
    circle = (
        "short,target\nhttps://a.example/1,https://b.example/1\nhttps://b.example/1,https://a.example/1\n"
    )
    assert resolved(circle, tmp_path, "https://o.example/") == ["https://o.example/"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "line 1 of .*: the first line has no columns short and target"),
        (
            "short,target\nhttps://a.example,\n",
            "line 2 of .*: target is '', which is no link that begins with http",
        ),
        ("short,target\nhttps://a.example\n", "line 2 of .*: it has 1 cells"),
        (
            "short,target\nhttps://a.example/1,http://b\nhttps://a.example/1,http://c\n",
            "line 3 of .*leads elsewhere",
        ),
        ('short,target\n"https://a.example/1,http://b\n', "line 2 of .*: unexpected end of data"),
        (
            '{"short": "https://a.example/1"}\n',
            "line 1 of .*: it is no object with the texts short and target",
        ),
        ("", "names no link"),
        (b"short,target\n\xff,b", "is not UTF-8 .byte 13."),
    ],
)
def test_given_a_file_that_cannot_be_used_then_the_line_and_the_reason_are_said(
    content: str | bytes, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        resolved(content, tmp_path, PAGE)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_short_links(str(tmp_path / "absent"))


def test_given_a_group_that_shortens_each_link_anew_then_the_file_shows_it_in_replay_and_live(
    lockstep: Lockstep,
) -> None:
    world = small_world()
    pages = {}
    for number, row in enumerate(world):
        if row["account_id"] in TOGETHER:
            pages[f"https://bit.ly/{number}"] = row["urls"][0]
            row["urls"] = [f"https://bit.ly/{number}"]
    posts = write_jsonl(Path("posts.jsonl"), world)
    Path("short.jsonl").write_text(
        "".join(json.dumps({"short": short, "target": page}) + "\n" for short, page in pages.items())
    )
    Path("c.toml").write_text('[input]\nshort_links = "short.jsonl"\n')

    done = [lockstep("replay", posts, *more, "--alerts", "-").stdout for more in ((), ("--config", "c.toml"))]

    assert (done[0], bool(done[1])) == (b"", True)
    batch = Batch("posts.v1")
    batch.add(0, 0, [Message(at, 2**41, b"k", value) for at, value in enumerate(lines(posts)[:400])])
    frame, _ = decode_batch(batch, 300, links=read_short_links("short.jsonl"))
    assert {url for row in frame.rows["urls"].to_list() for url in row} & set(pages.values())
    assert not frame.rows.filter(pl.col("urls").list.join("").str.contains("bit.ly")).height
