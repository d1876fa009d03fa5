"""Rolling engagement done slowly: a dictionary of posts that is read anew for every question."""

from dataclasses import dataclass, field

import numpy as np

from detectors.engagement.engagement import EngagementStore

HOUR, DAY = 3_600, 86_400


NONE = (0, 0, 0)


UNKNOWN = (-1, -1, -1, -1)


@dataclass(frozen=True)
class Row:
    """One row: targets are reposted, answered, quoted; metrics are reposts, replies, quotes, likes."""

    account: int
    time: int
    key: int
    targets: tuple[int, int, int] = NONE
    metrics: tuple[int, int, int, int] = UNKNOWN


@dataclass
class Post:
    account: int
    pane: int
    repost: bool
    given: dict[int, int] = field(default_factory=dict)
    metrics: list[int] = field(default_factory=lambda: [-1] * 4)
    seen: list[tuple[int, int]] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)

    @property
    def received(self) -> int:
        if self.repost:
            return 0
        counts = [sum(kind == k for k, _ in self.seen) for kind in range(3)] + [0]
        return sum(max(count, told, 0) for count, told in zip(counts, self.metrics, strict=True))


class Oracle:
    """Second by second."""

    def __init__(self, pane_s: int, panes: int) -> None:
        self.pane_s, self.panes = pane_s, panes
        self.posts: dict[int, Post] = {}
        self.unresolved = self.conflicts = 0

    def add(self, rows: list[Row]) -> None:
        for time in sorted({row.time for row in rows}):
            self.expire(time)
            references = []
            for row in (row for row in rows if row.time == time):
                post = self.posts.setdefault(
                    row.key, Post(row.account, time // self.pane_s, row.targets[0] != 0)
                )
                if post.account != row.account:
                    self.conflicts += 1
                    continue
                if not post.repost:
                    post.metrics = [max(old, new) for old, new in zip(post.metrics, row.metrics, strict=True)]
                for kind, target in enumerate(row.targets):
                    if target and kind not in post.given:
                        post.given[kind] = target
                        references.append((post, kind, target))
            for post, kind, target in references:
                other = self.posts.get(target)
                if other is not None and other.account == post.account:
                    continue
                post.found.append(other is not None)
                self.unresolved += other is None
                if other is not None:
                    other.seen.append((kind, post.account))

    def expire(self, now: int) -> None:
        oldest = now // self.pane_s - self.panes
        self.posts = {key: post for key, post in self.posts.items() if post.pane >= oldest}

    def table(self, now: int, count: int, share: float) -> list[tuple[int, int, int]]:
        self.expire(now)
        held = list(self.posts.values())
        found = [one for post in held for one in post.found]
        carried = sum(found) > 0 and sum(found) >= share * len(found) and sum(found) * 100 >= len(held)
        told = []
        for account in range(count):
            own = [post for post in held if post.account == account]
            known = [post for post in own if not post.repost and (carried or max(post.metrics) >= 0)]
            told.append((len(own), sum(post.received for post in own), len(known)))
        return told

    def received_from(self, members: list[int]) -> list[int]:
        return [
            sum(
                by in members
                for post in self.posts.values()
                if post.account == member and not post.repost
                for _, by in post.seen
            )
            for member in members
        ]


def feed(store: EngagementStore, rows: list[Row], platforms: list[int] | None = None) -> None:
    store.add(
        np.array([row.account for row in rows], np.int32),
        np.array([row.time for row in rows], np.int64),
        np.array([row.key for row in rows], np.uint64),
        np.array([row.targets for row in rows], np.uint64).reshape(-1, 3),
        np.array([row.metrics for row in rows], np.int64).reshape(-1, 4),
        None if platforms is None else np.array(platforms, np.int32),
    )


def link(store: EngagementStore, links: list[tuple[int, int, int]]) -> None:
    site, account, time = np.array(links, np.int64).reshape(-1, 3).T
    store.add_links(site.astype(np.int32), account.astype(np.int32), time)


def counts_of(store: EngagementStore, now: int, count: int) -> list[tuple[int, int, int]]:
    table = store.table(now, count)
    assert all(column.dtype == np.int64 for column in table)
    return [(int(a), int(b), int(c)) for a, b, c in zip(*table, strict=True)]
