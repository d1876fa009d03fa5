"""The founding case in small as files: posts and registry of `tests.detectors.press_world`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl

from tests.detectors.press_world import KNOWN

_METRICS = ("likes", "reposts", "replies", "quotes")


def write_posts(frame: pl.DataFrame, path: Path) -> Path:
    """Posts as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for row in frame.iter_rows(named=True):
            post = {name: row[name] for name in ("post_id", "platform", "account_id", "text", "urls")}
            post["created_at"] = datetime.fromtimestamp(row["created_at"], UTC).isoformat()
            post["followers_count"] = row["followers_count"]
            post["metrics"] = {name: row[name] for name in _METRICS}
            file.write(json.dumps(post) + "\n")
    return path


def write_registry(path: Path) -> Path:
    """The agency, its company and the envoys as JSON lines."""
    path.write_bytes(b"\n".join(map(msgspec.json.encode, KNOWN)))
    return path
