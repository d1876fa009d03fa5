"""`lockstep replay --follows` without posts: networks from follows alone."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

from tests.streams.conftest import Lockstep

START = 1_676_332_800
SELLERS = [f"seller{number}" for number in range(8)]


def follow(at: int, who: str, followee: str, action: str = "follow") -> dict[str, str]:
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"platform": "github", "follower_id": who, "followee_id": followee, "action": action, "at": when}


def written(path: Path, action: str = "follow") -> Path:
    """Follows of ordinary accounts, and of eight that follow three customers within an hour."""
    draw = random.Random(7)  # noqa: S311 - a seeded world, not a secret
    rows = [
        follow(START + draw.randrange(4 * 86_400), f"p{draw.randrange(400)}", f"q{draw.randrange(90)}")
        for _ in range(800)
    ]
    rows += [
        follow(START + 40_000 + 400 * n + 5 * place, seller, customer, action)
        for n, seller in enumerate(SELLERS)
        for place, customer in enumerate(("shop-\u00e9", "shop2", "shop3"))
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_given_follows_alone_then_the_ring_is_reported_with_names(lockstep: Lockstep, tmp_path: Path) -> None:
    alerts, report = tmp_path / "alerts.jsonl", tmp_path / "report.html"

    done = lockstep(
        "replay", "--follows", written(tmp_path / "follows.jsonl"), "--alerts", alerts, "--report", report
    )

    assert done.returncode == 0
    (alert,) = (json.loads(line) for line in alerts.read_text(encoding="utf-8").splitlines())
    assert {member["account_id"] for member in alert["members"]} == {f"github:{name}" for name in SELLERS}
    assert alert["platforms"] == ["github"]
    assert {sample["object"] for sample in alert["evidence"]} == {
        "github:shop-\u00e9",
        "github:shop2",
        "github:shop3",
    }
    assert "824 follow events" in done.stderr.decode()
    assert "rests on follows alone" in " ".join(done.stderr.decode().split())
    assert "follows.jsonl" in report.read_text(encoding="utf-8")


def test_given_snapshots_alone_then_nothing_is_found(lockstep: Lockstep, tmp_path: Path) -> None:
    done = lockstep("replay", "--follows", written(tmp_path / "follows.jsonl", "snapshot"))

    assert done.returncode == 0
    assert "No network was found" in done.stderr.decode()


def test_given_neither_posts_nor_follows_then_the_usage_is_wrong(lockstep: Lockstep) -> None:
    done = lockstep("replay")

    assert done.returncode == 2
    assert "--follows" in done.stderr.decode()
