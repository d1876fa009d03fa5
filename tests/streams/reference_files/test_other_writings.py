"""Follow events, profiles and a registry as spreadsheets and other programs write them are the same."""

import codecs
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import InputError
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.follow_events import read_follows
from streams.reference_files.profiles import read_profiles
from streams.reference_files.registry_file import read_registry
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

    assert follows.at.tolist() == plain.at.tolist()
    assert follows.follower.tolist() == plain.follower.tolist()
    assert profiles["handle"].to_list() == ["é0", "é1", "é2"]
    assert [entity.name for entity in registry.entities] == [row["name"] for row in ENTITIES]
    assert letters.total == 0


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
    with pytest.raises(InputError, match="array of entities"):
        read_registry(written(tmp_path / "registry", json.dumps(ENTITIES).encode()[:-1]))
