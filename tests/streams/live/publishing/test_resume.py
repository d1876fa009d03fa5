"""A publication that was interrupted goes on where it was."""

import json
from pathlib import Path

import pytest
from aiokafka.errors import TopicAuthorizationFailedError

from schemas.errors import InputError, LockstepError
from tests.streams.live.publishing.broker_in_memory import PARTITIONS, STEP, Broker, published
from tests.streams.small_world import write_jsonl


@pytest.mark.parametrize("fails_at", [0, 1, STEP - 1, STEP, STEP + 7, 2 * STEP + 100, 2 * STEP + 900])
def test_given_a_run_that_was_interrupted_then_it_goes_on_without_a_gap(
    broker: Broker, dump: Path, tmp_path: Path, fails_at: int
) -> None:
    note = tmp_path / "note.json"
    entity = write_jsonl(tmp_path / "registry.jsonl", [])
    entity.write_text('{"entity_id":"e","name":"E","kind":"other"}\n')
    broker.fails_at = fails_at
    with pytest.raises(TopicAuthorizationFailedError):
        published(broker, dump, resume=str(note), registry=str(entity))
    first = broker.ids()
    known = json.loads(note.read_text())["posts"]
    assert known <= len(first)
    referred = len(broker.of("lockstep.registry.v1"))

    broker.fails_at = None
    broker.sent.clear()
    publisher = published(broker, dump, resume=str(note), registry=str(entity), end=True)

    # what was confirmed is not sent again, but for the part that was under way
    whole = [f"p{number}" for number in range(STEP * 5 // 2)]
    assert sorted([*first[:known], *broker.ids()], key=lambda name: int(name[1:])) == whole
    assert len(first) - known < STEP
    assert publisher.published == len(whole)
    assert len(broker.of("lockstep.registry.v1")) == (0 if known else 1)
    assert referred == min(1, fails_at)
    # and a run that was finished sends nothing again but the end
    broker.sent.clear()
    assert published(broker, dump, resume=str(note), end=True).published == len(whole)
    assert not broker.ids()
    assert len(broker.sent) == 2 * PARTITIONS


def test_given_a_note_of_other_inputs_then_it_is_refused(broker: Broker, dump: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.json"
    note.write_text(json.dumps({"inputs": ["other.jsonl"], "posts": 3}))

    with pytest.raises(InputError, match="noted for other inputs"):
        published(broker, dump, resume=str(note))
    assert not broker.sent


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"3", b"{}", b'{"inputs": []}', b'{"inputs": [], "posts": "many"}', b"\xff", b"[" * 100_000,
                b'{"inputs": [], "posts": Infinity}']
)  # fmt: skip
def test_given_a_file_that_is_no_note_then_it_is_refused_and_stays(
    broker: Broker, dump: Path, tmp_path: Path, content: bytes
) -> None:
    note = tmp_path / "note.json"
    note.write_bytes(content)

    with pytest.raises(InputError, match="is not a note of an earlier run"):
        published(broker, dump, resume=str(note))
    assert (note.read_bytes(), broker.sent) == (content, [])


def test_given_a_note_that_cannot_be_written_then_nothing_is_published(
    broker: Broker, dump: Path, tmp_path: Path
) -> None:
    with pytest.raises(LockstepError, match=r"--resume: .* cannot be written: No such file"):
        published(broker, dump, resume=str(tmp_path / "none" / "note.json"))
    assert not broker.sent
