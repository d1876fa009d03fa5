"""Kernels of posts and what they received: one pass in event order; whatever a post brought leaves with it.

The caller makes room in the tables (`detectors.engagement.engagement_tables`). The index of posts is an open-addressing
hash index like those of `detectors.arrays.hash_index`, but its entries grow stale: a post that leaves stays in the
index until its place is needed. An entry is therefore a hash and a position, and a position that is too old counts as
an empty place for new entries. Places keep the order of the hashes, so that an index is moved in order of memory.
"""

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I32, I64, U64, Int
from detectors.arrays.hash_index import place_in_order
from detectors.arrays.hashing import mix
from detectors.engagement.engagement_tables import (
    FOUND,
    GIVEN,
    MEASURED,
    REFERENCES,
    REPOST,
    RESOLVED,
    TO_OTHERS,
    EngagementTables,
    PostRows,
    PostState,
    first_open_position,
)

MOST_WAITING = 1 << 20
"""References that can wait for their second to end. In a second with more, those beyond the limit are looked up at
once, so the order of rows within the second decides about them. Chosen to bound memory to 24 MB, not measured."""
_MOST = (1 << 31) - 1
"""Greatest count that a table of int32 holds; a platform's number above it is cut."""
_AHEAD = 32  # rows whose places are fetched before they are needed
_LOW = np.uint64(0xFFFFFFFF)


@compiled
def add_posts(
    rows: PostRows, tables: EngagementTables, state: PostState, pane_s: int, most: int
) -> np.uint64:
    """Take in rows; the oldest posts leave early where more than `most` would be held.

    Returns:
        A number without meaning: it keeps the compiler from leaving out the loads that only fetch memory.
    """
    posts, accounts, index = tables.posts, tables.accounts, tables.places
    fetched = np.uint64(0)
    for row in range(len(rows.times)):
        if row % _AHEAD == 0:
            # places lie all over memory: asking for several at once hides most of the wait
            for later in range(row, min(row + _AHEAD, len(rows.times))):
                fetched += index[place_in_order(_hash(rows.keys[later]), len(index))]
                for kind in range(3):
                    if rows.targets[later, kind] != 0:
                        fetched += index[place_in_order(_hash(rows.targets[later, kind]), len(index))]
        if rows.times[row] > state.time:
            advance_posts(tables, state, rows.times[row], pane_s)
        account = rows.accounts[row]
        position = _find(tables, state, rows.keys[row])
        if position < 0:
            if state.end - state.oldest >= most:
                _drop_oldest(tables, state)
                state.evicted_early += 1
            position = state.end
            _put(tables.places, _hash(rows.keys[row]) & ~_LOW | np.uint64(position) & _LOW, state)
            state.end += 1
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
            state.conflicts += 1
            continue
        if not post.marks & REPOST:
            for kind in range(4):
                given = min(rows.metrics[row, kind], _MOST)
                if given >= 0 and not post.marks & MEASURED:
                    post.marks |= MEASURED
                    accounts[account].measured += 1
                if given > 0:
                    _receive(tables, state, position, 3 + kind, given)
        for kind in range(3):
            if rows.targets[row, kind] != 0 and not post.marks & (GIVEN << kind):
                post.marks |= GIVEN << kind
                _add_reference(tables, state, position, kind, rows.targets[row, kind], False)
    return fetched


