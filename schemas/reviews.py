"""What reviewers decide that bears on later alerts: rules that keep a network quiet or an account out of suspicion."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import AccountKey, Instant, Name


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
