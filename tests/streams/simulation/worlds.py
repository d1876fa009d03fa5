"""Simulated folders read back, and which account was copied from which."""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from streams.simulation.records.canonical import Label, read_labels

Row = dict[str, Any]


@dataclass(frozen=True)
class Folder:
    """A simulation on disk."""

    path: Path

    @cached_property
    def posts(self) -> list[Row]:
        return rows(self.path / "posts.jsonl.gz")

    @cached_property
    def follows(self) -> list[Row]:
        return rows(self.path / "follows.jsonl.gz")

    @cached_property
    def accounts(self) -> dict[str, Row]:
        return {row["account_id"]: row for row in rows(self.path / "accounts.jsonl.gz")}

    @cached_property
    def registry(self) -> list[Row]:
        return [json.loads(line) for line in (self.path / "registry.jsonl").read_text().splitlines()]

    @cached_property
    def labels(self) -> dict[str, Label]:
        return {label.account_id: label for label in read_labels(self.path / "labels.csv")}

    def posts_of(self, label: str, group: str = "") -> list[Row]:
        """Posts of accounts with a label, in groups whose names begin so."""
        who = {one for one, at in self.labels.items() if at.label == label and at.group.startswith(group)}
        return [post for post in self.posts if post["account_id"] in who]

    def domains(self, *parts: str) -> set[str]:
        """Domains of registry entities whose ids end so."""
        return {
            domain
            for entity in self.registry
            if entity["entity_id"].endswith(parts)
            for domain in entity.get("domains", [])
        }

    def accounts_of(self, *parts: str) -> set[str]:
        """Ids of the accounts of registry entities whose ids hold one of `parts`."""
        ids = set()
        for entity in self.registry:
            if any(part in entity["entity_id"] for part in parts):
                known = entity.get("accounts", [])
                given = {account.get("account_id") for account in known}
                handles = {account.get("handle") for account in known} - {None}
                ids |= {
                    one for one, row in self.accounts.items() if one in given or row.get("handle") in handles
                }
        return ids

    def followers(self) -> dict[str, set[str]]:
        """Which account follows which in the end."""
        following: dict[str, set[str]] = defaultdict(set)
        for event in self.follows:
            if event["action"] == "unfollow":
                following[event["followee_id"]].remove(event["follower_id"])
            else:
                following[event["followee_id"]].add(event["follower_id"])
        return following


class Originals:
    """Texts by their words, to find what another text was made from."""

    def __init__(self, posts: Iterable[Row]) -> None:
        self.posts = [post for post in posts if "repost_of" not in post]
        self._places: dict[str, set[int]] = defaultdict(set)
        self._words = [words(post["text"]) for post in self.posts]
        for number, found in enumerate(self._words):
            for word in found:
                self._places[word].add(number)

    def source(self, text: str, least: float = 0.6) -> Row | None:
        """The earliest post of which `text` holds most words."""
        said = words(text)
        near = set().union(*(self._places.get(word, set()) for word in said))
        for number in sorted(near):
            own = self._words[number]
            if len(own) >= 6 and len(own & said) >= least * len(own):
                return self.posts[number]
        return None


def rows(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def words(text: str) -> set[str]:
    """Words without links, mentions and marks; Chinese by single characters."""
    plain = re.sub(r"https?://\S+|@\w+|#\w+|\uff20\w+|\u2022\w+", " ", text)
    return set(re.findall(r"[a-z]+|[\u4e00-\u9fff]", plain.lower()))


def host(url: str) -> str:
    return url.split("/")[2]
