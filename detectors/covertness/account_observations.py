"""Everything that is watched of accounts beside what they share: engagement, followers, attribution, rhythm.

It takes in posts and follow events as event time passes, and assesses a network when asked.
"""

from typing import Annotated, ClassVar

import numpy as np
import polars as pl

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import I32, I64, U64, Bools
from detectors.attribution.amplification import amplified, amplifying
from detectors.attribution.fact_store import FACT_LOG, FactStore
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_edges import uncredited_edges
from detectors.config import DetectionConfig
from detectors.covertness.baseline import Baseline, upper_quartile
from detectors.covertness.observation_extractor import PostObservations
from detectors.engagement.engagement import EngagementStore
from detectors.engagement.obscurity import ActivityFigures, Peers
from detectors.followers.follow_edges import FollowEvents
from detectors.followers.follower_overlap import FollowNullModel
from detectors.followers.followers import FollowerStore
from detectors.networks.edges import NO_EDGES, Edges, Ground, edges_of, merged
from detectors.reference.affiliation import opaque_entities
from detectors.reference.reference_data import ReferenceData
from detectors.reference.registry import NO_ENTITY, watched_entities
from detectors.stage_timing import StageTimer, untimed
from detectors.synchrony.rhythm import RhythmPairs, RhythmStore
from detectors.traces.traces import Traces

_DAY_S = 86_400
_USUAL_S = 12 * 3_600
_RHYTHM_EVERY_S = 7 * _DAY_S
_ANSWERED = 1
"""Column of the targets (`detectors.covertness.observation_extractor.PostObservations`)."""


_KNOWN = np.dtype(
    [
        ("entity", np.int32),  # of the registry, or NO_ENTITY
        ("platform", np.int32),  # as in `Watched.platforms`
        ("followers", np.int64),  # by its profile, -1 unknown
        ("created", np.int64),  # seconds, -1 unknown
        ("source", np.bool_),
    ]
)
"""One account."""


