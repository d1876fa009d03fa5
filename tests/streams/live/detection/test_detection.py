"""Detection on the log: the alerts of a replay, whatever the arrangement, and whether or not it was ever saved."""

import functools
import gzip
import json
import math
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from detectors.config import DetectionConfig, TimeConfig
from detectors.state.state_forms import StateError
from schemas.alerts import Alert
from schemas.dead_letters import DeadLetter, Reason
from streams.live.detection.detection import Detection
from streams.live.detection.detection_state import captured, restored
from streams.live.exchange import frames
from streams.live.exchange.frames import Frame, Header, Mark
from streams.live.state.state_codec import encode
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.reference_inputs import read_reference_inputs
from streams.replay.replay import Replay
from streams.settings.options import ReadingOptions
from streams.settings.settings import Settings
from streams.simulation import folder
from streams.simulation.scenarios import Plan
from tests.streams.live.partitions import Message, Topics, decoded, ingested, marks, post_value
from tests.streams.small_world import START, small_world, write_jsonl

LATENESS = TimeConfig().lateness_s
Told = dict[tuple[str, int], str]
"""What alerts say, by id and revision."""


def comparable(alerts: Iterable[Alert]) -> Told:
    """Alerts without the wall clock and what names the run."""
    found: Told = {}
    for alert in alerts:
        plain = msgspec.to_builtins(alert)
        assert (alert.alert_id, alert.revision) not in found
        told = {name: value for name, value in plain.items() if name not in ("emitted_at", "run_id", "mode")}
        found[alert.alert_id, alert.revision] = json.dumps(told, sort_keys=True)
    return found


