"""What the engagement counts hold: records, tables and counters, and the rings and panes in which both kinds age.

Posts and links stand in rings, in event order. A *position* counts posts (or links) from the start of the stream and
never falls; position p stands at place p modulo the ring's size. A *pane* is a stretch of event time, an hour by
default: all that began in it leaves with it.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I32, I64, U64, Int, StructArray

POSTS = np.dtype(
    [
        ("key", np.uint64),
        ("account", np.int32),
        ("received", np.int32),  # row of `EngagementTables.received`, or -1
        (
            "marks",
            np.uint16,
        ),  # bits: `GIVEN`, `TO_OTHERS` and `RESOLVED` by kind of target; `MEASURED`, `REPOST`
    ]
)
GIVEN, TO_OTHERS, RESOLVED = 1, 1 << 3, 1 << 6
"""Marks of a post, each shifted by the kind of target (0 repost, 1 reply, 2 quote): it has such a target; the target
is a post of another account, or of an unknown one; the target is in the stream."""
MEASURED, REPOST = 1 << 9, 1 << 10
"""Marks of a post: the platform gave a number of reactions to it; it is a repost."""

ACCOUNTS = np.dtype(
    [
        ("reactions", np.int64),
        ("posts", np.int32),
        ("written", np.int32),  # posts that are no reposts
        ("measured", np.int32),  # written posts with any number from the platform
        ("links", np.int32),  # links from other accounts to a site
        ("platform", np.int32),  # -1: the account has not posted
    ]
)
SEEN = np.dtype([("post", np.uint32), ("account", np.int32)])
"""One reaction seen in the stream: position of the post, modulo 2^32, and the account that reacted."""
LINKS = np.dtype([("site", np.int32), ("account", np.int32)])
PENDING = np.dtype([("target", np.uint64), ("post", np.int64), ("kind", np.int64)])
"""A reference to a post that is not there yet, but may come within the same second."""

REFERENCES, FOUND = range(2)
"""Columns of `EngagementTables.stream`."""

LINK_STATE = np.dtype(
    [
        ("end", np.int64),  # position after the newest
        ("oldest", np.int64),  # position of the oldest that is held
        ("time", np.int64),  # of the latest row, seconds
        ("pane", np.int64),  # the latest that has begun
        ("evicted_early", np.int64),  # how many left before their time for want of room
    ]
)
POST_STATE = np.dtype(
    [
        *((name, np.int64) for name in LINK_STATE.names or ()),
        ("log_end", np.int64),  # position after the newest reaction of the log
        ("log_oldest", np.int64),
        ("received_end", np.int64),  # rows of `received` that were ever used
        (
            "first_freed",
            np.int64,
        ),  # the row of `received` to use next, or -1; its first number is the one after it
        ("freed", np.int64),  # rows of `received` that can be used again
        ("places_used", np.int64),  # places of the index that are not empty
        ("waiting", np.int64),  # references in `pending`
        ("unresolved", np.int64),  # references to posts that the stream did not show
        ("conflicts", np.int64),  # rows left out: another account had posted under the same key
    ]
)
LinkState: TypeAlias = Any
"""A record of `LINK_STATE`; mypy does not know the fields of numpy's records."""
PostState: TypeAlias = Any
"""A record of `POST_STATE`."""

LONG_AGO = -(1 << 62)
"""Time and pane before the first row."""


class EngagementTables(NamedTuple):
    """All that is held of posts and accounts."""

    posts: StructArray  # of POSTS, a ring
    places: U64  # hash index of posts: upper half of the key's hash, then the position modulo 2^32; 0: empty
    received: I32  # (rows, 7): seen reposts, replies, quotes; the same as the platform gave them; likes
    log: StructArray  # of SEEN, a ring
    pending: StructArray  # of PENDING
    accounts: StructArray  # of ACCOUNTS
    stream: I64  # (platforms, 2): references of held posts to posts of others; those whose post was found
    starts: I64  # position of the first post of each pane, by pane modulo their number


class PostRows(NamedTuple):
    """Rows of posts in event order, as for `detectors.engagement.engagement.EngagementStore.add`."""

    accounts: I32
    times: I64
    keys: U64
    targets: U64
    metrics: I64
    platforms: I32


def new_accounts(count: int) -> StructArray:
    """Records of accounts that have not posted."""
    rows = np.zeros(count, ACCOUNTS)
    rows["platform"] = -1
    return rows


def ring_with_room(ring: StructArray, begin: int, end: int, extra: int, most: int) -> StructArray:
    """The ring, or a larger copy of it.

    Args:
        ring: what is between the positions `begin` and `end` is kept.
        begin: position of the oldest record.
        end: position after the newest.
        extra: records that will be added.
        most: greatest size of the ring.
    """
    needed = min(end - begin + extra, most)
    if needed <= len(ring):
        return ring
    larger = np.zeros(min(most, max(needed, len(ring) * 3 // 2)), ring.dtype)
    _move_ring(ring, larger, begin, end)
    return larger


@compiled
def _move_ring(old: StructArray, new: StructArray, begin: Int, end: Int) -> None:
    for position in range(begin, end):
        new[position % len(new)] = old[position % len(old)]


@compiled
def first_open_position(starts: I64, state: LinkState, pane: Int) -> Int:
    """Begin all panes up to `pane`; returns the first position that is still in the window."""
    if pane > state.pane:
        for opened in range(max(state.pane, pane - len(starts)) + 1, pane + 1):
            starts[opened % len(starts)] = state.end
        state.pane = pane
    return np.int64(starts[(pane + 1) % len(starts)])
