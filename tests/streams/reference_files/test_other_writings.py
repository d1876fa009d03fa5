"""Reference files as spreadsheets and other programs write them are the same."""

import codecs
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import InputError
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.erased_accounts import read_erased
from streams.reference_files.follow_events import read_follows
from streams.reference_files.profiles import read_profiles
from streams.reference_files.registry_file import read_registry
from streams.reference_files.reviews_file import read_reviews
from streams.reference_files.suppressions import read_suppressions
from streams.settings.settings import InputSettings

Rows = list[dict[str, Any]]
FOLLOWS: Rows = [
    {"platform": "x", "follower_id": f"{one}", "followee_id": "9", "action": "follow", "at": "2023-02-14T08:30:00Z"}
    for one in range(3)
]  # fmt: skip
PROFILES: Rows = [
    {"platform": "x", "account_id": f"{one}", "handle": f"é{one}", "observed_at": "2023-02-14T08:30:00Z"}
    for one in range(3)
]
ENTITIES: Rows = [
    {"entity_id": f"e{one}", "name": f"Agencia {one} é", "kind": "state_media"} for one in range(3)
]
RULES: Rows = [
    {"rule_id": f"r{one}", "kind": "allow", "account_ids": [f"x:{one}"], "reason": "la biblioteca del señor"}
    for one in range(3)
]
EVENTS: Rows = [
    {
        "event_id": f"e{one}", "alert_id": "alert-0123456789abcdef", "alert_revision": 1, "network_id": "net-1",
        "actor": "reviewer", "role": "reviewer", "at": "2023-02-14T08:30:00Z", "kind": "comment", "reason": "señal",
    }
    for one in range(3)
]  # fmt: skip
JSON: dict[str, Callable[[Rows], bytes]] = {
    "an array on one line": lambda rows: json.dumps(rows).encode(),
    "an array over many lines": lambda rows: json.dumps(rows, indent=2).encode(),
    "UTF-16": lambda rows: lines_of(rows).encode("utf-16"),
    "UTF-8 with a mark": lambda rows: codecs.BOM_UTF8 + lines_of(rows).encode(),
}


def lines_of(rows: Rows) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def csv_of(rows: Rows, separator: str = ";") -> str:
    lines = [rows[0].keys(), *(row.values() for row in rows)]
    return f"sep={separator}\r\n" + "".join(separator.join(line) + "\r\n" for line in lines)


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def log() -> DeadLetterLog:
    return DeadLetterLog(None, InputSettings())


@pytest.mark.parametrize("way", JSON)
def test_json_in_any_writing(tmp_path: Path, way: str) -> None:
    letters = log()
    follows = read_follows(written(tmp_path / "follows", JSON[way](FOLLOWS)), letters)
    plain = read_follows(written(tmp_path / "plain", lines_of(FOLLOWS).encode()), letters)
    profiles = read_profiles(written(tmp_path / "profiles", JSON[way](PROFILES)), letters)
    registry = read_registry(written(tmp_path / "registry", JSON[way](ENTITIES)))
    rules = read_suppressions(written(tmp_path / "rules", JSON[way](RULES)))
    events = read_reviews(written(tmp_path / "reviews", JSON[way](EVENTS)))

    assert follows.at.tolist() == plain.at.tolist()
    assert follows.follower.tolist() == plain.follower.tolist()
    assert profiles["handle"].to_list() == ["é0", "é1", "é2"]
    assert [entity.name for entity in registry.entities] == [row["name"] for row in ENTITIES]
    assert [(rule.rule_id, rule.reason) for rule in rules] == [
        (row["rule_id"], row["reason"]) for row in RULES
    ]
    assert [event.reason for event in events] == [row["reason"] for row in EVENTS]
    assert letters.total == 0


@pytest.mark.parametrize("read", [read_suppressions, read_reviews])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'[{"rule_id": "r1"}, 2]', "element 1: "),
        (b'[{"rule_id": "r1"}', "line 1: |element 1: "),
        (b'\n\n{"rule_id": 1}', "line 3: "),
        (b"\xff{}", "byte 1 is not UTF-8"),
    ],
)
def test_given_something_else_then_the_fault_names_its_place(
    tmp_path: Path, read: Callable[[str], object], data: bytes, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read(written(tmp_path / "file", data))


def test_erased_accounts_in_any_writing(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        path = written(tmp_path / "erased", "# señal\r\nx:1\r\nx:2\r\n".encode(encoding))
        assert read_erased(path) == {"x:1", "x:2"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_tables_of_spreadsheets(tmp_path: Path, encoding: str, separator: str) -> None:
    letters = log()
    data = csv_of(FOLLOWS, separator).encode(encoding)
    assert len(read_follows(written(tmp_path / "follows.csv", data), letters).at) == 3
    data = csv_of(ENTITIES, separator).encode(encoding)
    registry = read_registry(written(tmp_path / "registry.csv", data))
    assert [entity.name for entity in registry.entities] == [row["name"] for row in ENTITIES]
    assert letters.total == 0


def test_an_array_that_ends_early_is_refused(tmp_path: Path) -> None:
    cut = json.dumps(FOLLOWS).encode()[:-1]
    with pytest.raises(InputError, match="brackets are still open"):
        read_follows(written(tmp_path / "follows", cut), log())
    with pytest.raises(InputError, match="element 1: the array that begins here cannot be read"):
        read_registry(written(tmp_path / "registry", json.dumps(ENTITIES).encode()[:-1]))
