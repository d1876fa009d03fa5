"""Reviews of alerts, and the rules that reviewers make: networks to mute and accounts to allow."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import AccountKey, Count, Instant, Name


class RuleKind(StrEnum):
    """What a rule does. Alerts are recorded in either case."""

    MUTE = "mute"
    """Mutes the alerts of a network: their severity is `info`, and they name the rule."""
    ALLOW = "allow"
    """Marks accounts, or all members of a network, as legitimate: they do not count towards covertness."""


class SuppressionRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule of a reviewer."""

    rule_id: Annotated[
        Name, Meta(description="Id of the rule: unique, and named in every alert that the rule affects.")
    ]
    kind: Annotated[RuleKind, Meta(description="Whether it mutes a network or allows accounts.")]
    network_id: Annotated[
        str | None,
        Meta(description="Id of the network to mute; without `account_ids`, of the network to allow."),
    ] = None
    account_ids: Annotated[
        list[AccountKey],
        Meta(
            description="`allow`: the accounts to allow; absent: all members of the network. `mute`: mutes any network "
            "most of whose members are among them, whatever its id."
        ),
    ] = msgspec.field(default_factory=list)
    since: Annotated[
        Instant | None, Meta(description="Event time from which the rule applies, UTC; absent: always.")
    ] = None
    until: Annotated[
        Instant | None, Meta(description="Event time at which the rule ends, UTC; absent: never.")
    ] = None
    reason: Annotated[Name, Meta(description="Why the rule was made, in the words of its author.")]

    def __post_init__(self) -> None:
        """Refuse a rule that cannot match anything."""
        if not self.network_id and not self.account_ids:
            raise ValueError("a rule needs a network_id or account_ids")


class ReviewKind(StrEnum):
    """What a reviewer did."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    """Said who looks after the network. Only this kind has an assignee."""
    ESCALATE = "escalate"
    COMMENT = "comment"
    LABEL = "label"
    """Said what the network is. Only this kind has a label."""
    MUTE = "mute"
    UNMUTE = "unmute"
    ALLOW = "allow"
    DISALLOW = "disallow"
    ACTION_TAKEN = "action_taken"
    ACTION_REVERSED = "action_reversed"
    APPEAL = "appeal"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    """Takes back the earlier decision: the network needs another review."""
    UNDO = "undo"
    """Takes back the event that `reverses_event_id` names, and does nothing else."""


class ReviewLabel(StrEnum):
    """What a network is, in a reviewer's judgement."""

    CONFIRMED_INAUTHENTIC = "confirmed_inauthentic"
    COORDINATED_AUTHENTIC = "coordinated_authentic"
    """People who act together under their own identity."""
    BENIGN_AUTOMATION = "benign_automation"
    NOT_COORDINATED = "not_coordinated"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"


class ReviewEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of the audit log of reviews. Entries are added and never changed; one can take back another."""

    event_id: Annotated[
        Name, Meta(description="Id of the event: unique, and the same when the event is sent again.")
    ]
    alert_id: Annotated[Name, Meta(description="Id of the alert that the review is about.")]
    alert_revision: Annotated[Count, Meta(description="Revision of the alert that the reviewer saw.")]
    network_id: Annotated[Name, Meta(description="Id of the network of that alert.")]
    account_ids: Annotated[
        list[AccountKey],
        Meta(description="Accounts that the review is about; absent: the network as a whole."),
    ] = msgspec.field(default_factory=list)
    actor: Annotated[Name, Meta(description="The reviewer. A pseudonym is enough if it stays the same.")]
    role: Annotated[Name, Meta(description="Role of the reviewer: reviewer, lead, appeals, and so on.")]
    at: Annotated[Instant, Meta(description="When the reviewer did this, by the wall clock, UTC.")]
    kind: Annotated[ReviewKind, Meta(description="What the reviewer did.")]
    label: Annotated[
        ReviewLabel | None,
        Meta(description="For kind `label`: what the network is, in the reviewer's judgement."),
    ] = None
    assignee: Annotated[
        Name | None,
        Meta(description="For kind `assign`: who looks after the network from now on; absent: nobody does."),
    ] = None
    reason: Annotated[Name, Meta(description="Why, in the words of the reviewer.")]
    expires_at: Annotated[Instant | None, Meta(description="When the decision ends, UTC; absent: never.")] = (
        None
    )
    reverses_event_id: Annotated[
        Name | None, Meta(description="Id of the event of the same network that this one takes back.")
    ] = None
    seen_event_id: Annotated[
        Name | None,
        Meta(
            description="Id of the latest event of the network that the reviewer had seen; absent: none, or unknown. "
            "Events between that one and this one crossed with it."
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuse a field that the kind does not have, and a kind without the field that it needs."""
        if (self.kind is ReviewKind.LABEL) != (self.label is not None):
            raise ValueError("an event of kind `label` has a label, and no other has")
        if self.assignee is not None and self.kind is not ReviewKind.ASSIGN:
            raise ValueError("only an event of kind `assign` has an assignee")
        if self.kind is ReviewKind.UNDO and self.reverses_event_id is None:
            raise ValueError(
                "an event of kind `undo` names the event that it takes back in `reverses_event_id`"
            )
