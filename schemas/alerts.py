"""Alert v1: what Lockstep reports about one network, with the evidence to check it by hand.

Coordinated is not covert: an alert gives both scores side by side and never blends them. It states facts about the
data, with caution. It never attributes anything to a state. It suggests only reversible steps, and Lockstep carries
out none of them. Fields without a default are always present; lists may be empty.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.evidence import Evidence, Privacy, Provenance, ScoreTerm, Signal
from schemas.networks import Lifecycle, Member, Tie
from schemas.values import AccountKey, Count, Instant, Name, Unit

SCHEMA_VERSION: Literal["1"] = "1"
"""The version in `Alert.schema_version`. Within a version, only optional fields are added."""


Mode = Literal["live", "replay", "shadow"]
"""The kind of run that wrote an alert. Only a `live` alert may page anyone."""


class Severity(StrEnum):
    """How much attention the alert asks for, in rising order."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Action(StrEnum):
    """Steps that an alert may suggest. Each can be undone; removal is never suggested."""

    REVIEW = "review"
    WATCH = "watch"
    LABEL = "label"
    LIMIT_REACH = "limit_reach"


class ChangeKind(StrEnum):
    """What differs from the alert before: why there is another revision."""

    FIRST = "first"
    """There was no alert about the network before."""
    MEMBERS = "members"
    SIGNALS = "signals"
    CONTEXT = "context"
    SUSPICION = "suspicion"
    SEVERITY = "severity"
    SUPPRESSION = "suppression"
    CASE = "case"
    LIFECYCLE = "lifecycle"
    FIGURES = "figures"
    """More of the same: times, objects and counts, in the last revision of a run or of a quiet network."""


