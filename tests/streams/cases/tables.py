"""One small world of posts in the shapes that exports have, with one thing about it changed."""

import csv
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from tests.streams.small_world import TOGETHER, Post, small_world

NAMES = ("message_id", "user_id", "username", "repost_id", "reply_id", "message", "timestamp", "urls")
FIRST_POST, FIRST_ACCOUNT = 1_724_688_980_535_388_603, 1_500_166_299_000_000_123
WORLD = small_world(others=40)
ACCOUNTS = {
    name: str(FIRST_ACCOUNT + 7_919_000_123 * place)
    for place, name in enumerate(sorted({row["account_id"] for row in WORLD}))
}
"""A long id for each account of the world."""
GROUP = {ACCOUNTS[name] for name in TOGETHER}

Row = dict[str, str]


def seconds(row: Post) -> int:
    return int(datetime.fromisoformat(row["created_at"]).timestamp())


def toolkit_rows(world: Iterable[Post] = WORLD) -> list[Row]:
    """The world as rows of the toolkit, with ids as long as those of X."""
    rows = []
    for place, row in enumerate(world):
        when = seconds(row)
        values = (
            str(FIRST_POST + 1_000_003 * place), ACCOUNTS[row["account_id"]], row["account_id"], "", "",
            f"word{place} of a post", str(when), row["urls"][0],
        )  # fmt: skip
        rows.append(dict(zip(NAMES, values, strict=True)))
    return rows


def changed(column: str, change: Callable[[str, int], str]) -> list[Row]:
    """The rows with one column changed, by its value and its row."""
    return [{**row, column: change(row[column], place)} for place, row in enumerate(toolkit_rows())]


def table(
    rows: Iterable[Row], names: Iterable[str] = NAMES, separator: str = ",", header: bool = True
) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(names), delimiter=separator, lineterminator="\n", extrasaction="ignore")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def at(second: str, pattern: str) -> str:
    return datetime.fromtimestamp(int(second), UTC).strftime(pattern)
