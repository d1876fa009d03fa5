"""Events of Jetstream: made of posts of a simulated world, or at random in the shape of the whole network's traffic."""

import base64
import hashlib
import json
import mmap
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Event = dict[str, Any]

PER_SECOND = {"like": 200, "post": 60, "repost": 60, "follow": 60, "delete": 10, "identity": 3, "block": 2}
"""Events of each kind in a second. Chosen to be more than the network has on an ordinary day, not measured."""
_WORDS = (
    "morning coffee with friends before the long walk home through rain and wind while trains run late again "
    "nobody knows why the council votes tonight about new lights near our school and the river rises slowly"
).split()


class EventLog:
    """Events in the order of time, as lines of one buffer.

    Args:
        data: the lines, each with its line end.
        times: microseconds of each.
        collections: the collection of each; empty where there is none.
    """

    def __init__(
        self, data: bytes | mmap.mmap, times: Sequence[int], collections: Sequence[str], ends: Sequence[int]
    ) -> None:
        self.data = data
        self.times: npt.NDArray[np.int64] = np.array(times, np.int64)
        names = sorted(set(collections))
        self.names = names
        code = {name: number for number, name in enumerate(names)}
        self.codes: npt.NDArray[np.uint8] = np.array([code[name] for name in collections], np.uint8)
        self._ends = np.array([0, *ends], np.int64)

    def __len__(self) -> int:
        return len(self.times)

    def line(self, number: int) -> bytes:
        """One event as JSON."""
        return self.data[self._ends[number] : self._ends[number + 1] - 1]

    @classmethod
    def of(cls, events: Iterable[Event]) -> "EventLog":
        """A log of these events."""
        lines, times, collections = [], [], []
        for event in events:
            lines.append(json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
            times.append(event["time_us"])
            collections.append(event.get("commit", {}).get("collection", ""))
        return cls(b"".join(lines), times, collections, np.cumsum([len(line) for line in lines]).tolist())

    @classmethod
    def written(cls, events: Iterable[Event], path: Path) -> "EventLog":
        """A log of more events than memory should hold, in a file."""
        times, collections, ends, end = [], [], [], 0
        with path.open("wb") as file:
            for event in events:
                line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
                file.write(line)
                end += len(line)
                times.append(event["time_us"])
                collections.append(event.get("commit", {}).get("collection", ""))
                ends.append(end)
        with path.open("rb") as file:
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), times, collections, ends)


def did(account: str) -> str:
    """A DID for an account of another platform."""
    digest = hashlib.sha256(account.encode()).digest()
    return "did:plc:" + base64.b32encode(digest).decode().lower()[:24]


def uri(author: str, post_id: str, collection: str = "app.bsky.feed.post") -> str:
    """The address of a record."""
    return f"at://{author}/{collection}/{hashlib.sha256(post_id.encode()).hexdigest()[:13]}"


def commit(author: str, time_us: int, collection: str, rkey: str, record: Event | None) -> Event:
    """One event that creates a record, or deletes it where there is none."""
    written: Event = {"rev": "3k", "operation": "create" if record is not None else "delete"}
    written |= {"collection": collection, "rkey": rkey}
    if record is not None:
        written |= {"record": {"$type": collection, **record}, "cid": "bafy"}
    return {"did": author, "time_us": time_us, "kind": "commit", "commit": written}


