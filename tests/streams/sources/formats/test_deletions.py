"""A report that a post was deleted is no post."""

import json
from pathlib import Path

from tests.streams.conftest import Lockstep


def test_a_deletion_is_counted_and_is_no_post(lockstep: Lockstep, tmp_path: Path) -> None:
    row = {"platform": "x", "account_id": "a", "created_at": "2023-02-14T00:00:00Z"}
    rows = [
        {**row, "post_id": "1"},
        {**row, "post_id": "2", "deleted": False},
        {**row, "post_id": "1", "deleted": True, "created_at": "2023-02-14T00:00:01Z"},
    ]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    done = lockstep("replay", "p.jsonl", "--dead-letters", "d.jsonl")
    said = done.stderr.decode()
    assert done.returncode == 0, said
    assert any(line.startswith("2 posts") for line in said.splitlines()), said
    assert "Not posts: deletions (1)." in said
    assert not (tmp_path / "d.jsonl").read_bytes()
