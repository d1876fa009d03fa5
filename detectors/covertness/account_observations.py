"""Everything observed about accounts beside their co-shares: engagement, followers, attribution and rhythm.

It takes posts and follow events as event time passes. For the assessment of a network it gives the baseline and the
stores.
"""

from typing import Annotated, ClassVar

import numpy as np
import polars as pl

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import I32, I64, U64, Bools
from detectors.arrays.pair_keys import pair_keys
from detectors.attribution.amplification import amplified, amplifying
from detectors.attribution.fact_store import FACT_LOG, FactStore
from detectors.attribution.facts import Fact
from detectors.attribution.uncredited_edges import uncredited_edges
from detectors.config import DetectionConfig
from detectors.covertness.baseline import Baseline, upper_quartile
from detectors.covertness.observation_extractor import PostObservations
from detectors.engagement.engagement import EngagementStore, EngagementTable
from detectors.engagement.obscurity import ActivityFigures, Peers
from detectors.followers.follow_acts import follow_time
from detectors.followers.follow_edges import FollowEvents
from detectors.followers.follow_rings import FollowRings
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
_BASELINE_S = 12 * 3_600
"""Seconds for which a baseline is used again. It bounds the cost of alerts: what is usual changes slowly, and looking
through all accounts costs more than an alert. Not measured."""
_RHYTHM_EVERY_S = 7 * _DAY_S
"""Seconds between comparisons of rhythm: a whole week counts weekly habits in full (`docs/detectors/rhythm.md`)."""
_ANSWERED = 1
"""Column of answered posts in `PostObservations.targets`."""

_KNOWN = np.dtype(
    [
        ("entity", np.int32),  # of the registry, or NO_ENTITY
        ("platform", np.int32),  # as in `PostObservations.platforms`
        ("followers", np.int64),  # by its profile, -1 unknown
        ("created", np.int64),  # seconds, -1 unknown
        ("source", np.bool_),  # a known source, of a watched entity
        ("last_post", np.int64),  # seconds
    ]
)
"""What reference data and posts say about one account."""


