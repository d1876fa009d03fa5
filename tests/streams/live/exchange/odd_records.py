"""Records good and odd, and what becomes of each when it is decoded."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.dead_letters import DeadLetter, Reason
from streams.live.exchange.decoding import END_HEADER
from streams.live.exchange.frames import Frame
from tests.streams.live.partitions import Message, decoded, post_value

AT = 1_676_332_800
"""2023-02-14T00:00:00Z"""
END = [(END_HEADER, b"")]
POST = post_value("p")
OPEN = POST[:-1]


def follow(**more: Any) -> bytes:
    event = {"platform": "x", "follower_id": "1", "followee_id": "2", "action": "follow"}
    return json.dumps({**event, "at": "2023-02-14T00:00:00Z", **more}).encode()


def profile(**more: Any) -> bytes:
    seen = {"platform": "x", "account_id": "1", "observed_at": "2023-02-14T00:00:00Z"}
    return json.dumps({**seen, **more}).encode()


def entity(**more: Any) -> bytes:
    return json.dumps({"entity_id": "e", "name": "E", "kind": "other", **more}).encode()


def rule(**more: Any) -> bytes:
    return json.dumps({"rule_id": "e", "kind": "mute", "network_id": "n", "reason": "r", **more}).encode()


GOOD: Mapping[str, Callable[..., bytes]] = {
    "posts.v1": post_value,
    "follows.v1": follow,
    "accounts.v1": profile,
}
ODD: list[bytes] = [
    # blank, or no object
    b"", b" ", b"\t", b"\n", b"\r", b"\r\n", b"\n\n\n", b" \n ", b"\r\r", b"\x00", b"\x0b", b"\x0c", b"\xa0",
    "\u2028".encode(), "\u0085".encode(), b"null", b"1", b'"{}"', b"[]", b"[{}]", b"[1, 2]", b"\xef\xbb\xbf{}",
    b"{}", b"{} {}", b"{},{}", b"{}{}", b"{\n}\n{\r}", b"}{", b"{", b"}", b"{]}", b"{\x00}", b"no json at all",
    # halves that would be one record together, and one that would be two
    OPEN + b',"more":[{}', b"{}]}", OPEN + b',"more":{"a":{}', b'{"b":1}}', OPEN + b',"more":[{},"]"}',
    POST + b"," + post_value("q"), POST + b"\n" + post_value("q"), b'{"a":"}', b'{"}', b'{"a":"\\"}',
    # not in UTF-8, too long, too deep
    b"\xff\xfe\x00", OPEN + b',"text":"\xed\xa0\x80"}', OPEN + b',"text":"' + b"x" * (1 << 20) + b'"}',
    OPEN + b',"more":' + b"[" * 5_000 + b"]" * 5_000 + b"}", OPEN + b',"text":' + b"[" * 5_000 + b"}",
    OPEN + b',"more":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    # numbers, names and texts of all sorts
    OPEN + b',"metrics":{"likes":1e400}}', OPEN + b',"metrics":{"likes":99999999999999999999}}',
    OPEN + b',"metrics":{"likes":"7"}}', OPEN + b',"metrics":[1]}', OPEN + b',"followers_count":-1.5}',
    OPEN + b',"more":1' + b"0" * 400 + b"}", post_value("x", account_id=12345678901234567890123),
    post_value("x", account_id={"a": 1}), post_value(""), post_value(" "), post_value("x", platform=None),
    OPEN + b',"post_id":"other"}', OPEN + b',"created_at":"2001-01-01"}', OPEN + b',"metrics":null}',
    post_value("\ud800"), post_value("\udfff", text="\ud83d\ude00 \ude00\ud83d"), post_value("a\\ud800"),
    OPEN + b',"te\\ud800xt":"\\u0000\\\\ud800\\\\\\ud800"}', post_value("x", text="\x00\u2028\x7f"),
    OPEN + b',"urls":"https://a.example"}', OPEN + b',"urls":[null,1,true]}', OPEN + b',"urls":[[1]]}',
    # times
    post_value("x", created_at="once upon a time"), post_value("x", created_at="1999-12-31T23:59:59Z"),
    post_value("x", created_at="2023-02-14T00:05:00Z"), post_value("x", created_at="2023-02-14T00:05:01Z"),
    post_value("x", created_at="9999-12-31T23:59:59Z"), post_value("x", created_at=1676332800),
    post_value("x", created_at="2023-02-14T00:00:60+00:00"), post_value("x", created_at=""),
    follow(action="hug"), follow(followee_id="1"), follow(at="2023-02-15"), follow(follower_id=""),
    profile(observed_at="2099-01-01"), profile(followers_count=-1), profile(created_at="never"),
    # line ends between and inside of tokens
    b"\n" + POST + b"\r\n", POST.replace(b",", b",\n  "), POST.replace(b'"p"', b'"a\nb"'), b"\r" + POST,
]  # fmt: skip
VALUES = [*ODD, POST, follow(), profile(), entity(), rule()]


@dataclass(frozen=True)
class Outcome:
    """What became of one record: a row without its place, or the reason and the detail of a dead letter."""

    row: tuple[Any, ...] | None
    reason: Reason | None = None
    detail: str = ""
    raw: str = ""
    raw_bytes: int = 0


def outcomes(frame: Frame, letters: Sequence[DeadLetter]) -> dict[tuple[str, int], list[Outcome]]:
    """What became of each place."""
    found: dict[tuple[str, int], list[Outcome]] = {}
    rows = frame.rows.drop("source", "offset").rows()
    for row, source, offset in zip(rows, frame.rows["source"], frame.rows["offset"], strict=True):
        span = frame.header.spans[source]
        found.setdefault((f"{span.topic}/{span.partition}", offset), []).append(
            Outcome(tuple(map(repr, row)))
        )
    for letter in letters:
        outcome = Outcome(None, letter.reason, letter.detail, letter.raw, letter.raw_bytes)
        found.setdefault((letter.source, letter.position), []).append(outcome)
    return found


@functools.cache
def alone(topic: str, value: bytes, key: bytes) -> Outcome:
    """What becomes of a record that is by itself."""
    frame, letters = decoded(topic, (0, 0, [Message(0, AT * 1_000, key, value)]))
    ((outcome,),) = outcomes(frame, letters).values()
    return outcome