@dataclass
class World:
    """Records of the public topics, and the alerts of a replay of them."""

    posts: list[bytes]
    replayed: Told
    follows: list[bytes] = field(default_factory=list)
    others: dict[str, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    """Keys and values of reference data, by topic."""


def replayed(
    path: Path, registry: str | None = None, accounts: str | None = None, follows: str | None = None
) -> Told:
    settings = Settings()
    log = DeadLetterLog(None, settings.input)
    replay = Replay([str(path)], settings, log)
    replay.set_reference_data(
        read_reference_inputs(ReadingOptions(registry=registry, accounts=accounts, follows=follows), log)
    )
    found = comparable(replay.run())
    assert not log.total
    return found


def lines(path: Path) -> list[bytes]:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines()


@functools.cache
def press() -> World:
    """The founding case in small, with all that is known beside posts."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made)
        folder.write_world(Plan("diaspora-press", seed=4, accounts=800, days=2), path)
        references = [str(path / name) for name in (folder.REGISTRY, folder.ACCOUNTS, folder.FOLLOWS)]
        entities = lines(path / folder.REGISTRY)
        rule = {"rule_id": "r", "kind": "mute", "account_ids": ["x:nobody"], "reason": "none of ours"}
        return World(
            lines(path / folder.POSTS),
            replayed(path / folder.POSTS, *references),
            sorted(lines(path / folder.FOLLOWS), key=lambda line: str(json.loads(line)["at"])),
            {
                "registry.v1": [(json.loads(line)["entity_id"].encode(), line) for line in entities],
                "accounts.v1": [(line[:40], line) for line in lines(path / folder.ACCOUNTS)],
                "suppressions.v1": [(b"r", json.dumps(rule).encode())],
            },
        )


@functools.cache
def small() -> World:
    """Two groups of accounts that act together among others, one of them later; nothing else is known."""
    later = [
        {
            **post,
            "post_id": f"later-{post['post_id']}",
            "account_id": f"later-{post['account_id']}",
            "urls": [f"{post['urls'][0]}-later"],
            "created_at": when(3 * 86_400 + seconds_of(post["created_at"]) - START),
        }
        for post in small_world(others=0, seed=8)
    ]
    with tempfile.TemporaryDirectory() as made:
        path = write_jsonl(Path(made) / "posts.jsonl", [*small_world(), *later])
        return World(lines(path), replayed(path))


def topics_of(world: World, partitions: int, seed: int, *, ends: bool = True) -> Topics:
    """The records of a world on partitions, up to 50 s out of order."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    topics = Topics(partitions)
    for topic, records in world.others.items():
        for key, value in records:
            topics.publish(topic, key, value, 2**41)
    for value in world.follows:
        event = json.loads(value)
        topics.publish("follows.v1", f"{event['platform']}:{event['followee_id']}".encode(), value, 2**41)
    posts = [(json.loads(value), value) for value in world.posts]
    moved = [(seconds_of(post["created_at"]) + rng.uniform(0, 50), at) for at, (post, _) in enumerate(posts)]
    for _, at in sorted(moved):
        post, value = posts[at]
        topics.publish("posts.v1", f"{post['platform']}:{post['account_id']}".encode(), value, 2**41)
    if ends:
        topics.end()
    return topics


def seconds_of(when: str) -> int:
    return int(pl.Series([when]).str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.epoch("s").item())


@dataclass
class Run:
    """What frames brought about."""

    detection: Detection
    alerts: list[Alert] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    posts: int = 0

    @property
    def real_faults(self) -> list[str]:
        """Without what is said of a registry of which not all has been read."""
        return [fault for fault in self.faults if "is not in the registry" not in fault]

    @property
    def told(self) -> Told:
        return comparable(self.alerts)


def applied(log: Sequence[Frame], cuts: Iterable[int] = (), config: DetectionConfig | None = None) -> Run:
    """Apply frames; before those of `cuts` another worker takes over."""
    config = config if config is not None else Settings().detection
    run = Run(Detection(config, "live", "worker"))
    taken_over = set(cuts)
    for at, frame in enumerate(log):
        if at in taken_over:
            chunks = list(encode(captured(run.detection)))
            before = run.detection
            run.detection = restored(chunks, config, "live", f"worker-{at}")
            assert plain_state(run.detection) == plain_state(before)
            assert list(encode(captured(run.detection))) == chunks
        found = run.detection.apply(frame)
        run.alerts += found.alerts
        run.letters += found.dead_letters
        run.faults += found.faults
        run.posts += found.posts
    return run


def plain_state(detection: Detection) -> tuple[Any, ...]:
    watermark = detection.watermark
    return (
        detection.positions.next, watermark.latest, detection.latest_post, detection.late, detection.pace.left,
        detection.profiled_until, len(detection.held_posts), len(detection.held_follows), detection.event_time,
    )  # fmt: skip


def cuts_of(log: Sequence[Frame], seed: int, count: int = 4) -> list[int]:
    return random.Random(seed).sample(range(len(log)), min(count, len(log)))  # noqa: S311 - repeatable


@pytest.mark.parametrize("seed", range(8))
def test_given_a_small_world_in_any_arrangement_then_the_alerts_are_those_of_a_replay(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    topics = topics_of(small(), rng.choice([1, 2, 5, 12]), seed)
    log = list(ingested(topics, seed, rng.choice([20, 70, 400, 5_000]), again=rng.choice([0.0, 0.3])))

    run = applied(log, cuts_of(log, seed) if seed % 2 else ())

    assert len(small().replayed) > 1
    assert run.told == small().replayed
    assert (run.letters, run.real_faults, run.posts) == ([], [], len(small().posts))


@pytest.mark.parametrize(("partitions", "rows", "again", "cuts"), [(1, 100_000, 0.0, 0), (5, 900, 0.2, 3)])
def test_given_posts_with_registry_follows_and_profiles_then_the_alerts_are_those_of_a_replay(
    partitions: int, rows: int, again: float, cuts: int
) -> None:
    log = list(ingested(topics_of(press(), partitions, partitions), partitions, rows, again=again))

    run = applied(log, cuts_of(log, partitions, cuts))

    assert any(json.loads(told)["covertness"] for told in press().replayed.values())
    assert run.told == press().replayed
    assert (run.letters, run.real_faults, run.posts) == ([], [], len(press().posts))


def change(kind: str, offset: int, world: World) -> Frame:
    """A record that makes a difference to what the world's alerts say."""
    told = [json.loads(told) for told in world.replayed.values()]
    members = sorted({member["account_id"] for alert in told for member in alert["members"]})
    value: dict[str, Any]
    if kind == "registry":
        accounts = [
            {"platform": account.partition(":")[0], "account_id": account.partition(":")[2]}
            for account in members
        ]
        value = {"entity_id": "new", "name": "New", "kind": "state_media", "accounts": accounts}
        topic, key = "registry.v1", b"new"
    elif kind == "rules":
        value = {"rule_id": "new", "kind": "mute", "account_ids": members, "reason": "known"}
        topic, key = "suppressions.v1", b"new"
    else:
        platform, _, account = members[0].partition(":")
        seen = "2030-01-01T00:00:00Z"
        value = {
            "platform": platform,
            "account_id": account,
            "followers_count": 9_999_999,
            "observed_at": seen,
        }
        topic, key = "accounts.v1", b"new"
    frame, letters = decoded(topic, (99, offset, [Message(offset, 2**41, key, json.dumps(value).encode())]))
    assert not letters
    return frame


@pytest.mark.parametrize("kind", ["registry", "rules", "profiles"])
def test_given_reference_data_that_change_midway_then_the_alerts_are_the_same_however_it_is_cut(
    kind: str,
) -> None:
    world = press() if kind == "profiles" else small()
    log = list(ingested(topics_of(world, 3, 1), 1, 150 if kind != "profiles" else 1_500))
    middle = len(log) // 2
    changed = [*log[:middle], change(kind, 0, world), *log[middle:]]

    whole = applied(changed)

    assert whole.told != world.replayed  # it made a difference
    assert whole.real_faults == []
    for cuts in ([middle], [middle - 1, middle + 1, middle + 2]):
        assert applied(changed, cuts).told == whole.told


def test_given_a_registry_that_contradicts_itself_then_detection_goes_on_under_the_one_before() -> None:
    log = list(ingested(topics_of(small(), 2, 1), 1, 200))
    first: dict[str, Any] = {"entity_id": "a", "name": "A", "kind": "company", "domains": ["a.example"]}
    other: dict[str, Any] = {"entity_id": "b", "name": "B", "kind": "company", "domains": ["a.example"]}
    records = [
        Message(at, 2**41, one["entity_id"].encode(), json.dumps(one).encode())
        for at, one in enumerate((first, other))
    ]
    whole, _ = decoded("registry.v1", (0, 0, records[:1]))
    torn, _ = decoded("registry.v1", (0, 1, records[1:]))

    run = applied([log[0], whole, torn, *log[1:]], cuts=[2, 3, 5])

    (fault,) = run.faults
    assert "the registry stays as it was" in fault
    assert "a.example" in fault
    assert [entity.entity_id for entity in run.detection.references.registry.entities] == ["a"]
    assert len(run.told) == len(small().replayed)


def posts(number: int, begin: int, *rows: tuple[str, int], **more: Any) -> Frame:
    """A frame of posts (id, seconds after the start) in one partition."""
    values = [post_value(name, created_at=when(at), **more) for name, at in rows]
    messages = [Message(begin + at, 2**41, b"k", value) for at, value in enumerate(values)]
    frame, letters = decoded("posts.v1", (number, begin, messages))
    assert not letters
    return frame


def when(second: int) -> str:
    return str(pl.from_epoch(pl.Series([START + second])).dt.strftime("%Y-%m-%dT%H:%M:%SZ").item())


def opened(*numbers: int) -> Frame:
    return Frame(Header(kind="marks", sources=[("posts.v1", number) for number in numbers]), pl.DataFrame())


def marked(number: int, following: int, upto: int) -> Frame:
    return frames.decode(*marks([Mark("posts.v1", number, following, START + upto)]))


def marked_all(upto: int) -> Frame:
    """Follow events hold up nothing."""
    told = [Mark("follows.v1", number, 2**40, START + upto) for number in range(12)]
    return frames.decode(*marks(told))


def ended(number: int, begin: int) -> Frame:
    topics = Topics(1)
    topics.end()
    frame, _ = decoded(
        "posts.v1", (number, begin, [Message(begin, 0, None, None, topics.logs["posts.v1", 0][0].headers)])
    )
    return frame


def test_given_late_posts_then_each_is_a_dead_letter_with_its_place_and_no_other_is() -> None:
    log = [
        opened(0, 1),
        posts(0, 10, ("a", 100), ("b", 1_000), ("c", 1_000 - LATENESS), ("d", 999 - LATENESS), ("e", 1_001)),
        posts(1, 0, ("f", 500)),
        posts(0, 15, ("g", 100), ("h", 1_001 - LATENESS)),
        opened(),
    ]

    run = applied(log, cuts=[2, 3])

    assert [(letter.source, letter.position, letter.reason) for letter in run.letters] == [
        ("posts.v1/0", 13, Reason.LATE),
        ("posts.v1/0", 15, Reason.LATE),
    ]
    assert [json.loads(letter.raw)["post_id"] for letter in run.letters] == ["d", "g"]
    assert f"more than {LATENESS} s older" in run.letters[0].detail
    assert run.detection.late == 2
    # one partition is at 500, so that only what is before 500 - lateness has been applied
    assert run.posts == 1
    assert run.detection.event_time == START + 500 - LATENESS


@pytest.mark.parametrize("cuts", [(), (2, 3, 4)])
def test_given_posts_that_were_published_twice_then_one_counts_whatever_came_first(
    cuts: tuple[int, ...],
) -> None:
    one = posts(0, 4, ("a", 10), ("b", 20), text="first")
    other = posts(1, 7, ("b", 20), ("a", 10), ("c", 30), text="second")

    for log in ([opened(0, 1), one, other], [opened(0, 1), other, one]):
        run = applied([*log, ended(0, 6), ended(1, 10)], cuts)
        found = [
            (letter.source, letter.position, letter.reason, json.loads(letter.raw)["text"])
            for letter in run.letters
        ]
        assert found == [
            ("posts.v1/1", 8, Reason.DUPLICATE, "second"),
            ("posts.v1/1", 7, Reason.DUPLICATE, "second"),
        ]
        assert run.posts == 3


def test_given_a_post_that_comes_again_after_it_was_applied_then_it_is_a_dead_letter_too() -> None:
    log = [
        opened(0),
        posts(0, 0, ("a", 10), ("b", 200)),
        posts(0, 2, ("b", 200), ("c", 400)),
        posts(0, 4, ("b", 400), ("d", 600)),
    ]

    run = applied(log, cuts=[1, 2, 3])

    assert [(letter.position, letter.reason) for letter in run.letters] == [
        (2, Reason.DUPLICATE),
        (4, Reason.DUPLICATE),
    ]


def test_given_offsets_that_are_missing_then_it_is_told_once() -> None:
    log = [
        opened(0),
        posts(0, 3, ("a", 10)),
        posts(0, 9, ("b", 20)),
        posts(0, 3, ("a", 10)),
        posts(0, 10, ("c", 30)),
    ]

    run = applied(log, cuts=[2])

    (fault,) = run.faults
    assert fault.startswith("posts.v1/0: offsets 4 to 8 are missing")
    assert run.letters == []


def test_given_an_empty_partition_then_all_wait_until_it_is_marked() -> None:
    log = [opened(0, 1), posts(0, 0, ("a", 10), ("b", 500), ("c", 2_000))]
    assert applied(log).posts == 0

    run = applied([*log, marked(1, 0, 500)])
    assert run.posts == 1
    assert run.detection.event_time == START + 500 - LATENESS
    # past the bound: nothing waits for ever
    run = applied([*log, marked(1, 0, 2_001 + LATENESS), marked(0, 3, 2_001 + LATENESS)], cuts=[1, 2, 3])
    assert run.posts == 3
    assert run.detection.watermark.passed == START + 2_001
    # a mark made before the latest row does not count
    assert applied([*log, marked(1, 0, 500), marked(0, 2, 9_000), marked(1, 0, 9_000)]).posts == 2


def test_given_the_end_of_all_partitions_then_evidence_is_settled_and_later_posts_go_on() -> None:
    topics = topics_of(small(), 2, 3)
    log = list(ingested(topics, 3, 500))
    run = applied(log)
    assert run.told == small().replayed

    settled = run.detection.event_time
    assert settled is not None
    assert settled % 86_400 == 0
    assert not run.detection.watermark.ended
    later = settled - START + 50
    due = [run.detection.positions.next[f"posts.v1/{number}"] for number in (0, 1)]
    read_again = [frame for frame in log if any(span.ended for span in frame.header.spans)]
    more = [
        *read_again,
        posts(0, due[0], ("old", later - 80), ("new0", later), ("new1", later + 500)),
        posts(1, due[1], ("new2", later + 1), ("new3", later + 500)),
        marked_all(later + 500),
    ]
    followed = Run(run.detection)
    for frame in more:
        found = followed.detection.apply(frame)
        followed.posts += found.posts
        followed.letters += found.dead_letters
    assert followed.posts == 2
    assert [(letter.position, letter.reason) for letter in followed.letters] == [(due[0], Reason.LATE)]


def test_given_posts_after_the_end_of_some_partitions_then_none_is_lost() -> None:
    # a second dump follows the first at once, and a worker reads partitions in turn
    log = [
        opened(0, 1),
        posts(0, 0, ("a", 100)),
        ended(0, 1),
        posts(1, 0, ("b", 90)),
        posts(0, 2, ("c", 5_000)),
        ended(1, 1),
        posts(1, 2, ("d", 5_001)),
        ended(0, 3),
        ended(1, 3),
    ]

    run = applied(log, cuts=range(1, 9))

    assert run.posts == 4
    assert run.letters == []


def test_given_follow_events_far_ahead_then_empty_partitions_are_not_marked_by_their_time() -> None:
    event = {"platform": "x", "follower_id": "1", "followee_id": "2", "action": "follow", "at": when(86_400)}
    frame, _ = decoded("follows.v1", (0, 0, [Message(0, 2**41, b"k", json.dumps(event).encode())]))

    run = applied([opened(0), frame])
    assert run.detection.latest_post == -math.inf
    run = applied([opened(0), frame, posts(0, 0, ("a", 10))])
    assert run.detection.latest_post == START + 10
    assert len(run.detection.held_follows) == 1


def test_given_no_frame_yet_then_it_can_be_saved() -> None:
    config = Settings().detection
    chunks = list(encode(captured(Detection(config, "live", "w"))))

    assert list(encode(captured(restored(chunks, config, "replay", "other")))) == chunks


def places(form: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Every dict of a state with each of its keys, and the path of that key."""
    for name, value in form.items():
        yield form, name, name
        if isinstance(value, dict):
            yield from ((inner, key, f"{name}/{path}") for inner, key, path in places(value))


def test_given_a_state_that_is_incomplete_or_of_another_version_then_it_is_refused() -> None:
    config = Settings().detection
    detection = applied(
        [opened(0, 1), posts(0, 0, ("a", 10), ("b", 200)), posts(1, 0, ("c", 150)), opened()]
    ).detection
    whole = captured(detection)
    assert whole["pipeline"] is not None
    assert detection.held_posts.frames
    columns = pl.DataFrame({"a": [1]})
    accepted = set()
    for form, name, path in [(whole, "pipeline", "pipeline"), *list(places(whole["remembered"]))]:
        saved = form[name]
        for wrong in (None, "text", 1.5, [1], {"a": "b"}, columns, [columns]):
            if (path, wrong is None) == ("pipeline", True):
                continue  # no post has come yet
            form[name] = wrong
            try:
                restored(encode(whole), config, "live", "w")
            except StateError:
                continue
            accepted.add(path)
        del form[name]
        if "/latest/" not in path and "/next/" not in path:
            with pytest.raises(StateError):
                restored(encode(whole), config, "live", "w")
        form[name] = saved
    # any time will do, and the filter of duplicates has no generation before its first row
    assert accepted <= {
        "latest_post",
        "watermark/latest/posts.v1/0",
        "watermark/latest/posts.v1/1",
        "duplicates/_generation",
    }


def test_given_an_attribute_that_is_added_then_it_is_saved_by_itself_or_refused() -> None:
    detection = Detection(Settings().detection, "live", "w")
    detection.added = 7  # type: ignore[attr-defined]
    assert captured(detection)["remembered"]["added"] == 7

    detection.added = None  # type: ignore[attr-defined]
    with pytest.raises(StateError, match=r"Detection\.added"):
        captured(detection)


def test_given_frames_then_what_waits_is_bounded_by_what_has_not_passed() -> None:
    log = list(ingested(topics_of(small(), 3, 9, ends=False), 9, 100))
    detection = Detection(Settings().detection, "live", "w")
    for frame in log:
        detection.apply(frame)
        held = detection.held_posts
        assert len(held) == sum(map(len, held.frames))
        # released at the latest when twice as much waits as had to
        assert len(held) <= max(2 * detection.pace.left, 1)


def test_given_stages_then_their_seconds_are_told() -> None:
    told: dict[str, float] = {}
    detection = Detection(Settings().detection, "live", "w")

    def add(stage: str, seconds: float) -> None:
        told[stage] = told.get(stage, 0.0) + seconds

    detection.timer.on_stage = add
    for frame in [opened(0), posts(0, 0, ("a", 10), ("b", 500)), ended(0, 2)]:
        detection.apply(frame)

    assert {"order", "traces", "pairs"} <= set(told)
    assert told == pytest.approx(detection.timer.seconds)