@compiled
def advance_posts(tables: EngagementTables, state: PostState, time: Int, pane_s: int) -> None:
    """Look up the references that waited for the second to end, and take out the posts of panes that have passed."""
    if time <= state.time:
        return
    for row in range(state.waiting):
        waiting = tables.pending[row]
        if waiting.post >= state.oldest:
            _add_reference(tables, state, waiting.post, waiting.kind, waiting.target, True)
    state.waiting = 0
    state.time = time
    first = first_open_position(tables.starts, state, time // pane_s)
    while state.oldest < first:
        _drop_oldest(tables, state)


@compiled
def count_received_reactions(tables: EngagementTables, state: PostState, place: I32, counts: I64) -> None:
    """Add to `counts` the reactions to posts between accounts that have a `place` (from 1; 0: none)."""
    posts, log = tables.posts, tables.log
    held = state.end - state.oldest
    # the slot is counted up: a division for each would cost more than all else
    slot = state.log_oldest % len(log)
    for _ in range(state.log_oldest, state.log_end):
        seen = log[slot]
        slot = slot + 1 if slot + 1 < len(log) else np.int64(0)
        if place[seen.account] != 0:
            age = _age(np.uint64(seen.post), state)
            post = posts[(state.end - age) % len(posts)]
            if age <= held and place[post.account] != 0 and not post.marks & REPOST:
                counts[place[post.account] - 1] += 1


@compiled
def move_index(old: U64, new: U64, state: PostState) -> None:
    """Enter the posts that are held into a new, empty index, both in the order of their places."""
    state.places_used = 0
    for place in range(len(old)):
        if old[place] != 0 and _age(old[place], state) <= state.end - state.oldest:
            _put(new, old[place], state)


@compiled
def _receive(tables: EngagementTables, state: PostState, position: Int, column: Int, value: Int) -> None:
    """Count what a post received.

    Args:
        tables: what is held.
        state: its counters.
        position: of the post.
        column: of `EngagementTables.received`. In the first three, of reactions seen, `value` is added; in those
            that the platform gives, the greatest value counts.
        value: 1 or more.
    """
    received = tables.received
    post = tables.posts[position % len(tables.posts)]
    if post.received < 0:
        if state.first_freed >= 0:
            post.received = state.first_freed
            state.first_freed = received[post.received, 0]
            state.freed -= 1
        else:
            post.received = state.received_end
            state.received_end += 1
        received[post.received] = 0
    before = _total(received, post.received)
    if column < 3:
        value += received[post.received, column]
    received[post.received, column] = max(received[post.received, column], value)
    tables.accounts[post.account].reactions += _total(received, post.received) - before


@compiled
def _total(received: I32, row: Int) -> Int:
    """Reactions to a post: of each kind the greater of those seen and those given, and the likes."""
    total = np.int64(received[row, 6])
    for kind in range(3):
        total += max(received[row, kind], received[row, 3 + kind])
    return total


@compiled
def _add_reference(
    tables: EngagementTables, state: PostState, position: Int, kind: Int, target: np.uint64, last: bool
) -> None:
    """Count a reference of a post to another.

    Where the other is not there, the reference waits for the end of the second, unless this is the `last` look-up.
    """
    posts, accounts, log = tables.posts, tables.accounts, tables.log
    post = posts[position % len(posts)]
    referred = _find(tables, state, target)
    if referred < 0 and not last and state.waiting < MOST_WAITING:
        waiting = tables.pending[state.waiting]
        waiting.target = target
        waiting.post = position
        waiting.kind = kind
        state.waiting += 1
        return
    if referred >= 0 and posts[referred % len(posts)].account == post.account:
        return
    stream = tables.stream[accounts[post.account].platform]
    post.marks |= TO_OTHERS << kind
    stream[REFERENCES] += 1
    if referred < 0:
        state.unresolved += 1
        return
    post.marks |= RESOLVED << kind
    stream[FOUND] += 1
    seen = log[state.log_end % len(log)]
    seen.post = np.uint64(referred) & _LOW
    seen.account = post.account
    state.log_end += 1
    if not posts[referred % len(posts)].marks & REPOST:
        _receive(tables, state, referred, kind, 1)


@compiled
def _drop_oldest(tables: EngagementTables, state: PostState) -> None:
    """Take out the oldest post, its references and what it received."""
    post = tables.posts[state.oldest % len(tables.posts)]
    account = tables.accounts[post.account]
    account.posts -= 1
    account.written -= not post.marks & REPOST
    account.measured -= post.marks & MEASURED != 0
    for kind in range(3):
        resolved = post.marks & (RESOLVED << kind) != 0
        tables.stream[account.platform, REFERENCES] -= post.marks & (TO_OTHERS << kind) != 0
        tables.stream[account.platform, FOUND] -= resolved
        state.log_oldest += resolved
    if post.received >= 0:
        account.reactions -= _total(tables.received, post.received)
        tables.received[post.received, 0] = state.first_freed
        state.first_freed = post.received
        state.freed += 1
    state.oldest += 1


@compiled
def _age(entry: np.uint64, state: PostState) -> Int:
    """How many posts ago the post of an entry came: 1 for the newest, more than are held where it has left."""
    return np.int64((np.uint64(state.end) - entry - np.uint64(1)) & _LOW) + 1


@compiled
def _hash(key: np.uint64) -> np.uint64:
    """The hash of a key; its upper half is never 0, since 0 marks an empty place."""
    return mix(key) | np.uint64(1 << 32)


@compiled
def _put(index: U64, entry: np.uint64, state: PostState) -> None:
    """Write an entry to the first place from where its search begins that is empty or stale."""
    place = place_in_order(entry, len(index))
    while index[place] != 0 and _age(index[place], state) <= state.end - state.oldest:
        place += 1
        if place == len(index):
            place = np.int64(0)
    state.places_used += index[place] == 0
    index[place] = entry


@compiled
def _find(tables: EngagementTables, state: PostState, key: np.uint64) -> Int:
    """Position of a post that is held, or -1."""
    index, posts = tables.places, tables.posts
    hashed = _hash(key)
    place = place_in_order(hashed, len(index))
    while index[place] != 0:
        if (index[place] ^ hashed) >> np.uint64(32) == 0:
            age = _age(index[place], state)
            if age <= state.end - state.oldest:
                position = state.end - age
                if posts[position % len(posts)].key == key:
                    return np.int64(position)
        place += 1
        if place == len(index):
            place = np.int64(0)
    return np.int64(-1)