class Reach(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many people the network's posts could have reached."""

    posts: Annotated[
        Count, Meta(description="Posts by members between `event_time_start` and `event_time_end`.")
    ]
    accounts: Annotated[Count, Meta(description="Members that wrote these posts.")]
    followers_sum: Annotated[
        Count | None,
        Meta(
            description="Sum of the followers of all members; people who follow several count several times."
        ),
    ] = None
    engagements: Annotated[
        Count | None, Meta(description="Likes, reposts, replies and quotes that these posts received.")
    ] = None
    growth_per_h: Annotated[
        float, Meta(description="Members gained per hour of event time; negative when members left.")
    ]


class CounterEvidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact that supports an innocent explanation."""

    kind: Annotated[
        Name,
        Meta(
            description="The explanation that the fact supports.",
            examples=["shared_newsroom", "fandom", "breaking_event", "few_posts"],
        ),
    ]
    summary: Annotated[str, Meta(description="The fact, in one sentence.")]


class Technique(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A technique of a published framework that the behaviour resembles. This is a hypothesis."""

    framework: Annotated[Name, Meta(description="Name of the framework.", examples=["DISARM"])]
    id: Annotated[Name, Meta(description="Id of the technique in the framework.", examples=["T0049.003"])]
    name: Annotated[Name, Meta(description="Name of the technique in the framework.")]


class RelatedNetwork(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another network that shares members or objects with this one."""

    network_id: Annotated[Name, Meta(description="Id of the other network.")]
    jaccard: Annotated[
        Unit,
        Meta(description="Members of both networks, now or before, divided by members of either, 0-1."),
    ]
    object_jaccard: Annotated[
        Unit | None,
        Meta(
            description="Objects of both networks divided by objects of either, 0-1; an object counts the less, the "
            "larger the crowd on it. Absent: not compared."
        ),
    ] = None
    reason: Annotated[str, Meta(description="How the two networks are related, in words.")]


class SuggestedAction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step for a person to consider. Lockstep carries out none."""

    action: Annotated[Action, Meta(description="The step.")]
    reversible: Annotated[Literal[True], Meta(description="Always true: no other step is suggested.")]
    expires_in_h: Annotated[
        int, Meta(ge=1, description="Hours after which the step should end if nobody renews it.")
    ]
    rationale: Annotated[str, Meta(description="Why this step is suggested, in words.")]


class Suppression(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The reviewer's rule that mutes this alert. The alert is still recorded."""

    rule_id: Annotated[Name, Meta(description="Id of the rule.")]
    until: Annotated[Instant | None, Meta(description="When the rule ends, UTC; absent: never.")] = None
    reason: Annotated[str, Meta(description="The reason that the author of the rule gave.")]


class Changes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What differs from the alert before. Lists of names may be cut; the counts beside them have all."""

    kinds: Annotated[list[ChangeKind], Meta(description="What changed; `first` for the first alert.")]
    summary: Annotated[Name, Meta(description="What changed, in words.")]
    members_before: Annotated[
        Count | None, Meta(description="`member_count` of the alert before; absent: there was none.")
    ] = None
    joined: Annotated[Count, Meta(description="Number of accounts that have joined.")] = 0
    joined_ids: Annotated[list[AccountKey], Meta(description="Accounts that have joined, by name.")] = (
        msgspec.field(default_factory=list)
    )
    left: Annotated[Count, Meta(description="Number of accounts that have left.")] = 0
    left_ids: Annotated[list[AccountKey], Meta(description="Accounts that have left, by name.")] = (
        msgspec.field(default_factory=list)
    )
    signals_gained: Annotated[list[Name], Meta(description="Detectors with a signal that is new.")] = (
        msgspec.field(default_factory=list)
    )
    signals_lost: Annotated[list[Name], Meta(description="Detectors that have no signal any more.")] = (
        msgspec.field(default_factory=list)
    )
    terms_gained: Annotated[
        list[Name], Meta(description="Terms of covertness that are .5 or more now, and were not.")
    ] = msgspec.field(default_factory=list)
    terms_lost: Annotated[
        list[Name], Meta(description="Terms of covertness that were .5 or more, and are not now.")
    ] = msgspec.field(default_factory=list)
    covertness_before: Annotated[
        Unit | None, Meta(description="`covertness` of the alert before; absent: it was null, or no alert.")
    ] = None
    severity_before: Annotated[
        Severity | None, Meta(description="`severity` of the alert before; absent: there was none.")
    ] = None
    case_id_before: Annotated[
        Name | None, Meta(description="`case_id` of the alert before, where it was another.")
    ] = None


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One revision of what is known about one network."""

    schema_version: Annotated[Literal["1"], Meta(description="Version of this schema.")]
    alert_id: Annotated[Name, Meta(description="Id of the alert; the same finding always has the same id.")]
    network_id: Annotated[
        Name,
        Meta(description="Id of the network; it stays the same while the network keeps most of its members."),
    ]
    revision: Annotated[int, Meta(ge=1, description="Revision of the network that the alert describes.")]
    lifecycle: Annotated[Lifecycle, Meta(description="What happened to the network since its last alert.")]
    predecessor_ids: Annotated[
        list[Name],
        Meta(description="Networks that this one took in or split off from, each once, in that order."),
    ]
    successor_id: Annotated[
        Name | None,
        Meta(
            description="The network that took this one in; only in its last alert, of `lifecycle` `absorbed`."
        ),
    ] = None
    case_id: Annotated[
        Name | None,
        Meta(
            description="Id of the case: networks that share most of their objects or members are one case, and have "
            "the id of the oldest. It changes only when two cases turn out to be one. Absent before version 0.2."
        ),
    ] = None
    changes: Annotated[
        Changes | None, Meta(description="What differs from the alert before. Absent before version 0.2.")
    ] = None
    emitted_at: Annotated[Instant, Meta(description="When the alert was written, by the wall clock, UTC.")]
    event_time_start: Annotated[Instant, Meta(description="Time of the earliest evidence, event time, UTC.")]
    event_time_end: Annotated[Instant, Meta(description="Time of the latest evidence, event time, UTC.")]
    mode: Annotated[
        Mode,
        Meta(description="`live`, `replay` of a dump, or `shadow` run. Only live alerts may page anyone."),
    ]
    run_id: Annotated[Name, Meta(description="Id of the run that wrote the alert.")]
    platforms: Annotated[list[Name], Meta(description="Platforms of the members, sorted.")]
    languages: Annotated[list[Name], Meta(description="Languages of their posts, most frequent first.")]
    headline: Annotated[Name, Meta(description="The finding, in one cautious sentence.")]
    explanation: Annotated[
        Name,
        Meta(
            description="Why the alert was raised: what was observed, what was not assessed, what it may be."
        ),
    ]
    coordination: Annotated[Unit, Meta(description="How certain it is that the accounts act together, 0-1.")]
    coordination_terms: Annotated[list[ScoreTerm], Meta(description="The terms of `coordination`.")]
    covertness: Annotated[
        Unit | None,
        Meta(
            description="How far the accounts seem to hide who they are, 0-1; null: not assessed, see `explanation`."
        ),
    ]
    covertness_terms: Annotated[
        list[ScoreTerm],
        Meta(
            description="The terms of `covertness`. A published alert has obscurity and those above 0, for length: all "
            "are in the NetworkSnapshot of this `network_id` and `revision`."
        ),
    ]
    assessed_at: Annotated[
        Instant | None,
        Meta(
            description="When the oldest part of `covertness` was assessed, event time, UTC, where nothing newer is "
            "known, as of a network that has gone quiet; absent: all of it was assessed for this alert."
        ),
    ] = None
    severity: Annotated[
        Severity,
        Meta(description="How much attention the alert asks for; an openly coordinated network has `info`."),
    ]
    priority: Annotated[int, Meta(ge=0, le=100, description="Rank among alerts; 100 comes first.")]
    reach: Annotated[Reach, Meta(description="How many people the posts could have reached.")]
    members: Annotated[
        list[Member],
        Meta(description="Members, core members first. The list may be cut; `member_count` counts all."),
    ]
    member_count: Annotated[Count, Meta(description="Number of all members.")]
    signals: Annotated[
        list[Signal],
        Meta(
            description="What the detectors measured, strongest first. A published alert has no signals of weak terms, "
            "and of co-shares the two strongest kinds, for length: all are in the NetworkSnapshot of this "
            "`network_id` and `revision`."
        ),
    ]
    evidence: Annotated[
        list[Evidence],
        Meta(description="Samples to check by hand, strongest first; `evidence_left_out` counts the others."),
    ]
    evidence_left_out: Annotated[
        Count,
        Meta(
            description="Number of samples that are not in `evidence`, for length. All samples, with more accounts and "
            "posts each, are in the NetworkSnapshot of this `network_id` and `revision`."
        ),
    ] = 0
    ties: Annotated[
        list[Tie],
        Meta(
            description="What ties pairs of members, by kind. A published alert has none, for length: they are in the "
            "NetworkSnapshot of this `network_id` and `revision`."
        ),
    ] = msgspec.field(default_factory=list)
    ties_left_out: Annotated[
        Count, Meta(description="Number of pairs with a tie that are not in `ties`, for length.")
    ] = 0
    counter_evidence: Annotated[
        list[CounterEvidence], Meta(description="Facts that support an innocent explanation.")
    ]
    techniques: Annotated[
        list[Technique], Meta(description="Techniques that the behaviour resembles, as hypotheses.")
    ]
    related_networks: Annotated[
        list[RelatedNetwork], Meta(description="Networks that overlap with this one.")
    ]
    suggested_actions: Annotated[
        list[SuggestedAction], Meta(description="Reversible steps to consider. Lockstep carries out none.")
    ]
    suppression: Annotated[
        Suppression | None, Meta(description="The rule that mutes the alert; absent: no rule does.")
    ] = None
    provenance: Annotated[Provenance, Meta(description="What the alert was computed from.")]
    privacy: Annotated[Privacy, Meta(description="Protection of the personal data in the alert.")]
