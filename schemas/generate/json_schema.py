"""Publish the records as JSON Schemas (draft 2020-12), one file for each record, for readers in any language.

`python -m schemas.generate.json_schema` writes `schemas/published/`, and the AsyncAPI document of the topics beside the
schemas. `--check` writes nothing, and fails if a file is stale. The structs are the source: do not edit a schema by
hand.
"""

import argparse
import inspect
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter
from schemas.events import AccountProfile, FollowEvent, PostEvent
from schemas.figures.backtest import BacktestFigures
from schemas.figures.calibration import CalibrationFigures
from schemas.figures.signals import AccountEngagement, AccountFollowers, PairSynchrony
from schemas.generate import asyncapi
from schemas.networks import NetworkSnapshot
from schemas.registry import RegistryEntity
from schemas.reviews import ReviewEvent, SuppressionRule
from schemas.service.notifications import Notification
from schemas.service.progress import Progress

PUBLISHED = Path(__file__).parents[1] / "published"
"""Folder of the published schemas."""

ASYNCAPI = "asyncapi.json"
"""File name of the AsyncAPI document beside them."""

RECORDS: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {
        "account_engagement": AccountEngagement,
        "account_followers": AccountFollowers,
        "account_profile": AccountProfile,
        "alert": Alert,
        "backtest": BacktestFigures,
        "calibration": CalibrationFigures,
        "dead_letter": DeadLetter,
        "follow_event": FollowEvent,
        "network_snapshot": NetworkSnapshot,
        "notification": Notification,
        "pair_synchrony": PairSynchrony,
        "post_event": PostEvent,
        "progress": Progress,
        "registry_entity": RegistryEntity,
        "review_event": ReviewEvent,
        "suppression_rule": SuppressionRule,
    }
)
"""Every published record by the name of its schema. A published name does not change."""


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON Schema of the record `name`.

    Raises:
        KeyError: no record of that name is published.
    """
    generated = msgspec.json.schema(RECORDS[name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:lockstep:schema:{name}:v1",
        "$ref": generated["$ref"],
        "$defs": {key: _tidy(generated["$defs"][key]) for key in sorted(generated["$defs"])},
    }


def published_files() -> dict[str, str]:
    """Return the text of every published file by its name."""
    documents = {f"{name}.v1.json": schema_of(name) for name in RECORDS} | {ASYNCAPI: asyncapi.document()}
    return {
        name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in documents.items()
    }


def stale_files(folder: Path) -> list[str]:
    """Names of the files in `folder` that are stale: changed, missing or left over."""
    wanted = published_files()
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def write(folder: Path) -> list[str]:
    """Bring `folder` up to date. Returns the names of the files that were changed or removed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = stale_files(folder)
    wanted = published_files()
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8", newline="\n")
        else:
            (folder / name).unlink()
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the published schemas, or with `--check` print which are stale. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m schemas.generate.json_schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    parser.add_argument("--to", type=Path, default=PUBLISHED, metavar="DIR", help="another folder")
    options = parser.parse_args(arguments)
    if not options.check:
        for name in write(options.to):
            print(f"updated {name}")
        return 0
    stale = stale_files(options.to)
    for name in stale:
        print(f"stale: {name}; run `python -m schemas.generate.json_schema`", file=sys.stderr)
    return 1 if stale else 0


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    # A description that came from a docstring still carries the indentation of the source.
    return {**schema, "description": inspect.cleandoc(schema["description"])}


if __name__ == "__main__":
    sys.exit(main())
