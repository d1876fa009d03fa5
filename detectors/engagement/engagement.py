"""How much accounts post and how many reactions they receive: rolling counts over the last days of event time.

A post belongs to the pane of its time (an hour by default). When the pane leaves the window, the post leaves with its
references and the reactions to it. Reactions are counted once: of each kind, the greater of the reactions seen in the
stream and the number that the platform gave.

No reactions seen does not mean that there were none. That is *known* only where the platform gave numbers, or where the
stream carries reactions: most of the posts that are reposted, answered or quoted in it are in it as well. In the real
data sets that were tried, none are (0 of 558,698 references), so engagement there is unknown.

A repost is a post, but its account did not write it: reactions to it, and numbers given with it, belong to the
original.

Memory in bytes: about 35 for a post (18, up to half as much in reserve, and 11-24 in the index), 28 more for a post
that received anything, 8-12 for a reaction seen or a link to a site, 28-42 for an account (measured with
`python -m benchmarks.engagement`).
"""

from typing import ClassVar, NamedTuple

import numpy as np

from detectors.arrays.dtypes import I32, I64, U64
from detectors.engagement.engagement_tables import (
    FOUND,
    LINK_STATE,
    LINKS,
    LONG_AGO,
    PENDING,
    POST_STATE,
    POSTS,
    REFERENCES,
    SEEN,
    EngagementTables,
    PostRows,
    new_accounts,
    ring_with_room,
)
from detectors.engagement.link_kernels import add_links, advance_links, count_received_links
from detectors.engagement.post_kernels import (
    MOST_WAITING,
    add_posts,
    advance_posts,
    count_received_reactions,
    move_index,
)

_FIRST_SIZE = 1 << 12
"""Places of the index and records of accounts to begin with."""
_STEP = 1 << 14
"""Rows that one call of a kernel takes; bounds how much room is made in advance."""
_LEAST_CARRIED = 100
"""A platform's stream with fewer than one reaction in this many posts does not count as carrying reactions. Chosen so
that a handful of accidental finds does not make zeros known; not measured."""


class EngagementTable(NamedTuple):
    """Posts and reactions of each account over the window, by account number; int64 each."""

    posts: I64
    """Posts, reposts included."""
    reactions: I64
    """Reposts, replies, quotes and likes by others of the posts that it wrote, as far as they were seen or given; for a
    site, links."""
    known_posts: I64
    """Written posts whose reactions are known, even if there were none. 0: engagement is unknown, not low."""