def events_of(posts: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    """Posts in the order of time as events, with likes, follows, deletions and handles between them."""
    addresses: dict[str, str] = {}
    for number, post in enumerate(posts):
        author = did(post["account_id"])
        time_us = int(datetime.fromisoformat(post["created_at"]).timestamp() * 1e6) + number % 1_000
        known = {name: addresses.get(post.get(name) or "") for name in ("repost_of", "reply_to", "quote_of")}
        elsewhere = {
            name: known[name] or uri(did("elsewhere"), post[name]) for name in known if post.get(name)
        }
        collection = "app.bsky.feed.repost" if post.get("repost_of") else "app.bsky.feed.post"
        address = addresses[post["post_id"]] = uri(author, post["post_id"], collection)
        record: Event = {"createdAt": post["created_at"]}
        if "repost_of" in elsewhere:
            record["subject"] = {"uri": elsewhere["repost_of"], "cid": "bafy"}
        else:
            record |= _written(post, elsewhere)
        rkey = address.rpartition("/")[2]
        yield commit(author, time_us, collection, rkey, record)
        if number % 3 == 0:
            liked = {"subject": {"uri": address, "cid": "bafy"}}
            yield commit(did(f"fan {number}"), time_us, "app.bsky.feed.like", f"like{number}", liked)
        if number % 5 == 0:
            followed = {"createdAt": post["created_at"], "subject": author}
            yield commit(did(f"fan {number}"), time_us, "app.bsky.graph.follow", f"f{number}", followed)
        if number % 50 == 0:
            yield {
                "did": author,
                "time_us": time_us,
                "kind": "identity",
                "identity": {"did": author, "handle": f"a{number}.example"},
            }
            yield commit(did(f"fan {number}"), time_us, "app.bsky.feed.like", f"like{number}", None)


def _written(post: Mapping[str, Any], elsewhere: Mapping[str, str]) -> Event:
    features = [{"$type": "app.bsky.richtext.facet#link", "uri": link} for link in post.get("urls") or ()]
    features += [{"$type": "app.bsky.richtext.facet#tag", "tag": tag} for tag in post.get("hashtags") or ()]
    features += [
        {"$type": "app.bsky.richtext.facet#mention", "did": did(name)} for name in post.get("mentions") or ()
    ]
    record: Event = {"text": post.get("text") or "", "facets": [{"features": [one]} for one in features]}
    if post.get("lang"):
        record["langs"] = [post["lang"]]
    if "reply_to" in elsewhere:
        record["reply"] = {"parent": {"uri": elsewhere["reply_to"], "cid": "bafy"}}
    if "quote_of" in elsewhere:
        record["embed"] = {
            "$type": "app.bsky.embed.record",
            "record": {"uri": elsewhere["quote_of"], "cid": "bafy"},
        }
    return record


def traffic(begin_s: int, seconds: int, seed: int = 1, accounts: int = 200_000) -> Iterator[Event]:
    """Events at random in the shape of the whole network's traffic (`PER_SECOND`), in the order of time.

    Args:
        begin_s: time of the first, seconds since 1970 UTC.
        seconds: how long.
        seed: equal seeds give equal events.
        accounts: how many accounts act.
    """
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    people = [did(f"person {number}") for number in range(accounts)]
    kinds = [kind for kind, count in PER_SECOND.items() for _ in range(count)]
    recent: list[str] = [uri(people[0], "first")]
    number = 0
    for second in range(seconds):
        rng.shuffle(kinds)
        for place, kind in enumerate(kinds):
            number += 1
            time_us = (begin_s + second) * 1_000_000 + place * 1_000_000 // len(kinds)
            author = people[int(accounts * rng.random() ** 3)]  # few act often
            yield _random_event(rng, kind, author, time_us, f"k{number}", recent, people)


def _random_event(
    rng: random.Random, kind: str, author: str, time_us: int, rkey: str, recent: list[str], people: list[str]
) -> Event:
    if kind == "post":
        address = f"at://{author}/app.bsky.feed.post/{rkey}"
        if len(recent) < 5_000:
            recent.append(address)
        else:
            recent[rng.randrange(5_000)] = address
        record: Event = {"text": " ".join(rng.choices(_WORDS, k=rng.randint(4, 40))), "langs": ["en"]}
        if rng.random() < 0.15:
            link = f"https://site{rng.randrange(500)}.example/{rng.randrange(20)}"
            record["facets"] = [
                {"features": [{"$type": "app.bsky.richtext.facet#link", "uri": link}], "index": {}}
            ]
        if rng.random() < 0.4:
            record["reply"] = {"parent": {"uri": rng.choice(recent), "cid": "bafy"}}
        return commit(author, time_us, "app.bsky.feed.post", rkey, record)
    if kind in ("like", "repost"):
        subject = {"subject": {"uri": rng.choice(recent), "cid": "bafy"}}
        return commit(author, time_us, f"app.bsky.feed.{kind}", rkey, subject)
    if kind in ("follow", "block"):
        return commit(author, time_us, f"app.bsky.graph.{kind}", rkey, {"subject": rng.choice(people)})
    if kind == "delete":
        return commit(author, time_us, "app.bsky.feed.post", rkey, None)
    return {
        "did": author,
        "time_us": time_us,
        "kind": "identity",
        "identity": {"did": author, "handle": rkey},
    }