class AccountObservations:
    """The stores of one process.

    Args:
        config: horizons and limits.
        reference_data: registry, profiles and reviewers' rules.
        accounts: names and numbers of accounts.
        timer: measures the time of each stage.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {"reference_data", "_timer", "_watched", "_rhythm_window_s", "quiet_after_s"}
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
        """Reposts of copies that reached beyond their author's followers, as of the end of the last day."""
        self.rings = FollowRings(config, accounts, reference_data)
        self._watched = watched_entities(reference_data.registry)
        self._known = np.zeros(1 << 10, _KNOWN)
        self._looked_up = 0
        """Accounts below this number are in `_known`."""
        self._accounts = accounts
        rhythm = config.rhythm
        self.rhythm = RhythmStore(
            bin_s=rhythm.bin_s, window_days=rhythm.window_days, level=rhythm.level, max_posts=rhythm.max_posts
        )
        self._rhythm_window_s = rhythm.window_days * _DAY_S
        self.quiet_after_s = config.engagement.window_days * _DAY_S
        """Seconds without posts after which nothing is known of an account's engagement."""
        self._rhythm, self._rhythmic = None, NO_EDGES
        self._first_day = None
        self._pending = []
        self._taken = 0
        """Events of the first pending batch that have been applied."""
        self.followed = False
        """Whether any follow event has been applied."""
        self._baseline = None

    def set_reference_data(self, reference_data: ReferenceData) -> bool:
        """Use other reference data from now on; return whether they change what is known of any account seen."""
        added, edges = reference_data.added_to(self.reference_data), self.followers.from_registry
        before, self.reference_data = self.reference_data.registry, reference_data
        if reference_data.registry is not before:
            self._watched = watched_entities(reference_data.registry)
            self.facts.renumber_entities(
                before.renumbered(reference_data.registry), opaque_entities(reference_data.registry)
            )
        self.followers.set_registry_keys(reference_data.watched_keys)
        self.rings.reference_data = reference_data
        self._looked_up = 0
        self._amplify()
        matters = added is None or self.followers.from_registry > edges
        if added is not None:
            numbers = self._accounts.find(added)
            matters |= bool(((numbers >= 0) & (numbers < self._accounts.seen)).any())
        if matters:
            self._baseline = None
        return matters

    def add(self, traces: Traces, observed: PostObservations, numbers: I32, begin: int, end: int) -> None:
        """Add the posts `begin` to `end` of a batch, which event time has reached.

        Args:
            traces: traces of the batch.
            observed: observations of the batch.
            numbers: int32, account number of each post.
            begin: the first post.
            end: one past the last.
        """
        if begin == end:
            return
        posts = slice(begin, end)
        self._reserve()
        self._known["platform"][numbers[posts]] = observed.platforms[posts]
        times = traces.times[posts]
        self._known["last_post"][numbers[posts]] = times  # in order: the latest stays
        with self._timer("engagement"):
            self.engagement.add(
                numbers[posts],
                times,
                traces.post_keys[posts],
                observed.targets[posts],
                observed.metrics[posts],
                observed.platforms[posts],
            )
        if self._first_day is None:
            self._first_day = int(times[0]) - int(times[0]) % _DAY_S
        # an account that answers at once would have the rhythm of the accounts it answers
        unprompted = observed.targets[posts, _ANSWERED] == 0
        with self._timer("rhythm"):
            self.rhythm.add(numbers[posts][unprompted], times[unprompted])
        low, high = np.searchsorted(observed.link_post, (begin, end))
        if low < high:
            linking = observed.link_post[low:high]
            sites = self._accounts.find(observed.link_site[low:high])
            known = sites >= 0
            self.engagement.add_links(sites[known], numbers[linking[known]], traces.times[linking[known]])
        rows = observed.facts["row"].to_numpy()
        low, high = np.searchsorted(rows, (begin, end))
        if low < high:
            self.facts.add(observed.facts[low:high], numbers, traces.times, traces.posts["post_id"])

    def add_follow_events(self, events: FollowEvents) -> None:
        """Add follow events in the order of time. All events before a tick must be added before time reaches it."""
        if len(events):
            self._pending.append(events)

    def advance(self, now: int) -> None:
        """Apply the follow events before event time `now`, seconds."""
        while self._pending:
            events = self._pending[0]
            upto = int(np.searchsorted(events.at, now, side="left"))
            if upto > self._taken:
                due = slice(self._taken, upto)
                self.followers.apply(
                    events.follower[due], events.followee[due], events.action[due], events.at[due]
                )
                self.rings.add(events, self._taken, upto)
                self.followed = True
            self._taken = max(self._taken, upto)
            if self._taken < len(events):
                return
            self._pending.pop(0)
            self._taken = 0

    def follow_act(self, *, latest: bool) -> int:
        """As `follow_time`, of the follow events that have not been applied."""
        return follow_time(self._pending, self._taken, latest=latest)

    def rhythm_of(self, members: I32) -> RhythmPairs | None:
        """Pairs of members that post in the same minutes, by the last comparison; None if there are none."""
        return None if self._rhythm is None else self._rhythm.among(members)

    def close_day(self, now: int) -> None:
        """Age the evidence at event time `now`, seconds."""
        self.facts.age(now)
        self._baseline = None

    def sources(self) -> Bools:
        """Known sources, by account number: media, diplomats, party organs and companies of the registry.

        Many copy or answer them openly and at once, so no edges join them to others.
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
        """Look up new accounts in the reference data."""
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
        """Edges that need no co-shares: the same originals repeated without credit, one rhythm, the same follows.

        Called at the end of each day. Rhythm is compared every week since the first post.

        Args:
            now: event time, seconds.
            network_of: as for `baseline`.
        """
        seen = self._accounts.seen
        with self._timer("uncredited_crowds"):
            held = self._amplify()
            posts, ordinary = self._accounts.posts[:seen], network_of[:seen] < 0
            # a dump may have decades without a fact: no copies, no edges
            uncredited = uncredited_edges(held, self.amplified, posts, ordinary) if len(held) else NO_EDGES
        if self._first_day is not None and (now - self._first_day) % _RHYTHM_EVERY_S == 0:
            with self._timer("rhythm"):
                pairs = self.rhythm.evaluate(now)
                self.rhythm.forget(now - self._rhythm_window_s)
            keys = pair_keys(pairs.a, pairs.b)
            self._rhythm = pairs
            self._rhythmic = edges_of(keys, pairs.surprise, Ground.RHYTHM)
        with self._timer("follow_rings"):
            followed = self.rings.close_day(now)
        return merged([uncredited, self._rhythmic, followed])

    def any_in_registry(self, members: I32) -> bool:
        """Whether the registry has the account of a member."""
        self._look_up()
        return bool((self._known["entity"][members] != NO_ENTITY).any())

    def last_post(self, members: I32) -> int:
        """Event time of the latest post of any member, seconds."""
        return int(self._known["last_post"][members].max())

    def keys_of(self, members: I32) -> U64:
        """Account keys of members."""
        return self._accounts.keys[members]

    def baseline(self, now: int, network_of: I32, members: I32) -> Baseline:
        """All accounts as they are now, or were up to `_BASELINE_S` ago on the same day.

        An account that has joined a network since then still counts as ordinary. The terms take members out of the
        baseline that they are compared with.

        Args:
            now: event time, seconds.
            network_of: int32, number of each account's network, below 0 for none; at least one entry an account.
            members: int32, accounts that must be in it; a newer one makes it be computed again.
        """
        last = self._baseline
        if last is None or now - last[0] >= _BASELINE_S or int(members.max()) >= len(last[1].ordinary):
            last = self._baseline = now, self._computed_baseline(now, network_of)
        return last[1]

    def figures(self, now: int) -> ActivityFigures:
        """Activity, reactions and followers of all accounts at event time `now`, seconds."""
        count = self._accounts.seen
        self._look_up()
        created = self._known["created"][:count]
        return ActivityFigures(
            *self.engagement.table(now, count),
            followers=self._followers_of(count),
            age_days=np.where(created >= 0, np.maximum(now - created, 0) // _DAY_S, -1),
            platforms=self._known["platform"][:count],
        )

    def _amplify(self) -> pl.DataFrame:
        """Find the copies that reached beyond their author's followers; return the facts held."""
        self._look_up()
        held = self.facts.counted_facts
        self.amplified = amplified(held, self._followers_of(self._accounts.seen)) if len(held) else held
        return held

    def _followers_of(self, count: int) -> I64:
        """Followers of the first `count` accounts, by their posts or else by profiles; -1 unknown."""
        own = self._accounts.followers[:count]
        return np.where(own >= 0, own, self._known["followers"][:count])

    def _computed_baseline(self, now: int, network_of: I32) -> Baseline:
        """The baseline at event time `now`."""
        count = self._accounts.seen
        keys = self._accounts.keys[:count]
        self._look_up()
        known = self._known[:count]
        ordinary = (network_of[:count] < 0) & (known["entity"] == NO_ENTITY)
        posts = self._accounts.posts[:count]
        figures = self.figures(now)
        engagement, followers = EngagementTable(*figures[:3]), figures.followers
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