class EngagementStore:
    """Rolling counts of posts and reactions for all accounts.

    Times never fall from call to call. Results depend on the rows and on the times of `expire` and `table`, never on
    where batches end.

    Args:
        pane_s: length of a pane, seconds.
        window_days: days for which a post counts, and until its pane has passed; a multiple of `pane_s`.
        max_posts: most posts held, and most links held. The oldest leave early when there are more, and
            `evicted_early` counts them.
        resolved_share: share of the references to posts of others on a platform that must be in the stream for it to
            count as carrying reactions. A sample of a tenth of all posts carries a tenth of the reactions.

    Raises:
        ValueError: the window is no multiple of the pane, or `max_posts` is out of bounds.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_pane_s", "_max_posts", "_resolved_share"})

    def __init__(
        self,
        pane_s: int = 3_600,
        window_days: int = 7,
        max_posts: int = 1 << 24,
        resolved_share: float = 0.5,
    ) -> None:
        if pane_s < 1 or window_days < 1 or window_days * 86_400 % pane_s:
            raise ValueError("window_days must be a multiple of pane_s")
        if not 1 <= max_posts < 1 << 30:
            raise ValueError("max_posts must be 1 or more and below 2^30")
        self._pane_s, self._max_posts, self._resolved_share = pane_s, max_posts, resolved_share
        panes = window_days * 86_400 // pane_s + 1
        self._tables = EngagementTables(
            np.zeros(1, POSTS),
            np.zeros(_FIRST_SIZE, np.uint64),
            np.zeros((1, 7), np.int32),
            np.zeros(1, SEEN),
            np.zeros(1, PENDING),
            new_accounts(_FIRST_SIZE),
            np.zeros((1, 2), np.int64),
            np.zeros(panes, np.int64),
        )
        self._post_state = np.zeros(1, POST_STATE)
        self._post_state[["time", "pane"]] = LONG_AGO
        self._post_state["first_freed"] = -1
        self._links = np.zeros(1, LINKS)
        self._link_starts = np.zeros(panes, np.int64)
        self._link_state = np.zeros(1, LINK_STATE)
        self._link_state[["time", "pane"]] = LONG_AGO
        self._now = LONG_AGO

    def __len__(self) -> int:
        """Posts held."""
        return int(self._post_state["end"][0] - self._post_state["oldest"][0])

    @property
    def nbytes(self) -> int:
        """Bytes of all tables, reserved room included."""
        return sum(table.nbytes for table in (*self._tables, self._links, self._link_starts))

    @property
    def evicted_early(self) -> int:
        """Posts and links that left before their time because there were more than `max_posts`."""
        return int(self._post_state["evicted_early"][0] + self._link_state["evicted_early"][0])

    @property
    def unresolved(self) -> int:
        """References to posts that were not in the stream or had left. These reactions count for no account."""
        return int(self._post_state["unresolved"][0])

    @property
    def conflicts(self) -> int:
        """Rows left out because another account had posted under the same key."""
        return int(self._post_state["conflicts"][0])

    def add(
        self,
        accounts: I32,
        times: I64,
        post_keys: U64,
        targets: U64,
        metrics: I64,
        platforms: I32 | None = None,
    ) -> None:
        """Add posts in event order. Further rows of a post may add targets and numbers that earlier rows lacked.

        Args:
            accounts: int32, account number of each row.
            times: int64, seconds since 1970 UTC.
            post_keys: uint64, keys of the posts; never 0.
            targets: uint64, shape (n, 3): keys of the posts that the row reposts, answers and quotes; 0: none. Of each
                kind the first target of a post counts. A post is a repost if its first row has a reposted target.
            metrics: int64, shape (n, 4): reposts, replies, quotes and likes that the platform gives; -1: unknown. The
                greatest number counts.
            platforms: int32, small numbers from 0; if left out, all are on one platform. Sites need a platform of
                their own.

        Raises:
            ValueError: shapes differ, times fall, or a number is below 0.
        """
        where = np.zeros(len(times), np.int32) if platforms is None else platforms
        rows = PostRows(accounts, times, post_keys, targets, metrics, where)
        if {len(column) for column in rows} != {len(times)} or targets.shape[1:] + metrics.shape[1:] != (
            3,
            4,
        ):
            raise ValueError("targets must have the shape (n, 3), metrics (n, 4), and all else the length n")
        if not len(times):
            return
        if min(accounts.min(), where.min()) < 0:
            raise ValueError("account and platform numbers start at 0")
        self._check(times, int(self._post_state["time"][0]))
        for begin in range(0, len(times), _STEP):
            step = slice(begin, begin + _STEP)
            # copies, because columns may be read-only or strided, and the kernels are compiled for neither
            part = PostRows(
                np.array(accounts[step], np.int32),
                np.array(times[step], np.int64),
                np.array(post_keys[step], np.uint64),
                np.array(targets[step], np.uint64, order="C"),
                np.array(metrics[step], np.int64, order="C"),
                np.array(where[step], np.int32),
            )
            self._reserve(len(part.times), int(part.accounts.max()) + 1, int(part.platforms.max()) + 1)
            add_posts(part, self._tables, self._post_state[0], self._pane_s, self._max_posts)

    def add_links(self, sites: I32, accounts: I32, times: I64) -> None:
        """Add links to sites in event order. Each counts for the site until its pane leaves the window.

        Args:
            sites: int32, account numbers of the sites that were linked.
            accounts: int32, account numbers of those that linked. A site's links to itself do not count.
            times: int64, seconds since 1970 UTC. They never fall, but may be before the times of `add`.

        Raises:
            ValueError: lengths differ, times fall, or a number is below 0.
        """
        if not len(sites) == len(accounts) == len(times):
            raise ValueError("sites, accounts and times must have the same length")
        if not len(times):
            return
        if min(sites.min(), accounts.min()) < 0:
            raise ValueError("account numbers start at 0")
        self._check(times, int(self._link_state["time"][0]))
        self._reserve_accounts(int(max(sites.max(), accounts.max())) + 1)
        for begin in range(0, len(times), _STEP):
            step = slice(begin, begin + _STEP)
            state = self._link_state[0]
            self._links = ring_with_room(
                self._links, int(state["oldest"]), int(state["end"]), len(times[step]), self._max_posts
            )
            given = (
                np.array(sites[step], np.int32),
                np.array(accounts[step], np.int32),
                np.array(times[step], np.int64),
            )
            add_links(*given, self._links, self._tables.accounts, state, self._link_starts, self._pane_s)

    def expire(self, now: int) -> None:
        """Let event time pass.

        Args:
            now: event time before which no more rows will come, seconds. It never falls.

        Raises:
            ValueError: `now` is before the latest row or an earlier `now`.
        """
        if now < max(self._now, int(self._post_state["time"][0]), int(self._link_state["time"][0])):
            raise ValueError("now must not be before the latest row or an earlier now")
        self._now = now
        advance_posts(self._tables, self._post_state[0], now, self._pane_s)
        advance_links(
            self._links, self._tables.accounts, self._link_state[0], self._link_starts, now // self._pane_s
        )

    def table(self, now: int, count: int) -> EngagementTable:
        """The counts of accounts 0 to `count` - 1 at `now`. Calls `expire` first, with its conditions."""
        self.expire(now)
        self._reserve_accounts(count)
        rows = self._tables.accounts
        posted = rows["platform"] >= 0
        size = len(self._tables.stream)
        posts, links = (
            np.bincount(rows["platform"][posted], rows[name][posted], size) for name in ("posts", "links")
        )
        references, resolved = (self._tables.stream[:, column] + links for column in (REFERENCES, FOUND))
        carried = (
            (resolved > 0)
            & (resolved >= self._resolved_share * references)
            & (resolved * _LEAST_CARRIED >= posts)
        )
        chosen = rows[:count]
        # an account that has not posted has platform -1; its written and measured posts are both 0
        known = np.where(carried[chosen["platform"]], chosen["written"], chosen["measured"])
        return EngagementTable(
            chosen["posts"].astype(np.int64), chosen["reactions"] + chosen["links"], known.astype(np.int64)
        )

    def received_from(self, members: I32) -> I64:
        """How many reactions each member received from the other members; int64.

        They were seen in the stream, so they are part of `EngagementTable.reactions`. Each call passes over all
        reactions and links held, some 10 ms for a million of them, so it is meant for few calls.

        Args:
            members: int32, account numbers, each once.
        """
        self._reserve_accounts(int(members.max(initial=-1)) + 1)
        place = np.zeros(len(self._tables.accounts), np.int32)
        place[members] = np.arange(1, len(members) + 1)
        counts = np.zeros(len(members), np.int64)
        count_received_reactions(self._tables, self._post_state[0], place, counts)
        count_received_links(self._links, self._link_state[0], place, counts)
        return counts

    def _check(self, times: I64, latest: int) -> None:
        if int(times[0]) < max(latest, self._now) or (times[1:] < times[:-1]).any():
            raise ValueError("rows must be in event order, and not before the latest row or now")

    def _reserve_accounts(self, count: int) -> None:
        held = self._tables.accounts
        if count > len(held):
            more = new_accounts(max(count, len(held) * 3 // 2) - len(held))
            self._tables = self._tables._replace(accounts=np.append(held, more))

    def _reserve(self, rows: int, accounts: int, platforms: int) -> None:
        """Make room for all that so many rows can bring."""
        self._reserve_accounts(accounts)
        tables, state = self._tables, self._post_state[0]
        held = len(self)
        if (int(state["places_used"]) + rows) * 4 > len(tables.places) * 3:
            index = np.zeros(max(_FIRST_SIZE, (held + rows) * 2), np.uint64)
            move_index(tables.places, index, state)
            tables = tables._replace(places=index)
        # a row needs at most one row of `received` for its post, and three for its targets
        short = (
            int(state["received_end"] - state["freed"])
            + rows * 4
            + int(state["waiting"])
            - len(tables.received)
        )
        if short > 0:
            wider = np.zeros((max(short, len(tables.received) // 2), 7), np.int32)
            tables = tables._replace(received=np.concatenate([tables.received, wider]))
        waiting = min(int(state["waiting"]) + rows * 3, MOST_WAITING)
        if waiting > len(tables.pending):
            pending = np.zeros(waiting, PENDING)
            pending[: len(tables.pending)] = tables.pending
            tables = tables._replace(pending=pending)
        if platforms > len(tables.stream):
            unused = np.zeros((platforms - len(tables.stream), 2), np.int64)
            tables = tables._replace(stream=np.concatenate([tables.stream, unused]))
        self._tables = tables._replace(
            posts=ring_with_room(
                tables.posts, int(state["oldest"]), int(state["end"]), rows, self._max_posts
            ),
            log=ring_with_room(
                tables.log,
                int(state["log_oldest"]),
                int(state["log_end"]),
                rows * 3 + int(state["waiting"]),
                self._max_posts * 4,
            ),
        )
