"""Accounts that are erased by a tombstone on the topic of profiles: before the posts, and in between."""

import json
from pathlib import Path

import pytest

from streams.live.exchange.frames import Frame
from tests.streams.live.detection.log_runs import applied
from tests.streams.live.detection.log_worlds import replayed, small, topics_of
from tests.streams.live.partitions import Message, decoded, ingested
from tests.streams.small_world import TOGETHER

pytestmark = pytest.mark.slow
ERASED = f"x:{TOGETHER[0]}"


def profile(offset: int, value: bytes | None) -> Frame:
    frame, letters = decoded("accounts.v1", (0, offset, [Message(offset, 2**41, ERASED.encode(), value)]))
    assert not letters
    return frame


def test_given_a_tombstone_before_the_posts_then_the_alerts_are_those_of_a_replay_without_the_account(
    tmp_path: Path,
) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_bytes(b"".join(line + b"\n" for line in small().posts))
    log = [profile(0, None), *ingested(topics_of(small(), 2, 1), 1, 400)]

    run = applied(log, [2, len(log) // 2])

    assert run.alert_texts == replayed(posts, erased=frozenset([ERASED]))
    assert ERASED not in str(run.alerts)


def test_given_a_tombstone_when_a_network_is_known_then_the_next_revision_and_all_later_ones_lack_the_account() -> (
    None
):
    log = list(ingested(topics_of(small(), 2, 1), 1, 50))
    known = next(number for number in range(0, len(log), 10) if ERASED in str(applied(log[:number]).alerts))

    run = applied([*log[:known], profile(0, None), *log[known:]], [known, known + 1, known + 2])

    named = [ERASED in str(alert) for alert in run.alerts]
    assert named == sorted(named, reverse=True)
    ids = {alert.network_id for alert, names in zip(run.alerts, named, strict=True) if names}
    later = [
        alert for alert, names in zip(run.alerts, named, strict=True) if not names and alert.network_id in ids
    ]
    assert later
    assert {member.account_id for member in later[-1].members} == {f"x:{name}" for name in TOGETHER[1:]}


def test_given_a_profile_after_the_tombstone_then_the_account_counts_again() -> None:
    value = {"platform": "x", "account_id": TOGETHER[0], "observed_at": "2023-02-01T00:00:00Z"}
    log = [
        profile(0, None),
        profile(1, json.dumps(value).encode()),
        *ingested(topics_of(small(), 2, 1), 1, 400),
    ]

    assert ERASED in str(applied(log).alerts)
