"""Notification v1: what a webhook receives: alerts in brief, to be read by a person or routed by a program.

The alert itself is on the topic of alerts. A notification states facts with the same caution, and never attributes.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from schemas.alerts import Severity
from schemas.networks import Lifecycle
from schemas.values import AccountKey, Count, Instant, Name, Unit

NOTIFICATION_VERSION: Literal["1"] = "1"
"""The version in `Notification.schema_version`. Within a version, only optional fields are added."""

ID_HEADER = "Lockstep-Id"
"""Header of a request: `Notification.id`. A receiver that has seen it may ignore the request."""
TRY_HEADER = "Lockstep-Try"
"""Header of a request: the number of this try, from 1."""
SIGNATURE_HEADER = "Lockstep-Signature"
"""Header of a request: `t=SECONDS,v1=HEX`, with one `v1` for each key. HEX is HMAC-SHA256 of `SECONDS.BODY`."""


class NotificationForm(StrEnum):
    """The form of the body."""

    JSON = "json"
    """A Notification."""
    SLACK = "slack"
    """A text, as Slack and compatible receivers take it."""


class NotificationKind(StrEnum):
    """What a notification is about."""

    ALERT = "alert"
    """One alert."""
    DIGEST = "digest"
    """The networks of a day, or of a file."""
    TEST = "test"
    """Nothing: an operator tries whether notifications arrive."""


class NotifiedMember(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account of the network."""

    account_id: Annotated[AccountKey, Meta(description="The account, as `platform:account_id`.")]
    handle: Annotated[str | None, Meta(description="Its handle, without @.")] = None


class NotifiedNetwork(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an alert says about a network, in brief."""

    alert_id: Annotated[Name, Meta(description="Id of the alert.")]
    network_id: Annotated[Name, Meta(description="Id of the network.")]
    revision: Annotated[int, Meta(ge=1, description="Revision of the network that the alert describes.")]
    lifecycle: Annotated[Lifecycle, Meta(description="What happened to the network since its last alert.")]
    severity: Annotated[Severity, Meta(description="How much attention the alert asks for.")]
    priority: Annotated[int, Meta(ge=0, le=100, description="Rank among alerts; 100 comes first.")]
    suspected: Annotated[bool, Meta(description="Whether the network is suspected covert.")]
    coordination: Annotated[Unit, Meta(description="How certain it is that the accounts act together, 0-1.")]
    covertness: Annotated[
        Unit | None,
        Meta(description="How far they seem to hide who they are, 0-1; null: not assessed."),
    ]
    headline: Annotated[Name, Meta(description="The finding, in one cautious sentence.")]
    explanation: Annotated[Name, Meta(description="What was observed, and what was not assessed.")]
    counter_evidence: Annotated[
        list[str], Meta(description="Facts that support an innocent explanation, a sentence each.")
    ]
    suggested_actions: Annotated[
        list[str],
        Meta(description="Reversible steps to consider, a sentence each. Lockstep carries out none."),
    ]
    event_time_start: Annotated[Instant, Meta(description="Time of the earliest evidence, event time, UTC.")]
    event_time_end: Annotated[Instant, Meta(description="Time of the latest evidence, event time, UTC.")]
    platforms: Annotated[list[Name], Meta(description="Platforms of the members.")]
    members: Annotated[
        list[NotifiedMember],
        Meta(description="The first members, core members first; `member_count` counts all."),
    ]
    member_count: Annotated[Count, Meta(description="Number of all members.")]
    link: Annotated[str | None, Meta(description="Address of the case at the review desk.")] = None


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message to one receiver."""

    schema_version: Annotated[Literal["1"], Meta(description="Version of this schema.")]
    id: Annotated[
        Name,
        Meta(
            description="Id of the message: the same in each try, and if it is ever sent again. A receiver that has "
            "seen it may ignore it."
        ),
    ]
    kind: Annotated[NotificationKind, Meta(description="What it is about.")]
    receiver: Annotated[Name, Meta(description="Name of the receiver in the settings of the sender.")]
    created_at: Annotated[Instant, Meta(description="When it was made, by the wall clock, UTC.")]
    mode: Annotated[
        Literal["live", "replay", "shadow"] | None,
        Meta(description="Kind of run that wrote the alerts; null: it is about none."),
    ]
    networks: Annotated[
        list[NotifiedNetwork],
        Meta(description="The networks: one in an `alert`, the most noteworthy first in a `digest`."),
    ]
    network_count: Annotated[
        Count, Meta(description="Number of all networks that it is about; `networks` may be cut.")
    ]
