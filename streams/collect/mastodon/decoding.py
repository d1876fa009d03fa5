"""Events of a stream to posts, with the reader of Mastodon's dumps."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
import polars as pl

from detectors.post_columns import POSTS
from schemas.dead_letters import DeadLetter
from streams.collect.mastodon.timelines import order
from streams.collect.source import Events, Message, Position
from streams.live.exchange.value_lines import records_of
from streams.sources.files.json_rows import decode_objects
from streams.sources.files.json_sample import LINES
from streams.sources.formats.json_format import ROW
from streams.sources.formats.mastodon.statuses import Mastodon
from streams.sources.screening import screen

UPDATE = "update"
HEARTBEAT = "heartbeat"
"""Kind of a message that says when the server was last heard, seconds since 1970 UTC."""

DELETE = "delete"
_COUNTED = {DELETE: "deletions", "status.update": "edits"}
_SLACK_S = 60
"""Seconds by which a post of another server may arrive late without being late for detection, beside
`time.lateness_s`. Chosen, not measured."""
_AHEAD_S = 300
"""Seconds by which a post may be dated after this machine's clock and still move the cursor."""
_REMEMBERED = 50_000
"""Posts of which the server's own id is remembered: a deletion names nothing else. Chosen, not measured: about 400
bytes each."""
_DELETION = dict.fromkeys(("platform", "post_id", "account_id", "created_at"), pl.String)
_REACTIONS = ("likes", "reposts", "replies", "quotes", "views")


class MastodonDecoder:
    """Decodes events of one server.

    Args:
        source: name of the server, for dead letters.
        now: seconds since 1970 UTC.
    """

    def __init__(self, source: str, now: Callable[[], float] = time.time) -> None:
        self._source = source
        self._now = now
        self._format = Mastodon(LINES)
        self._latest: Position | None = None
        self._known: dict[str, tuple[str, str]] = {}
        """The id and the account of the latest posts, by the server's own id."""

    def decode(self, messages: Sequence[Message], first_number: int) -> Events:
        """As of `streams.collect.source.LiveSource`."""
        others: Counter[str] = Counter()
        statuses: list[bytes] = []
        numbers: list[int] = []
        reached = 0
        for number, (kind, data) in enumerate(messages, first_number):
            if kind == UPDATE:
                statuses.append(data)
                numbers.append(number)
            elif kind == HEARTBEAT:
                reached = int(data) - _SLACK_S
            else:
                others[_COUNTED.get(kind, "other events")] += 1
        posts, letters = self._posts(statuses)
        deletions = self._deletions([data for kind, data in messages if kind == DELETE])
        others["deletions"] -= len(deletions)
        dead = [msgspec.structs.replace(letter, position=numbers[letter.position - 1]) for letter in letters]
        return Events(
            posts=posts,
            first=self._latest,
            position=self._latest,
            reached=reached,
            deletions=pl.DataFrame(deletions, schema=_DELETION, orient="row") if deletions else None,
            dead_letters=dead,
            others=dict(+others),
        )

    def _posts(self, statuses: list[bytes]) -> tuple[pl.DataFrame, list[DeadLetter]]:
        """The posts among statuses, and dead letters by their place in `statuses`, from 1."""
        if not statuses:
            return pl.DataFrame(schema=POSTS), []
        records = records_of(statuses, self._source)
        frame, rows = decode_objects(records, self._format.schema)
        batch = screen(self._format.posts(frame.with_columns(pl.Series(ROW, rows))), records, self._now)
        # how many reactions a post had when it appeared says nothing of how many it gets
        posts = batch.posts.with_columns(pl.lit(None, POSTS[name]).alias(name) for name in _REACTIONS)
        by_row = dict(zip(rows.tolist(), frame["id"].to_list(), strict=True))
        local_ids = [by_row[row] for row in batch.rows.tolist()]
        self._move(batch.posts["created_at"].to_list(), local_ids)
        names = batch.posts.select("post_id", "account_id").iter_rows()
        self._known |= {
            local: (post_id, account)
            for local, (post_id, account) in zip(local_ids, names, strict=True)
            if local
        }
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        return posts, records.dead_letters

    def _deletions(self, local_ids: list[bytes]) -> list[tuple[str, str, str, str]]:
        """The rows of deletions, of posts that are remembered."""
        now = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        known = (self._known.pop(data.decode("ascii", "replace").strip(), None) for data in local_ids)
        return [("mastodon", *names, now) for names in known if names is not None]

    def _move(self, created: list[int], local_ids: list[str | None]) -> None:
        """Move the place to the latest post that is dated plausibly."""
        latest = self._now() + _AHEAD_S
        for at, post_id in zip(created, local_ids, strict=True):
            known = "" if self._latest is None else self._latest.post_id
            if post_id and at <= latest and order(post_id) > order(known):
                self._latest = Position(time_us=at * 1_000_000, post_id=post_id)
