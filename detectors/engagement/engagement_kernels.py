"""Kernels of the rolling engagement counts: one pass over posts in event order, everything leaves as it came.

All state is in arrays that the caller makes room in, and in a vector of numbers (`state`) whose places are named here.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I32, I64, U64, Int, StructArray
from detectors.arrays.hashing import mix

POSTS = np.dtype(
    [
        ("key", np.uint64),
        ("account", np.int32),
        ("received", np.int32),  # row of `Tables.received`, or -1
        ("marks", np.uint16),  # bits by kind of target: given; by somebody else; found. Then the two below
    ]
)
ACCOUNTS = np.dtype(
    [
        ("reactions", np.int64),
        ("posts", np.int32),
        ("written", np.int32),  # without reposts
        ("measured", np.int32),  # of these, those with any number from the platform
        ("links", np.int32),  # of others to a site
        ("platform", np.int32),  # -1: has not posted
    ]
)
SEEN = np.dtype([("post", np.uint32), ("account", np.int32)])
"""A reaction: position of the post, modulo 2^32, and who reacted."""
LINKS = np.dtype([("site", np.int32), ("account", np.int32)])
PENDING = np.dtype([("target", np.uint64), ("post", np.int64), ("kind", np.int64)])
"""A reference to a post that is not there yet, but may come within the same second."""

MEASURED, REPOST = 1 << 9, 1 << 10
REFERENCES, FOUND = range(2)  # columns of `Tables.stream`
# places in the state; that of the links has the first five
(NEXT, OLDEST, TIME, PANE, EARLY, LOG_NEXT, LOG_OLDEST, ROWS, FREE, FREED, USED, WAITING) = range(12)
UNRESOLVED, CONFLICTS, STATE_SIZE = 12, 13, 14

LONG_AGO = -(1 << 62)
MOST_WAITING = 1 << 20
"""References that wait for their second to end; beyond, in such a second, order decides."""
_MOST = (1 << 31) - 1
_AHEAD = 32  # rows whose places are fetched before they are needed
_LOW = np.uint64(0xFFFFFFFF)


class EngagementTables(NamedTuple):
    """All that is held of posts."""

    posts: StructArray  # by position modulo the size, in event order
    places: U64  # open addressing: upper half of the key's hash above the position; 0 is an empty place
    received: I32  # (rows, 7): seen reposts, replies, quotes; the same as given by the platform; likes
    log: StructArray  # of `SEEN`
    pending: StructArray
    accounts: StructArray
    stream: I64  # (platforms, 2): references of posts held to posts of others; those found
    starts: I64  # first position of each pane, by pane modulo their number


class PostRows(NamedTuple):
    """Rows of posts in event order, as for `detectors.engagement.engagement.EngagementStore.add`."""

    accounts: I32
    times: I64
    keys: U64
    targets: U64
    metrics: I64
    platforms: I32


@compiled
def move_ring(old: StructArray, new: StructArray, begin: Int, end: Int) -> None:
    """Copy what is at the positions from `begin` to before `end` to a larger ring."""
    for position in range(begin, end):
        new[position % len(new)] = old[position % len(old)]


@compiled
def _age(entry: np.uint64, state: I64) -> Int:
    """How many posts ago an entry of the index was made; beyond those held for one whose post has left."""
    return np.int64((np.uint64(state[NEXT]) - entry - np.uint64(1)) & _LOW) + 1


@compiled
def _tag(key: np.uint64) -> np.uint64:
    return mix(key) >> np.uint64(32) | np.uint64(1)


@compiled
def _first_place(index: U64, tag: np.uint64) -> Int:
    """Where to begin to look for a key: places keep the order of the tags."""
    return np.int64(tag * np.uint64(len(index)) >> np.uint64(32))


@compiled
def _put(index: U64, entry: np.uint64, state: I64) -> None:
    at = _first_place(index, entry >> np.uint64(32))
    while index[at] != 0 and _age(index[at], state) <= state[NEXT] - state[OLDEST]:
        at += 1
        if at == len(index):
            at = np.int64(0)
    state[USED] += index[at] == 0
    index[at] = entry


@compiled
def move_index(old: U64, new: U64, state: I64) -> None:
    """Enter the posts that are held into a new index; places keep the order of the hashes, so both are passed once."""
    state[USED] = 0
    for at in range(len(old)):
        if old[at] != 0 and _age(old[at], state) <= state[NEXT] - state[OLDEST]:
            _put(new, old[at], state)


@compiled
def _find(tables: EngagementTables, state: I64, key: np.uint64) -> Int:
    """Position of a post that is held, or -1."""
    index, posts = tables.places, tables.posts
    tag = _tag(key)
    at = _first_place(index, tag)
    while index[at] != 0:
        if index[at] >> np.uint64(32) == tag:
            age = _age(index[at], state)
            if age <= state[NEXT] - state[OLDEST]:
                position = state[NEXT] - age
                if posts[position % len(posts)].key == key:
                    return np.int64(position)
        at += 1
        if at == len(index):
            at = np.int64(0)
    return np.int64(-1)


@compiled
def add_posts(rows: PostRows, tables: EngagementTables, state: I64, pane_s: int, most: int) -> np.uint64:
    """Take in rows; of posts no more than `most` are held. What it returns means nothing."""
    posts, accounts, index = tables.posts, tables.accounts, tables.places
    fetched = np.uint64(0)
    for row in range(len(rows.times)):
        if row % _AHEAD == 0:
            # places lie all over memory: asking for several at once hides most of the wait
            for later in range(row, min(row + _AHEAD, len(rows.times))):
                fetched += index[_first_place(index, _tag(rows.keys[later]))]
                for kind in range(3):
                    if rows.targets[later, kind] != 0:
                        fetched += index[_first_place(index, _tag(rows.targets[later, kind]))]
        if rows.times[row] > state[TIME]:
            advance(tables, state, rows.times[row], pane_s)
        account = rows.accounts[row]
        position = _find(tables, state, rows.keys[row])
        if position < 0:
            if state[NEXT] - state[OLDEST] >= most:
                _leave(tables, state)
                state[EARLY] += 1
            position = state[NEXT]
            _put(tables.places, _tag(rows.keys[row]) << np.uint64(32) | np.uint64(position) & _LOW, state)
            state[NEXT] += 1
            post = posts[position % len(posts)]
            post.key = rows.keys[row]
            post.account = account
            post.received = -1
            post.marks = REPOST if rows.targets[row, 0] != 0 else 0
            accounts[account].posts += 1
            accounts[account].written += rows.targets[row, 0] == 0
            if accounts[account].platform < 0:
                accounts[account].platform = rows.platforms[row]
        post = posts[position % len(posts)]
        if post.account != account:
            state[CONFLICTS] += 1
            continue
        if not post.marks & REPOST:
            for kind in range(4):
                given = min(rows.metrics[row, kind], _MOST)
                if given >= 0 and not post.marks & MEASURED:
                    post.marks |= MEASURED
                    accounts[account].measured += 1
                if given > 0:
                    _take(tables, state, position, 3 + kind, given)
        for kind in range(3):
            if rows.targets[row, kind] != 0 and not post.marks & (1 << kind):
                post.marks |= 1 << kind
                _refer(tables, state, position, kind, rows.targets[row, kind], False)
    return fetched


@compiled
def _take(tables: EngagementTables, state: I64, position: Int, column: Int, value: Int) -> None:
    """Note what a post received: at least `value` in a column given, one more in a column seen."""
    received = tables.received
    post = tables.posts[position % len(tables.posts)]
    if post.received < 0:
        if state[FREE] >= 0:
            post.received = state[FREE]
            state[FREE] = received[post.received, 0]
            state[FREED] -= 1
        else:
            post.received = state[ROWS]
            state[ROWS] += 1
        received[post.received] = 0
    before = _total(received, post.received)
    if column < 3:
        value += received[post.received, column]
    received[post.received, column] = max(received[post.received, column], value)
    tables.accounts[post.account].reactions += _total(received, post.received) - before


@compiled
def _total(received: I32, row: Int) -> Int:
    total = np.int64(received[row, 6])
    for kind in range(3):
        total += max(received[row, kind], received[row, 3 + kind])
    return total


@compiled
def _refer(
    tables: EngagementTables, state: I64, position: Int, kind: Int, target: np.uint64, last: bool
) -> None:
    """Count a reference of a post to another; wait for the other to come, unless this is the `last` time."""
    posts, accounts, log = tables.posts, tables.accounts, tables.log
    post = posts[position % len(posts)]
    found = _find(tables, state, target)
    if found < 0 and not last and state[WAITING] < MOST_WAITING:
        waiting = tables.pending[state[WAITING]]
        waiting.target = target
        waiting.post = position
        waiting.kind = kind
        state[WAITING] += 1
        return
    if found >= 0 and posts[found % len(posts)].account == post.account:
        return
    stream = tables.stream[accounts[post.account].platform]
    post.marks |= 8 << kind
    stream[REFERENCES] += 1
    if found < 0:
        state[UNRESOLVED] += 1
        return
    post.marks |= 64 << kind
    stream[FOUND] += 1
    seen = log[state[LOG_NEXT] % len(log)]
    seen.post = np.uint64(found) & _LOW
    seen.account = post.account
    state[LOG_NEXT] += 1
    if not posts[found % len(posts)].marks & REPOST:
        _take(tables, state, found, kind, 1)


@compiled
def _leave(tables: EngagementTables, state: I64) -> None:
    """Take out the oldest post and all that it brought."""
    post = tables.posts[state[OLDEST] % len(tables.posts)]
    account = tables.accounts[post.account]
    account.posts -= 1
    account.written -= not post.marks & REPOST
    account.measured -= post.marks & MEASURED != 0
    for kind in range(3):
        found = post.marks >> (6 + kind) & 1
        tables.stream[account.platform, REFERENCES] -= post.marks >> (3 + kind) & 1
        tables.stream[account.platform, FOUND] -= found
        state[LOG_OLDEST] += found
    if post.received >= 0:
        account.reactions -= _total(tables.received, post.received)
        tables.received[post.received, 0] = state[FREE]
        state[FREE] = post.received
        state[FREED] += 1
    state[OLDEST] += 1


@compiled
def _open_panes(starts: I64, state: I64, pane: Int) -> Int:
    """Begin all panes up to `pane`; returns the first position that is still in the window."""
    if pane > state[PANE]:
        for opened in range(max(state[PANE], pane - len(starts)) + 1, pane + 1):
            starts[opened % len(starts)] = state[NEXT]
        state[PANE] = pane
    return np.int64(starts[(pane + 1) % len(starts)])


@compiled
def advance(tables: EngagementTables, state: I64, time: Int, pane_s: int) -> None:
    """Settle the second that has passed, and take out the panes that have."""
    if time <= state[TIME]:
        return
    for row in range(state[WAITING]):
        waiting = tables.pending[row]
        if waiting.post >= state[OLDEST]:
            _refer(tables, state, waiting.post, waiting.kind, waiting.target, True)
    state[WAITING] = 0
    state[TIME] = time
    first = _open_panes(tables.starts, state, time // pane_s)
    while state[OLDEST] < first:
        _leave(tables, state)


@compiled
def add_links(
    sites: I32,
    by: I32,
    times: I64,
    links: StructArray,
    accounts: StructArray,
    state: I64,
    starts: I64,
    pane_s: int,
) -> None:
    """Take in links to sites; the ring has the room that there is."""
    for row in range(len(times)):
        advance_links(links, accounts, state, starts, times[row] // pane_s)
        state[TIME] = times[row]
        if sites[row] == by[row]:
            continue
        if state[NEXT] - state[OLDEST] >= len(links):
            accounts[links[state[OLDEST] % len(links)].site].links -= 1
            state[OLDEST] += 1
            state[EARLY] += 1
        link = links[state[NEXT] % len(links)]
        link.site = sites[row]
        link.account = by[row]
        accounts[sites[row]].links += 1
        state[NEXT] += 1


@compiled
def advance_links(links: StructArray, accounts: StructArray, state: I64, starts: I64, pane: Int) -> None:
    """Take out the links of panes that have passed."""
    first = _open_panes(starts, state, pane)
    while state[OLDEST] < first:
        accounts[links[state[OLDEST] % len(links)].site].links -= 1
        state[OLDEST] += 1


@compiled
def count_received(
    tables: EngagementTables, state: I64, links: StructArray, link_state: I64, place: I32, counts: I64
) -> None:
    """Add to `counts` the reactions between accounts that have a `place` (from 1; 0: none)."""
    posts, log = tables.posts, tables.log
    held = state[NEXT] - state[OLDEST]
    # no remainder for each: a division costs more than all else
    slot = state[LOG_OLDEST] % len(log)
    for _ in range(state[LOG_OLDEST], state[LOG_NEXT]):
        seen = log[slot]
        slot = slot + 1 if slot + 1 < len(log) else np.int64(0)
        if place[seen.account] != 0:
            age = _age(np.uint64(seen.post), state)
            post = posts[(state[NEXT] - age) % len(posts)]
            if age <= held and place[post.account] != 0 and not post.marks & REPOST:
                counts[place[post.account] - 1] += 1
    for at in range(link_state[OLDEST], link_state[NEXT]):
        link = links[at % len(links)]
        if place[link.account] != 0 and place[link.site] != 0:
            counts[place[link.site] - 1] += 1
