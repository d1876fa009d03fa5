"""From an unknown file to posts: `lockstep inspect` on invented exports, and on known formats."""

import json
import random
import tomllib
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from streams.command.program import app
from tests.streams.sources.exports import jsonl, table

T = 1_672_531_200  # 2023-01-01T00:00:00Z
WORDS = "bakery team film garden library market council river festival harvest bridge road winter".split()


def world(seed=5):
    """Rows of 40 people and a group of 6 that posts 12 links within a minute of each other."""
    chance = random.Random(seed)  # noqa: S311 - an invented world
    rows = []
    for _ in range(400):
        who = f"user_{chance.randrange(40)}"
        link = f"https://news{chance.randrange(40)}.example/{chance.randrange(60)}"
        rows.append((T + chance.randrange(5 * 86_400), who, link if chance.random() < 0.5 else ""))
    for link in range(12):
        at = T + 3000 + chance.randrange(5 * 86_400)
        rows += [
            (at + chance.randrange(45), f"planted_{member}", f"https://campaign.example/{link}")
            for member in range(6)
        ]
    rows.sort()
    return [
        (number, when, who, link, " ".join(chance.choices(WORDS, k=9)))
        for number, (when, who, link) in enumerate(rows)
    ]


def iso(when):
    return datetime.fromtimestamp(when, UTC)


def forum_json():
    """A page of an invented API, pretty-printed, with objects inside objects."""
    items = [
        {
            "uuid": f"e{number}",
            "author": {"userId": who, "displayName": who.upper(), "stats": {"followers": 7}},
            "publishedAt": iso(when).isoformat(),
            "payload": {"body": text, "attachments": [{"type": "link", "href": link}] if link else []},
            "counters": {"likes": 1, "shares": 0},
        }
        for number, when, who, link, text in world()
    ]
    return json.dumps({"status": "ok", "page": 1, "results": items}, indent=2)


def scraper_csv():
    """A scraper's table: names in camel case, links in a Python list, times of a day-first form."""
    return table(
        *(
            {
                "": number,
                "postUrl": f"https://chat.example/p/{number}",
                "userName": who,
                "postedAt": f"{iso(when):%d/%m/%Y %H:%M:%S}",
                "postText": text,
                "outboundLinks": repr([link]) if link else "[]",
                "viewCount": 5,
            }
            for number, when, who, link, text in world()
        )
    )


def german_csv():
    """A spreadsheet's export with semicolons, German names, and no ids of posts."""
    return table(
        *(
            {
                "Nutzer": who,
                "Datum": f"{iso(when):%d.%m.%Y %H:%M:%S}",
                "Inhalt": f"{text} {link}".strip(),
                "Likes": "1",
            }
            for _, when, who, link, text in world()
        ),
        separator=";",
    )


def lines_json():
    """One object a line, with the numbers of a database and milliseconds."""
    return jsonl(
        *(
            {
                "pk": number,
                "uid": who,
                "ts": when * 1000,
                "msg": text,
                "links": [link] if link else [],
                "is_rt": False,
            }
            for number, when, who, link, text in world()
        )
    )


def nameless_csv():
    """Columns whose names say nothing: only their cells do."""
    return table(
        *(
            {"c1": who, "c2": when, "c3": text, "c4": link, "c5": "web"}
            for _, when, who, link, text in world()
        ),
        separator="\t",
    )


EXPORTS = [forum_json, scraper_csv, german_csv, lines_json, nameless_csv]


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.slow
@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.__name__)
def test_given_an_unknown_export_when_inspected_then_its_mapping_finds_the_network(tmp_path, export):
    path, mapping, alerts = tmp_path / "export", tmp_path / "mapping.toml", tmp_path / "alerts.jsonl"
    path.write_text(export(), "utf-8")
    seen = run("inspect", path, "--write", mapping)
    assert seen.exit_code == 0, seen.output
    assert "in no known format" in seen.output
    assert "All 472 posts: 46 accounts" in seen.output
    assert run("replay", path, "--config", mapping, "--alerts", alerts, "--no-progress").exit_code == 0
    last = [json.loads(line) for line in alerts.read_text().splitlines()][-1]
    members = {member["account_id"].partition(":")[2] for member in last["members"]}
    assert members == {f"planted_{member}" for member in range(6)}


def test_given_a_known_format_when_inspected_then_it_says_which_and_what_it_holds(tmp_path):
    path = tmp_path / "posts"
    post = {"post_id": "p", "platform": "X", "account_id": "a", "created_at": T}
    path.write_text(
        jsonl(
            *(
                post | {"post_id": f"p{row}", "urls": ["https://one.example/a"] if row else []}
                for row in range(4)
            )
        )
    )
    seen = run("inspect", path)
    assert seen.exit_code == 0
    assert "format jsonl, Lockstep's own posts" in seen.output
    assert "All 4 posts: 1 account on x, from 2023-01-01 00:00 to 2023-01-01 00:00 UTC." in seen.output
    assert "links 75%, texts 0%" in seen.output
    assert "nothing to look at for reposts, texts, hashtags" in seen.output
    assert "https://one.example/a" in seen.output


def test_given_rows_that_cannot_be_used_when_inspected_then_the_first_of_each_reason_is_shown(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text("object_id,account_id,content_id,timestamp_share\no,a,c,1456790400\no,a,c,soon\no,a\n")
    seen = run("inspect", path)
    assert seen.exit_code == 0
    assert "1 row cannot be used: time unreadable or implausible (record 2" in " ".join(seen.output.split())


def test_given_a_table_of_which_no_column_can_be_a_time_when_inspected_then_the_mapping_is_left_open(
    tmp_path,
):
    path = tmp_path / "colours.csv"
    path.write_text("colour,size\nred,1\nblue,2\nred,3\nred,4\n")
    seen = run("inspect", path)
    assert seen.exit_code == 1
    assert 'created_at = "..."   # required' in seen.output
    assert "Complete the mapping by hand" in seen.output


def test_given_hostile_names_and_cells_when_inspected_then_the_terminal_is_safe_and_the_mapping_valid(
    tmp_path,
):
    path, mapping = tmp_path / "posts.csv", tmp_path / "mapping.toml"
    header = '"user\x1b[2J","da""te","[bold]text","a\nb"\n'
    path.write_text(
        header + "".join(f"u{row % 3},2023-01-0{row + 1},a few words here,x\n" for row in range(6))
    )
    seen = run("inspect", path, "--write", mapping)
    assert "\x1b" not in seen.output
    columns = tomllib.loads(mapping.read_text())["source"]["columns"]
    assert columns["account_id"] == "user\x1b[2J"
    assert columns["created_at"] == 'da"te'
    assert run("inspect", path, "--config", mapping).exit_code == 0


def test_given_inputs_that_cannot_be_inspected_when_asked_then_the_fault_is_named(tmp_path):
    assert "no such file" in run("inspect", tmp_path / "none").stderr
    (tmp_path / "empty").write_text("")
    assert "is empty" in run("inspect", tmp_path / "empty").stderr
    (tmp_path / "text").write_text("hello\n")
    assert run("inspect", tmp_path / "text").exit_code == 1
    assert run("inspect", tmp_path / "text", "--format", "excel").exit_code == 2


def test_given_many_posts_when_inspected_then_only_the_beginning_is_read(tmp_path):
    path = tmp_path / "posts.csv"
    path.write_text(
        "object_id,account_id,content_id,timestamp_share\n"
        + "".join(f"o,a,c{row},1456790400\n" for row in range(250_000))
    )
    assert "The first " in run("inspect", path).output
