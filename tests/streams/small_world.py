"""A small world of posts: a few accounts that act together among many that do not."""

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

START = 1_676_332_800  # 2023-02-14T00:00:00Z
TOGETHER = tuple(f"together{number}" for number in range(5))
Post = dict[str, Any]


def post(number: int, account: str, at: int, url: str, **more: Any) -> Post:
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "post_id": f"p{number}",
        "platform": "x",
        "account_id": account,
        "created_at": when,
        "urls": [url],
        **more,
    }


def deletion(of: Post, at: str) -> Post:
    """A report of time `at` that a post was deleted."""
    names = ("post_id", "platform", "account_id")
    return {**{name: of[name] for name in names}, "created_at": at, "deleted": True}


def small_world(objects: int = 12, others: int = 120, days: int = 3, seed: int = 7) -> list[Post]:
    """Posts in order of time: five accounts share links within seconds, `others` share on their own."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    shares: list[tuple[int, str, str]] = []
    for number in range(objects):
        begin = START + rng.randrange(days * 86_400)
        for account in TOGETHER:
            shares.append((begin + rng.randrange(40), account, f"https://news.example/{number}"))
    for number in range(others):
        for _ in range(10):
            at = START + rng.randrange(days * 86_400)
            shares.append((at, f"other{number}", f"https://site.example/{rng.randrange(2_000)}"))
    shares.sort()
    return [post(number, account, at, url) for number, (at, account, url) in enumerate(shares)]


def write_jsonl(path: Path, rows: Iterable[Post]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_labels(path: Path, members: Iterable[str] = TOGETHER, others: int = 40) -> Path:
    rows = [f"{account},io,g1" for account in members] + [f"x:other{n},organic," for n in range(others)]
    path.write_text("account_id,label,group\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path
