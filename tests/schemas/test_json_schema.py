"""The published JSON Schemas: current, valid, described, and obeyed by what is written."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from schemas.generate.json_schema import PUBLISHED, RECORDS, main, published_files, schema_of, stale_files
from tests.schemas.samples import FULL, MINIMAL


def test_published_files_are_what_the_structs_say() -> None:
    assert stale_files(PUBLISHED) == []


@pytest.mark.parametrize("name", RECORDS)
def test_a_published_schema_is_valid_2020_12(name: str) -> None:
    published = json.loads((PUBLISHED / f"{name}.v1.json").read_text(encoding="utf-8"))
    assert published["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("sample", [MINIMAL, FULL], ids=["minimal", "full"])
@pytest.mark.parametrize("name", RECORDS)
def test_what_is_written_obeys_its_published_schema(name: str, sample: dict[str, msgspec.Struct]) -> None:
    published = json.loads((PUBLISHED / f"{name}.v1.json").read_text(encoding="utf-8"))
    Draft202012Validator(published).validate(json.loads(msgspec.json.encode(sample[name])))


@pytest.mark.parametrize(
    "change",
    [{"priority": 101}, {"covertness": 2}, {"severity": "loud"}, {"headline": None}, {"members": None}],
)
def test_a_wrong_alert_is_refused_by_its_published_schema(change: dict[str, Any]) -> None:
    alert = {**json.loads(msgspec.json.encode(FULL["alert"])), **change}
    assert not Draft202012Validator(schema_of("alert")).is_valid(alert)


def undescribed(schema: dict[str, Any]) -> Iterator[str]:
    for name, definition in schema["$defs"].items():
        if not definition.get("description"):
            yield name
        for field, value in definition.get("properties", {}).items():
            if not value.get("description"):
                yield f"{name}.{field}"


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_and_field_says_what_it_is(name: str) -> None:
    assert list(undescribed(schema_of(name))) == []


def test_generation_gives_the_same_bytes_in_every_process() -> None:
    program = (
        "from schemas.generate.json_schema import published_files\n"
        "print(''.join(published_files().values()), end='')"
    )
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            env={
                "PYTHONHASHSEED": seed,
                "PYTHONIOENCODING": "utf-8",
                "PYTHONPATH": str(PUBLISHED.parents[1]),
            },
        )
        assert run.stdout.decode() == "".join(published_files().values())


def test_given_an_empty_folder_when_written_then_the_check_passes(tmp_path: Path) -> None:
    assert main(["--to", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(published_files())
    assert all(text.endswith("}\n") for text in published_files().values())
    assert main(["--check", "--to", str(tmp_path)]) == 0


def test_given_stale_files_when_checked_then_each_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--to", str(tmp_path)])
    (tmp_path / "alert.v1.json").write_text("{}\n", encoding="utf-8")
    (tmp_path / "progress.v1.json").unlink()
    (tmp_path / "gone.v1.json").write_text("{}\n", encoding="utf-8")
    capsys.readouterr()

    assert main(["--check", "--to", str(tmp_path)]) == 1

    said = capsys.readouterr().err
    assert all(name in said for name in ("alert.v1.json", "progress.v1.json", "gone.v1.json"))
    assert "post_event" not in said
    assert (tmp_path / "alert.v1.json").read_text(encoding="utf-8") == "{}\n"


def test_given_a_left_over_file_when_written_then_it_is_removed(tmp_path: Path) -> None:
    (tmp_path / "gone.v1.json").write_text("{}\n", encoding="utf-8")
    main(["--to", str(tmp_path)])
    assert not (tmp_path / "gone.v1.json").exists()
