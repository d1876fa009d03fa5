"""Alert v1: what Lockstep says about one network, with the evidence to check it by hand.

Coordinated is not covert: both scores stand side by side and are never blended. An alert states
facts about the data, hedged; it never attributes to a state, suggests reversible steps only and
carries out none. Every field that a consumer relies on is always present (lists may be empty); the
optional ones say so.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.networks import Lifecycle, MemberRole
from schemas.values import AccountKey, Count, Expectation, Instant, Name, Seconds, Unit

SCHEMA_VERSION: Literal["1"] = "1"
"""The version that `Alert.schema_version` states. Evolution within it is additive only."""


Mode = Literal["live", "replay", "shadow"]
"""How an alert came about. Only a `live` one may page anyone."""


class Severity(StrEnum):
    """How much attention the alert asks for, in rising order."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Action(StrEnum):
    """What may be suggested. All of it can be undone; removal is never suggested."""

    REVIEW = "review"
    WATCH = "watch"
    LABEL = "label"
    LIMIT_REACH = "limit_reach"


class ScoreTerm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of a score, so that a reader sees what it is made of."""

    name: Annotated[Name, Meta(description="The term, stable over time.", examples=["obscurity"])]
    value: Annotated[Unit, Meta(description="Its value, 0-1.")]
    weight: Annotated[Unit, Meta(description="Its weight in the score, 0-1.")]
    summary: Annotated[str, Meta(description="What was seen, in one plain sentence.")]


class Reach(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the network's posts could have gone."""

    posts: Annotated[Count, Meta(description="Posts by members in the alert's event time.")]
    accounts: Annotated[Count, Meta(description="Members that posted them.")]
    followers_sum: Annotated[
        Count | None, Meta(description="Followers of all members added up, not deduplicated.")
    ] = None
    engagements: Annotated[
        Count | None, Meta(description="Likes, reposts, replies and quotes received by those posts.")
    ] = None
    growth_per_h: Annotated[
        float, Meta(description="Members gained per hour of event time; may be negative.")
    ]


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account of the network."""

    account_id: Annotated[AccountKey, Meta(description="The account, as `platform:account_id`.")]
    handle: Annotated[str | None, Meta(description="Its handle, without @.")] = None
    role: Annotated[MemberRole, Meta(description="Core or peripheral.")]
    membership: Annotated[Unit, Meta(description="How firmly it belongs, 0-1.")]
    first_seen: Annotated[Instant, Meta(description="Its first co-share with the network, event time, UTC.")]
    last_seen: Annotated[Instant, Meta(description="Its latest co-share with the network, event time, UTC.")]
    created_at: Annotated[Instant | None, Meta(description="When the account was made, UTC.")] = None
    followers: Annotated[Count | None, Meta(description="Followers when last seen.")] = None
    registry: Annotated[
        str | None, Meta(description="entity_id of the registry entity that runs it openly.")
    ] = None
    allow_listed: Annotated[bool, Meta(description="A reviewer marked it as legitimate.")] = False


class Signal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one detector measured, against what chance would have given."""

    detector: Annotated[Name, Meta(description="The detector.", examples=["co_share.url"])]
    version: Annotated[Name, Meta(description="Version of its method; changes when its results may.")]
    score: Annotated[Unit, Meta(description="Strength of the signal, 0-1.")]
    observed: Annotated[float, Meta(description="The measured quantity; `summary` names it.")]
    expected: Annotated[float, Meta(description="The same quantity by chance alone.")]
    p_value: Annotated[
        Unit | None, Meta(description="Chance of so extreme a value; absent where no test applies.")
    ] = None
    n: Annotated[Count, Meta(description="Observations behind it: co-shares, posts or followers.")]
    window_s: Annotated[Seconds, Meta(description="Time window of the measure in seconds; 0: no window.")]
    summary: Annotated[str, Meta(description="The finding in one plain sentence.")]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sample that a person can check: who did what, when, with which posts."""

    kind: Annotated[Name, Meta(description="A trace kind, or the detector's name.", examples=["url"])]
    account_ids: Annotated[list[AccountKey], Meta(description="Accounts, in the order they acted; capped.")]
    post_ids: Annotated[
        list[str], Meta(description="Their posts, in the same order; empty where the source has no ids.")
    ]
    permalinks: Annotated[list[str], Meta(description="Addresses of those posts, where they can be built.")]
    object: Annotated[str, Meta(description="What they acted on: a URL, a post id, the text, the tags.")]
    window_start: Annotated[Instant, Meta(description="The first of these acts, UTC.")]
    window_end: Annotated[Instant, Meta(description="The last of these acts, UTC.")]
    observed: Annotated[float, Meta(description="Members that acted on it within the window.")]
    expected: Annotated[Expectation, Meta(description="How many of them chance would have given.")]


class CounterEvidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact that speaks for an innocent explanation."""

    kind: Annotated[
        Name,
        Meta(
            description="The explanation it speaks for.",
            examples=["shared_newsroom", "fandom", "breaking_event", "few_posts"],
        ),
    ]
    summary: Annotated[str, Meta(description="The fact in one plain sentence.")]


