"""Every setting of detection: type, default, bounds, unit and reason.

Every alert holds the hash of all settings. Two runs with the same hash and the same events raise the same alerts.
"""

import hashlib
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.checks.bounds import Probability, check_bounds
from schemas.errors import UsageError
from schemas.shares import TraceKind
from schemas.values import Unit

KINDS: tuple[TraceKind, ...] = tuple(kind for kind in TraceKind if kind is not TraceKind.FOLLOW)
"""Kinds of traces that posts leave, in the order of their numbers in kernels. Follows have a test of their own
(`detectors.followers.same_followers`)."""

TESTED_WINDOWS = 3
"""Windows that a kind can have."""

REFERENCE = TESTED_WINDOWS
"""Index of the reference window, which measures shared interest and is not tested."""

MAX_WINDOWS = TESTED_WINDOWS + 1
"""Tested windows and the reference window: their strata fit into one 16-bit word, four bits each."""

BIN_LENGTHS_S = (10, 15, 20, 30, 60, 300)
"""Lengths of a rhythm bin that can be set: they divide a minute, so that a shift by minutes is whole bins, or are
longer."""

_HOUR = 3_600
_DAY = 24 * _HOUR

_LARGEST = (1 << 62) - 1
"""Largest number a setting may have: two of them still add up within 64 bits."""

AtLeast0 = Annotated[int, Meta(ge=0, le=_LARGEST)]
AtLeast1 = Annotated[int, Meta(ge=1, le=_LARGEST)]
StoreLimit = Annotated[int, Meta(ge=1_000, le=_LARGEST)]
"""Items a store may hold. Below 1,000 a run would forget almost everything at once; chosen, not measured. Only files
are held to it: tests fill small stores."""


class TraceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as an object that accounts share."""

    carried_by_reposts: bool = False
    """Whether links, tags, mentions and media of a repost count as well. They belong to the original; a repost shares
    them all at once, so they add no evidence to the repost itself."""
    min_text_chars: AtLeast0 = 20
    """Shorter texts are often greetings, so they are no evidence of copying. Normalised characters, in scripts with
    spaces."""
    min_text_shingles: AtLeast0 = 4
    """Texts with fewer distinct words (or character pairs) are not traced at all."""
    near_duplicates: bool = True
    """Whether texts that are nearly the same count as one object."""
    near_duplicate_shingles: AtLeast0 = 6
    """Texts with fewer shingles match only if they are equal: with one word in four changed, a sentence is another
    one."""
    similarity: Unit = 0.5
    """Least Jaccard similarity of near-duplicates, 0-1. A fifth of the words edited leaves about 0.65."""
    text_memory_s: AtLeast1 = _DAY
    """Seconds for which a text is remembered after its last use."""
    max_texts: AtLeast1 = 1 << 20
    """Distinct recent texts kept for comparison, 0.6 to 0.9 kB each."""
    min_hashtags: AtLeast1 = 2
    """Least number of tags in a sequence, since one popular tag alone is no evidence. 1 for sources whose tag field
    is one object."""


class CoShareConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which shares of one object count as made together."""

    windows_s: dict[TraceKind, tuple[int, ...]] = msgspec.field(
        default_factory=lambda: {
            TraceKind.REPOST: (60, 600, _HOUR),
            TraceKind.URL: (60, 600, _HOUR),
            TraceKind.TEXT: (60, 600, _HOUR),
            TraceKind.HASHTAG_SEQUENCE: (60, 600, _HOUR),
            TraceKind.MENTION: (60, 600),
            TraceKind.REPLY: (60, 600),
            TraceKind.MEDIA: (60, 600, _HOUR),
        }
    )
    """Greatest time between two shares, seconds, ascending, at most three a kind. A kind left out is not traced."""
    reference_s: AtLeast0 = 2 * _HOUR
    """Greatest time between the two shares of a slow co-share, seconds; longer than every window. Slow co-shares
    measure shared interest, with which closer ones are compared. 0: evidence is compared with activity alone."""
    cap: AtLeast0 = 16
    """Earlier shares of an object that a new share is paired with; a quarter of them in crowds larger than four times
    the cap, none on viral objects. 0: all shares of all objects (exact, for audits)."""
    strata: tuple[int, ...] = (5, 15, 50, 200)
    """Upper bounds of the crowd strata, ascending, at most 14. An object with a larger crowd is viral and no
    evidence."""
    settle_s: AtLeast0 = 600
    """Seconds of event time that a share waits for the rest of its crowd. An alert can be late by this much."""
    max_recent_shares: StoreLimit = 1 << 23
    """Shares held for pairing. When a window holds more, the oldest leave early and are counted."""


class EvidenceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long evidence is remembered, and how much of it."""

    keep_days: AtLeast0 = 60
    """Days for which a pair's evidence counts. 0: forever (exact, for audits)."""
    singleton_days: AtLeast0 = 60
    """Days after which a pair that was seen once is forgotten. 97 of 100 such pairs never return, so fewer days
    save memory."""
    max_pairs: StoreLimit = 1 << 24
    """Co-shares of pairs held. When there are more, pairs seen once leave early, then the oldest; they are counted."""
    max_shares: StoreLimit = 1 << 25
    """Shares held, to see who else shared an object at the same time. When there are more, the oldest leave
    early and are counted."""


class GateConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When evidence counts as more than chance."""

    false_discovery_rate: Probability = 0.01
    """Benjamini-Hochberg level, over all pairs of accounts that posted twice or more."""
    min_objects: AtLeast1 = 2
    """Least number of independent objects behind an edge."""
    expansion_rounds: AtLeast0 = 3
    """Most rounds of expansion each time the null model is estimated; members of one round may bring others in the
    next. 0: no expansion."""
    min_members: AtLeast1 = 3
    """Least number of accounts in a network. At 3 or less, two make one if their timing is overwhelming."""


class TimeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Event time, in seconds."""

    lateness_s: AtLeast0 = 60
    """Seconds by which a source may be out of order."""
    tick_s: Annotated[int, Meta(ge=10, le=_LARGEST)] = 600
    """Detection looks for networks at multiples of this."""
    reestimate_s: AtLeast1 = _DAY
    """The null model is estimated again, and old evidence removed, at multiples of this. A multiple of `tick_s`."""
    resolve_days: AtLeast1 = 30
    """Days without new evidence after which a network is resolved."""
    duplicate_memory_s: AtLeast1 = _DAY
    """Seconds for which post ids are remembered, to count each post once."""
    max_post_ids: AtLeast1 = 1 << 24
    """Post ids remembered. When there are more, the older half leaves early."""


class EngagementConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Reactions to posts, which measure obscurity."""

    window_days: AtLeast1 = 7
    """Days for which a post and its reactions count, in panes of an hour."""
    max_posts: StoreLimit = 1 << 22
    """Posts held within that window. When there are more, the oldest leave early and are counted."""


class FollowerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Follows between accounts."""

    max_edges: AtLeast1 = 1 << 24
    """Follow edges held. Further ones are dropped and counted, except those from accounts of the registry."""
    windows_s: tuple[int, ...] = (36 * _HOUR, 7 * _DAY, 14 * _DAY)
    """Spans of time over which the followers of two accounts are compared, seconds, ascending, at most three; each ends
    with the day. The first is longer than a day, so that what crosses midnight is whole in one. None: follows are no
    evidence of acting together."""
    max_recent: StoreLimit = 1 << 22
    """Follows held for that comparison. When the longest span has more, the oldest leave early and are counted."""
    max_rings: StoreLimit = 1 << 15
    """Pairs of accounts with the same followers that are remembered, for as long as evidence is kept
    (`evidence.keep_days`). When there are more, those found first leave early and are counted."""


class AttributionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose content a post carries."""

    origin_days: AtLeast1 = 7
    """Days for which a text of a registry entity is remembered, to recognise copies of it."""
    max_facts: StoreLimit = 1 << 20
    """Copies, hidden mentions and links held as evidence. When there are more, the oldest leave early and are counted.
    Rates keep them."""


class RhythmConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Accounts that post in the same time bins, whatever they post."""

    bin_s: AtLeast1 = 60
    """Length of a bin in seconds: 10, 15, 20, 30, 60 or 300. To find a slower group, use longer bins."""
    window_days: Annotated[int, Meta(ge=3, le=_LARGEST)] = 28
    """Days of posts that are compared, once a week; at least 3."""
    level: Probability = 0.01
    """Chance of one false pair among all that are compared (Bonferroni)."""
    max_posts: StoreLimit = 1 << 23
    """Posts held within that window. When there are more, the oldest leave early and are counted."""


class PoolConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Pools: accounts that share within a minute of one another, though no two of them meet often."""

    max_shares: StoreLimit = 1 << 23
    """Shares, and posts without any, that are held until it is known who else shared the object within a day: those of
    two to three days. When there are more, the oldest leave early and are counted."""
    max_records: StoreLimit = 1 << 22
    """Counts by account and day, and likewise posts with company within a minute, that are kept for
    `evidence.keep_days`. When there are more, the oldest days leave early and are counted."""


class DetectionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All settings of detection."""

    traces: TraceConfig = msgspec.field(default_factory=TraceConfig)
    co_share: CoShareConfig = msgspec.field(default_factory=CoShareConfig)
    evidence: EvidenceConfig = msgspec.field(default_factory=EvidenceConfig)
    gate: GateConfig = msgspec.field(default_factory=GateConfig)
    time: TimeConfig = msgspec.field(default_factory=TimeConfig)
    engagement: EngagementConfig = msgspec.field(default_factory=EngagementConfig)
    followers: FollowerConfig = msgspec.field(default_factory=FollowerConfig)
    attribution: AttributionConfig = msgspec.field(default_factory=AttributionConfig)
    rhythm: RhythmConfig = msgspec.field(default_factory=RhythmConfig)
    pools: PoolConfig = msgspec.field(default_factory=PoolConfig)
    seed: AtLeast0 = 20_230_214
    """Seed of the community search."""

    def __post_init__(self) -> None:
        windows = self.co_share.windows_s
        for kind, spans in windows.items():
            if len(spans) > TESTED_WINDOWS or list(spans) != sorted(set(spans)) or any(s <= 0 for s in spans):
                raise UsageError(
                    f"co_share.windows_s.{kind.value}: give at most {TESTED_WINDOWS} ascending lengths in seconds"
                )
        if not any(windows.values()):
            raise UsageError("co_share.windows_s: no kind has a window, so detection could find nothing")
        longest = max(max(spans, default=0) for spans in windows.values())
        if self.co_share.reference_s and self.co_share.reference_s <= longest:
            raise UsageError(f"co_share.reference_s: give more than the longest window ({longest} s), or 0")
        if windows.get(TraceKind.FOLLOW):
            raise UsageError(
                "co_share.windows_s.follow: follows have windows of their own, followers.windows_s"
            )
        spans = self.followers.windows_s
        if len(spans) > TESTED_WINDOWS or list(spans) != sorted(set(spans)) or any(s <= 0 for s in spans):
            raise UsageError(
                f"followers.windows_s: give at most {TESTED_WINDOWS} ascending lengths in seconds"
            )
        strata = self.co_share.strata
        if not 1 <= len(strata) <= 14 or list(strata) != sorted(set(strata)):
            raise UsageError("co_share.strata: give 1 to 14 ascending crowd sizes")
        if self.time.reestimate_s % self.time.tick_s:
            raise UsageError("time.reestimate_s: give a multiple of time.tick_s")
        check_bounds(self.gate, "gate", "false_discovery_rate")
        check_bounds(self.rhythm, "rhythm", "level", "window_days")
        if self.rhythm.bin_s not in BIN_LENGTHS_S:
            raise UsageError(f"rhythm.bin_s: give one of {', '.join(map(str, BIN_LENGTHS_S))}")

    @property
    def digest(self) -> str:
        """Hash of all settings: 16 hexadecimal digits."""
        canonical = msgspec.json.encode(self, order="sorted")
        return hashlib.blake2b(canonical, digest_size=8).hexdigest()

    def exact(self) -> "DetectionConfig":
        """The same settings for an audit: all pairs of all objects count, and evidence is kept forever."""
        return msgspec.structs.replace(
            self,
            traces=msgspec.structs.replace(self.traces, carried_by_reposts=True),
            co_share=msgspec.structs.replace(self.co_share, cap=0),
            evidence=msgspec.structs.replace(self.evidence, keep_days=0, singleton_days=0),
        )
