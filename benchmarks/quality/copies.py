"""Copies of real posts without coordination: what is found in them was made by chance and interest.

    noise     accounts are exchanged among all posts of a day: activity and crowds stay
    interest  accounts are exchanged among the reposts of one author and day ("RT @author" in the text): how often each
              account reposts each author stays as well, and acting together goes. The sharpest of the three
    jitter    every post moves by 30 to 120 minutes, forward or back: who shares what stays, and only time goes.
              Where the same accounts share dozens of objects within hours, some of their synchrony remains

The files are canonical JSONL, gzipped. The same file, kind and seed give the same copy.
"""

import gzip
import random
import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

KINDS = ("noise", "interest", "jitter")
_REPOST = re.compile(r"RT @(\w+)")
_LEAST_MIN, _MOST_MIN = 30, 120


class _Post(msgspec.Struct):
    account_id: str
    created_at: str
    text: str = ""


def write_copy(source: Path, target: Path, kind: str, seed: int) -> None:
    """Write a copy of `source` without coordination to `target`, in order of time."""
    with gzip.open(source, "rb") as file:
        lines = file.readlines()
    decoder = msgspec.json.Decoder(_Post)
    posts = [decoder.decode(line) for line in lines]
    dice = random.Random(seed)  # noqa: S311 - copies must be the same again, not secret
    if kind == "jitter":
        times = [_moved(post.created_at, dice) for post in posts]
        order = sorted(range(len(posts)), key=times.__getitem__)
        changes = [(at, "created_at", times[at]) for at in order]
    else:
        accounts = _exchanged(posts, kind, dice)
        changes = [(at, "account_id", account) for at, account in enumerate(accounts)]
    with gzip.open(target, "wb", 1) as out:
        for at, field, value in changes:
            post = msgspec.json.decode(lines[at])
            post[field] = value
            out.write(msgspec.json.encode(post) + b"\n")


def _moved(time: str, dice: random.Random) -> str:
    minutes = dice.choice((-1, 1)) * dice.uniform(_LEAST_MIN, _MOST_MIN)
    moved = datetime.fromisoformat(time) + timedelta(minutes=minutes)
    return moved.isoformat(timespec="milliseconds")


def _exchanged(posts: Sequence[_Post], kind: str, dice: random.Random) -> list[str]:
    """The account of each post after the exchange; posts that are in no group keep theirs."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for at, post in enumerate(posts):
        day = post.created_at[:10]
        if kind == "noise":
            groups[day].append(at)
        elif author := _REPOST.match(post.text):
            groups[day, author[1]].append(at)
    accounts = [post.account_id for post in posts]
    for places in groups.values():
        drawn = [accounts[at] for at in places]
        dice.shuffle(drawn)
        for at, account in zip(places, drawn, strict=True):
            accounts[at] = account
    return accounts