class Technique(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A technique of a published framework that the behaviour resembles: a hypothesis."""

    framework: Annotated[Name, Meta(description="The framework.", examples=["DISARM"])]
    id: Annotated[Name, Meta(description="Its id there.", examples=["T0049.003"])]
    name: Annotated[Name, Meta(description="Its name there.")]


class RelatedNetwork(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another network that shares members or objects with this one."""

    network_id: Annotated[Name, Meta(description="The other network.")]
    jaccard: Annotated[Unit, Meta(description="Members in common over members of either, 0-1.")]
    reason: Annotated[str, Meta(description="What relates them, in words.")]


class SuggestedAction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step for a person to consider. Nothing is ever carried out by Lockstep."""

    action: Annotated[Action, Meta(description="The step.")]
    reversible: Annotated[Literal[True], Meta(description="Always true: no other step is suggested.")]
    expires_in_h: Annotated[int, Meta(ge=1, description="Hours after which it should lapse if not renewed.")]
    rationale: Annotated[str, Meta(description="Why this step, in words.")]


class Suppression(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rule by which reviewers keep this alert quiet. The alert is recorded all the same."""

    rule_id: Annotated[Name, Meta(description="The rule.")]
    until: Annotated[Instant | None, Meta(description="When it lapses, UTC; absent: it does not.")] = None
    reason: Annotated[str, Meta(description="The reason that its author gave.")]


class Provenance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the alert was computed from: enough to compute it again."""

    config_hash: Annotated[Name, Meta(description="Hash of every setting that bears on detection.")]
    code_version: Annotated[Name, Meta(description="Version of Lockstep.")]
    input_offsets: Annotated[
        dict[str, int],
        Meta(description="Last record read from each input: `topic/partition`, or a file's name."),
    ]
    late: Annotated[Count, Meta(description="Rows set aside as too late, in all, when it was computed.")]
    dropped: Annotated[Count, Meta(description="Rows rejected or evicted early, in all, at that time.")]


class Privacy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the personal data in the alert is protected and how long it may be kept."""

    pseudonymised: Annotated[bool, Meta(description="Account ids and handles are keyed hashes.")]
    key_id: Annotated[str | None, Meta(description="Which key hashed them; never the key itself.")] = None
    retain_until: Annotated[Instant | None, Meta(description="Delete after this moment, UTC.")] = None


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One revision of what is known about one network."""

    schema_version: Annotated[Literal["1"], Meta(description="Version of this schema.")]
    alert_id: Annotated[Name, Meta(description="Deterministic: the same finding has the same id.")]
    network_id: Annotated[Name, Meta(description="The network; stable across re-clustering.")]
    revision: Annotated[int, Meta(ge=1, description="Revision of the network that is described.")]
    lifecycle: Annotated[Lifecycle, Meta(description="What became of the network since the last alert.")]
    predecessor_ids: Annotated[list[Name], Meta(description="Networks it was merged from or split off from.")]
    emitted_at: Annotated[Instant, Meta(description="When the alert was written, by the wall clock, UTC.")]
    event_time_start: Annotated[Instant, Meta(description="Earliest evidence, in the data's time, UTC.")]
    event_time_end: Annotated[Instant, Meta(description="Latest evidence, in the data's time, UTC.")]
    mode: Annotated[Mode, Meta(description="`live`, `replay` of a dump, or `shadow` run; only live pages.")]
    run_id: Annotated[Name, Meta(description="The run that wrote it.")]
    platforms: Annotated[list[Name], Meta(description="Platforms of the members, sorted.")]
    languages: Annotated[list[Name], Meta(description="Languages of their posts, most frequent first.")]
    headline: Annotated[Name, Meta(description="The finding in one hedged sentence.")]
    explanation: Annotated[
        Name, Meta(description="Why, in plain words: what was seen, what was not assessed, what it may be.")
    ]
    coordination: Annotated[Unit, Meta(description="How surely the accounts act together, 0-1.")]
    coordination_terms: Annotated[list[ScoreTerm], Meta(description="What `coordination` is made of.")]
    covertness: Annotated[
        Unit | None,
        Meta(description="How far they seem to hide that, 0-1; null: not assessed, `explanation` says why."),
    ]
    covertness_terms: Annotated[list[ScoreTerm], Meta(description="What `covertness` is made of.")]
    severity: Annotated[
        Severity, Meta(description="Attention asked for; an openly coordinated network is `info`.")
    ]
    priority: Annotated[int, Meta(ge=0, le=100, description="Rank among alerts, 100 first.")]
    reach: Annotated[Reach, Meta(description="How far the posts could have gone.")]
    members: Annotated[list[Member], Meta(description="Members, core first; capped, see `member_count`.")]
    member_count: Annotated[Count, Meta(description="Members in all.")]
    signals: Annotated[list[Signal], Meta(description="What the detectors measured, strongest first.")]
    evidence: Annotated[list[Evidence], Meta(description="Samples to check by hand, most telling first.")]
    counter_evidence: Annotated[
        list[CounterEvidence], Meta(description="What speaks for an innocent explanation.")
    ]
    techniques: Annotated[list[Technique], Meta(description="Techniques it resembles, as hypotheses.")]
    related_networks: Annotated[list[RelatedNetwork], Meta(description="Networks that overlap with it.")]
    suggested_actions: Annotated[
        list[SuggestedAction], Meta(description="Reversible steps to consider; none is carried out.")
    ]
    suppression: Annotated[
        Suppression | None, Meta(description="Present when reviewers asked to keep it quiet.")
    ] = None
    provenance: Annotated[Provenance, Meta(description="What it was computed from.")]
    privacy: Annotated[Privacy, Meta(description="Protection of the personal data in it.")]
