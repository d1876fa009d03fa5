"""Known entities: those that speak for a state, a party or a company, with their accounts and domains.

The registry is context, not guilt: a follower or a link is a fact about the data. Each entry can name its source, so
that a reader can check it.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import Name


class EntityKind(StrEnum):
    """What sort of organisation or person an entity is."""

    DIPLOMAT = "diplomat"
    STATE_MEDIA = "state_media"
    PARTY_ORGAN = "party_organ"
    AFFILIATE = "affiliate"
    COMPANY = "company"
    PERSON = "person"
    OTHER = "other"


class RegistryAccount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account of an entity. At least one of `account_id` and `handle` is needed to find it."""

    platform: Annotated[Name, Meta(description="The platform of the account, in lower case.")]
    account_id: Annotated[
        str | None, Meta(description="The platform's id of the account, without the platform.")
    ] = None
    handle: Annotated[
        str | None,
        Meta(
            description="The handle without @; upper and lower case are the same.", examples=["mundo_china"]
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuse an account that cannot match anything."""
        if not self.account_id and not self.handle:
            raise ValueError("a registry account needs an account_id, a handle, or both")


class RegistryEntity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A known entity, its accounts and domains, and the entity that owns or directs it."""

    entity_id: Annotated[
        Name, Meta(description="Id of the entity: unique in the registry, and unchanged over time.")
    ]
    name: Annotated[Name, Meta(description="Name of the entity, for people.")]
    kind: Annotated[EntityKind, Meta(description="What sort of organisation or person the entity is.")]
    parent_id: Annotated[
        str | None,
        Meta(
            description="`entity_id` of the entity that owns or directs this one, which may have a parent as well."
        ),
    ] = None
    accounts: Annotated[list[RegistryAccount], Meta(description="Accounts that the entity openly runs.")] = (
        msgspec.field(default_factory=list)
    )
    domains: Annotated[
        list[Name],
        Meta(
            description="Registered domains of the entity, in lower case; their subdomains count too.",
            examples=[["example.org"]],
        ),
    ] = msgspec.field(default_factory=list)
    source: Annotated[
        str | None, Meta(description="Where this entry comes from: a document or an address.")
    ] = None
    note: Annotated[str | None, Meta(description="Anything else that a reader should know.")] = None