class AccountObservations:
    """The watched state of one process.

    Args:
        config: horizons and bounds.
        reference_data: reference data.
        accounts: who the accounts are.
        timer: measures each stage.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {"reference_data", "_timer", "_watched", "_rhythm_window_s"}
    )
    _rhythm: RhythmPairs | None
    _first_day: int | None
    _pending: list[FollowEvents]
    _baseline: tuple[int, Baseline] | None
    amplified: Annotated[pl.DataFrame, FACT_LOG]

    def __init__(
        self,
        config: DetectionConfig,
        reference_data: ReferenceData,
        accounts: AccountStore,
        timer: StageTimer = untimed,
    ) -> None:
        self.reference_data = reference_data
        self._timer = timer
        self.engagement = EngagementStore(
            window_days=config.engagement.window_days, max_posts=config.engagement.max_posts
        )
        self.followers = FollowerStore(reference_data.watched_keys, config.followers.max_edges)
        self.facts = FactStore(
            config.evidence.keep_days, config.attribution.max_facts, opaque_entities(reference_data.registry)
        )
        self.amplified = self.facts.counted_facts
        """Reposts of copies that were passed on beyond their author's followers, as of the last day's end."""
        self._watched = watched_entities(reference_data.registry)
        self._known = np.zeros(1 << 10, _KNOWN)
        self._looked_up = 0
        """Accounts whose reference data is in there: those with numbers below this."""
        self._accounts = accounts
        rhythm = config.rhythm
        self.rhythm = RhythmStore(
            bin_s=rhythm.bin_s, window_days=rhythm.window_days, level=rhythm.level, max_posts=rhythm.max_posts
        )
        self._rhythm_window_s = rhythm.window_days * _DAY_S
        self._rhythm = None
        self._rhythmic = NO_EDGES
        self._first_day = None
        self._pending = []
        self._taken = 0
        """Of the first of these, events that have been applied."""
        self.followed = False
        """Whether any follow event has been applied."""
        self._baseline = None

    def set_reference_data(self, reference_data: ReferenceData) -> None:
        """Go on under other reference data, as `detectors.pipeline.Pipeline.set_reference_data` says."""
        before, self.reference_data = self.reference_data.registry, reference_data
        if reference_data.registry is not before:
            self._watched = watched_entities(reference_data.registry)
            self.facts.renumber_entities(
                before.renumbered(reference_data.registry), opaque_entities(reference_data.registry)
            )
        self.followers.set_registry_keys(reference_data.watched_keys)
        self._looked_up = 0
        self._baseline = None
        self._amplify()

    def add(self, traces: Traces, watched: PostObservations, numbers: I32, begin: int, end: int) -> None:
        """Take in the posts `begin` to `end` of a batch, which event time has reached.

        Args:
            traces: the batch.
            watched: of the same.
            numbers: int32, account number of each post.
            begin: the first post.
            end: one past the last.
        """
        if begin == end:
            return
        some = slice(begin, end)
        self._reserve()
        self._known["platform"][numbers[some]] = watched.platforms[some]
        times = traces.times[some]
        with self._timer("engagement"):
            self.engagement.add(
                numbers[some],
                times,
                traces.post_keys[some],
                watched.targets[some],
                watched.metrics[some],
                watched.platforms[some],
            )
        if self._first_day is None:
            self._first_day = int(times[0]) - int(times[0]) % _DAY_S
        # a bot that answers at once would keep time with whomever it answers
        unprompted = watched.targets[some, _ANSWERED] == 0
        with self._timer("rhythm"):
            self.rhythm.add(numbers[some][unprompted], times[unprompted])
        low, high = np.searchsorted(watched.link_post, (begin, end))
        if low < high:
            posts = watched.link_post[low:high]
            sites = self._accounts.find(watched.link_site[low:high])
            known = sites >= 0
            self.engagement.add_links(sites[known], numbers[posts[known]], traces.times[posts[known]])
        rows = watched.facts["row"].to_numpy()
        low, high = np.searchsorted(rows, (begin, end))
        if low < high:
            self.facts.add(watched.facts[low:high], numbers, traces.times, traces.posts["post_id"])

    def add_follow_events(self, events: FollowEvents) -> None:
        """Take follow events in the order of time; those before the next tick have to be given before it."""
        if len(events):
            self._pending.append(events)

    def advance(self, now: int) -> None:
        """Let event time pass to `now`, seconds: apply the follow events before it."""
        while self._pending:
            events = self._pending[0]
            upto = int(np.searchsorted(events.at, now, side="left"))
            if upto > self._taken:
                some = slice(self._taken, upto)
                self.followers.apply(
                    events.follower[some], events.followee[some], events.action[some], events.at[some]
                )
                self.followed = True
            self._taken = max(self._taken, upto)
            if self._taken < len(events):
                return
            self._pending.pop(0)
            self._taken = 0

    def rhythm_of(self, members: I32) -> RhythmPairs | None:
        """Pairs of members that keep time, as last compared; None if there are none."""
        found = self._rhythm
        if found is None:
            return None
        inside = np.isin(found.a, members) & np.isin(found.b, members)
        if not inside.any():
            return None
        return found._replace(
            a=found.a[inside],
            b=found.b[inside],
            observed=found.observed[inside],
            expected=found.expected[inside],
            surprise=found.surprise[inside],
        )

    def close_day(self, now: int) -> None:
        """Age the evidence at event time `now`, seconds."""
        self.facts.age(now)
        self._baseline = None

    def sources(self) -> Bools:
        """Accounts of the registry's media, diplomats, parties and companies, by account number.

        Being copied or answered at once is no part in it: they and those who do it are not tied to one another.
        """
        self._look_up()
        return self._known["source"][: self._looked_up]

    def _reserve(self) -> None:
        """Make room for all accounts."""
        if len(self._accounts) > len(self._known):
            wider = np.zeros(2 * len(self._accounts), _KNOWN)
            wider[: len(self._known)] = self._known
            self._known = wider

    def _look_up(self) -> None:
        """Note what reference data say of accounts that are new."""
        self._reserve()
        keys = self._accounts.keys[self._looked_up :]
        if len(keys):
            fresh = self._known[self._looked_up : len(self._accounts)]
            fresh["entity"] = self.reference_data.entities_of(keys)
            fresh["source"] = np.append(self._watched, False)[fresh["entity"]]
            fresh["followers"] = self.reference_data.followers_of(keys)
            fresh["created"] = self.reference_data.created_of(keys)
            self._looked_up = len(self._accounts)

    def edges(self, now: int, network_of: I32) -> Edges:
        """Ties that need no common object in time: the same originals repeated without credit, the same rhythm.

        Asked for at the end of each day; rhythm is compared every week since the first post.

        Args:
            now: event time, seconds.
            network_of: as for `baseline`.
        """
        seen = self._accounts.seen
        with self._timer("uncredited_crowds"):
            held = self._amplify()
            posts, ordinary = self._accounts.posts[:seen], network_of[:seen] < 0
            uncredited = uncredited_edges(held, self.amplified, posts, ordinary)
        if self._first_day is not None and (now - self._first_day) % _RHYTHM_EVERY_S == 0:
            with self._timer("rhythm"):
                pairs = self.rhythm.evaluate(now)
                self.rhythm.forget(now - self._rhythm_window_s)
            keys = pairs.a.astype(np.uint64) << np.uint64(32) | pairs.b.astype(np.uint64)
            self._rhythm = pairs
            self._rhythmic = edges_of(keys, pairs.surprise, Ground.RHYTHM)
        return merged([uncredited, self._rhythmic])

    def any_in_registry(self, members: I32) -> bool:
        """Whether the registry has the account of a member."""
        self._look_up()
        return bool((self._known["entity"][members] != NO_ENTITY).any())

    def keys_of(self, members: I32) -> U64:
        """Account keys of members."""
        return self._accounts.keys[members]

    def baseline(self, now: int, network_of: I32, members: I32) -> Baseline:
        """All accounts as they are, or were up to twelve hours ago on the same day.

        What is usual changes slowly, and to look through all accounts at every alert would cost more than the
        alert. An account that has joined a network since is still among the ordinary ones; where it bears on
        the network itself, it is taken out.

        Args:
            now: event time, seconds.
            network_of: int32, number of the network of each account, below 0 for none; at least as long as there
                are accounts.
            members: int32, accounts that have to be in it.
        """
        held = self._baseline
        if held is None or now - held[0] >= _USUAL_S or int(members.max()) >= len(held[1].ordinary):
            held = self._baseline = now, self._counted(now, network_of)
        return held[1]

    def _amplify(self) -> pl.DataFrame:
        """See which copies were passed on beyond their author's followers; return the facts held."""
        self._look_up()
        held = self.facts.counted_facts
        self.amplified = amplified(held, self._followers_of(self._accounts.seen))
        return held

    def _followers_of(self, count: int) -> I64:
        """Followers of the first `count` accounts by their posts, else by profiles; -1 unknown."""
        own = self._accounts.followers[:count]
        return np.where(own >= 0, own, self._known["followers"][:count])

    def _counted(self, now: int, network_of: I32) -> Baseline:
        count = self._accounts.seen
        keys = self._accounts.keys[:count]
        self._look_up()
        known = self._known[:count]
        ordinary = (network_of[:count] < 0) & (known["entity"] == NO_ENTITY)
        posts = self._accounts.posts[:count]
        engagement = self.engagement.table(now, count)
        followers = self._followers_of(count)
        created = known["created"]
        figures = ActivityFigures(
            posts=engagement.posts,
            reactions=engagement.reactions,
            known_posts=engagement.known_posts,
            followers=followers,
            age_days=np.where(created >= 0, np.maximum(now - created, 0) // _DAY_S, -1),
            platforms=known["platform"],
        )
        measured = ordinary & (engagement.known_posts > 0)
        return Baseline(
            ordinary=ordinary,
            engagement=engagement,
            followers=followers,
            peers=Peers(figures, ~ordinary),
            sums={
                kind: amplifying(self.amplified, posts, ordinary)
                if kind is Fact.PASSED_ON
                else self.facts.sums(kind, posts, ordinary)
                for kind in Fact
            },
            many_followers=upper_quartile(followers[ordinary & (followers >= 0)]),
            many_reactions=upper_quartile(engagement.reactions[measured] / engagement.known_posts[measured]),
            follow_null=FollowNullModel(self.followers, keys[~ordinary]) if self.followed else None,
        )
