"""What reviewers say of alerts, and what they decide: rules that keep networks quiet or accounts out of suspicion."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import AccountKey, Count, Instant, Name


class RuleKind(StrEnum):
    """What a rule does. The alert is recorded in either case."""

    MUTE = "mute"
    """Keeps the alerts of a network quiet: severity `info`, with the rule named."""
    ALLOW = "allow"
    """Takes accounts to be legitimate: they are marked, and do not count towards covertness."""


class SuppressionRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule of a reviewer."""

    rule_id: Annotated[Name, Meta(description="Unique; named in every alert that the rule bears on.")]
    kind: Annotated[RuleKind, Meta(description="Whether it mutes a network or allows accounts.")]
    network_id: Annotated[str | None, Meta(description="The network that is muted.")] = None
    account_ids: Annotated[
        list[AccountKey],
        Meta(
            description="`allow`: the accounts. `mute`: a network of which most members are among them, "
            "whatever its id."
        ),
    ] = msgspec.field(default_factory=list)
    since: Annotated[
        Instant | None, Meta(description="Event time from which it holds, UTC; absent: always.")
    ] = None
    until: Annotated[
        Instant | None, Meta(description="Event time at which it lapses, UTC; absent: never.")
    ] = None
    reason: Annotated[Name, Meta(description="Why, in the words of its author.")]

    def __post_init__(self) -> None:
        """Refuse a rule that nothing could ever match."""
        if not self.network_id and not self.account_ids:
            raise ValueError("a rule needs a network_id or account_ids")
        if self.kind is RuleKind.ALLOW and not self.account_ids:
            raise ValueError("a rule that allows needs account_ids")


class ReviewKind(StrEnum):
    """What a reviewer did."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    ESCALATE = "escalate"
    COMMENT = "comment"
    LABEL = "label"
    """Said what the network is: the one kind that carries a label."""
    MUTE = "mute"
    UNMUTE = "unmute"
    ALLOW = "allow"
    DISALLOW = "disallow"
    ACTION_TAKEN = "action_taken"
    ACTION_REVERSED = "action_reversed"
    APPEAL = "appeal"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    """Takes back what was said before: the network is to be looked at again."""


class ReviewLabel(StrEnum):
    """What a reviewer takes a network to be."""

    CONFIRMED_INAUTHENTIC = "confirmed_inauthentic"
    COORDINATED_AUTHENTIC = "coordinated_authentic"
    """People who act together as who they are."""
    BENIGN_AUTOMATION = "benign_automation"
    NOT_COORDINATED = "not_coordinated"
    INSUFFICIENT_EVIDENCE = "insufficient_evidence"


class ReviewEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of the audit log of reviews. Entries are added, never changed; one can reverse another."""

    event_id: Annotated[Name, Meta(description="Unique; the same event sent again has the same.")]
    alert_id: Annotated[Name, Meta(description="The alert that it is about.")]
    alert_revision: Annotated[Count, Meta(description="Its revision as the reviewer saw it.")]
    network_id: Annotated[Name, Meta(description="The network of that alert.")]
    account_ids: Annotated[
        list[AccountKey], Meta(description="The accounts that it is about; absent: the network as a whole.")
    ] = msgspec.field(default_factory=list)
    actor: Annotated[Name, Meta(description="Who; a pseudonym will do, if it stays the same.")]
    role: Annotated[Name, Meta(description="In what role: reviewer, lead, appeals, and so on.")]
    at: Annotated[Instant, Meta(description="When, by the wall clock, UTC.")]
    kind: Annotated[ReviewKind, Meta(description="What was done.")]
    label: Annotated[ReviewLabel | None, Meta(description="`label`: what the network is taken to be.")] = None
    reason: Annotated[Name, Meta(description="Why, in the words of the reviewer.")]
    expires_at: Annotated[
        Instant | None, Meta(description="When what was decided lapses, UTC; absent: never.")
    ] = None
    reverses_event_id: Annotated[
        Name | None, Meta(description="The event of the same network that this one takes back.")
    ] = None

    def __post_init__(self) -> None:
        """Refuse a label without a word, and a word without a label."""
        if (self.kind is ReviewKind.LABEL) != (self.label is not None):
            raise ValueError("an event of kind `label` has a label, and no other has")
