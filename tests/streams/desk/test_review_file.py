"""The file of reviews: nothing is lost, whatever happens to the programs that write to it."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.errors import InputError
from schemas.reviews import ReviewEvent, ReviewKind
from streams.desk.verdicts.review_file import ReviewFile, beside
from streams.desk.verdicts.verdict import VerdictError
from streams.reference_files.reviews_file import read_reviews

_WRITER = """
import sys
from pathlib import Path
from tests.streams.desk.test_review_file import opened, review
log, _ = opened(Path(sys.argv[1]))
for number in range(40):
    log.record_now([review(f"{sys.argv[2]}-{number}", actor=sys.argv[2])], None)
"""


def review(event_id: str, kind: ReviewKind = ReviewKind.ACKNOWLEDGE, **more: Any) -> ReviewEvent:
    fields = {"network_id": "n", "actor": "ana", "reason": "seen"} | more
    return ReviewEvent(
        event_id=event_id, alert_id="a", alert_revision=1, role="reviewer", at=datetime.now(UTC), kind=kind, **fields
    )  # fmt: skip


def opened(path: Path) -> tuple[ReviewFile, list[str]]:
    """A log, and the ids of the events that it has read."""
    read: list[str] = []
    log = ReviewFile(path, lambda event: read.append(event.event_id))
    log.open()
    return log, read


@pytest.mark.slow
def test_given_four_programs_that_write_at_once_then_no_verdict_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    log, read = opened(path)
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), name], cwd=Path(__file__).parents[3])
        for name in ("a", "b", "c", "d")
    ]
    for number in range(40):
        log.record_now([review(f"own-{number}")], None)
    assert [writer.wait(120) for writer in writers] == [0] * 4
    log.catch_up()
    expected = {f"{name}-{number}" for name in ("a", "b", "c", "d", "own") for number in range(40)}
    assert {event.event_id for event in read_reviews(str(path))} == expected
    assert sorted(read) == sorted(expected), "each event is taken in once"


def test_given_a_verdict_that_others_crossed_then_it_is_recorded_only_when_it_is_asked_for_again(
    tmp_path: Path,
) -> None:
    log, _ = opened(tmp_path / "r.jsonl")
    other, _ = opened(tmp_path / "r.jsonl")
    other.record_now([review("theirs", actor="ben")], {"n": None})
    mine = review("mine", ReviewKind.MUTE)
    assert [event.event_id for event in log.record_now([mine], {"n": None})] == ["theirs"]
    assert log.record_now([mine], {"n": "theirs"}) == []
    # one's own verdicts, comments, and those of other networks hold up nothing
    assert log.record_now([review("more")], {"n": "theirs"}) == []
    other.record_now([review("remark", ReviewKind.COMMENT, actor="ben")], None)
    assert log.record_now([review("last")], {"n": "more"}) == []
    assert log.record_now([review("far", network_id="m")], {"m": None}) == []


def test_given_one_of_several_that_crossed_then_none_is_recorded(tmp_path: Path) -> None:
    log, _ = opened(tmp_path / "r.jsonl")
    log.record_now([review("theirs", actor="ben", network_id="m")], None)
    events = [review("one"), review("two", network_id="m")]
    assert log.record_now(events, {"n": None, "m": None})
    assert [event.event_id for event in read_reviews(str(tmp_path / "r.jsonl"))] == ["theirs"]


def test_given_a_line_that_a_crash_left_then_it_is_set_aside_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    whole = msgspec.json.encode(review("whole"))
    path.write_bytes(whole + b"\n" + whole[:50])
    log, read = opened(path)
    assert read == ["whole"]
    log.record_now([review("next")], None)
    assert [event.event_id for event in read_reviews(str(path))] == ["whole", "next"]
    assert (tmp_path / "r.jsonl.torn").read_bytes() == whole[:50] + b"\n"


def test_given_a_last_line_without_its_end_then_it_counts(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(msgspec.json.encode(review("edited")))
    log, read = opened(path)
    log.record_now([review("next")], None)
    assert read == ["edited", "next"]
    assert len(path.read_text().splitlines()) == 2


def test_given_a_line_that_is_no_review_then_the_file_is_refused_whole(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"no": "review"}\n')
    with pytest.raises(InputError, match="line 1 is no review"):
        opened(path)
    with pytest.raises(InputError, match="verdicts cannot be kept here"):
        opened(tmp_path / "absent" / "r.jsonl")


def test_given_a_file_that_becomes_shorter_then_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    log, _ = opened(path)
    log.record_now([review("one")], None)
    path.write_text("")
    with pytest.raises(VerdictError, match="has become shorter"):
        log.record_now([review("two")], None)
    assert path.read_text() == ""


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """A disk that takes no more: files may not grow beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_given_a_full_disk_then_nothing_is_recorded_and_no_half_line_stays(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    log, read = opened(path)
    log.record_now([review("one")], None)
    size = os.path.getsize(path)
    with file_size_limit(size + 100), pytest.raises(VerdictError, match="Nothing was recorded"):
        log.record_now([review("two", reason="x" * 500)], None)
    assert os.path.getsize(path) == size
    log.record_now([review("three")], None)
    assert read == ["one", "three"]
    assert [json.loads(line)["event_id"] for line in path.read_text().splitlines()] == ["one", "three"]


def test_the_file_beside_the_alerts_has_their_name() -> None:
    assert str(beside("runs/alerts.jsonl.gz")) == "runs/alerts.reviews.jsonl"
    assert str(beside("march.2024.alerts.jsonl")) == "march.2024.alerts.reviews.jsonl"
