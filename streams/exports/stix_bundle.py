"""Networks as STIX 2.1: accounts, a grouping of them, what was observed, and sightings of the techniques they resemble.

Ids follow from the content, so the same alerts always give the same bundle. A technique is a hypothesis, and its
sighting says so. Nothing names an actor behind a network.
"""

import uuid
from collections.abc import Sequence
from typing import Any, BinaryIO

import stix2

from detectors.covertness.covertness import SUSPECTED
from schemas.alerts import Alert
from schemas.networks import Member

_SPACE = uuid.UUID("9a0a2f0e-52f3-5b8a-9d52-0f2f4b6d7c11")
"""The name space of ids made here; chosen once at random."""
_ACCOUNT_TYPES = {"x": "twitter", "twitter": "twitter", "facebook": "facebook"}
"""Names of platforms in STIX's open vocabulary of account types; others keep their own."""
_EPOCH = "2024-01-01T00:00:00Z"
"""When what is no alert was made: the identity of Lockstep and the techniques do not change."""


def write_stix(file: BinaryIO, alerts: Sequence[Alert]) -> None:
    """Write a bundle of all networks as JSON. stix2 checks every object while it is made."""
    author = stix2.Identity(
        id=_id("identity", "lockstep"),
        name="Lockstep",
        identity_class="system",
        created=_EPOCH,
        modified=_EPOCH,
        description="A monitor for coordinated accounts. It states facts about data and attributes nothing.",
    )
    objects: dict[str, Any] = {author.id: author}
    for alert in alerts:
        for made in _network(alert, author.id):
            objects.setdefault(made.id, made)
    digest = " ".join(f"{alert.alert_id}/{alert.revision}" for alert in alerts)
    bundle = stix2.Bundle(id=_id("bundle", digest), objects=list(objects.values()))
    file.write(bundle.serialize(pretty=False).encode() + b"\n")


def _network(alert: Alert, author: str) -> list[Any]:
    """The objects of one network."""
    accounts = [_account(member) for member in alert.members]
    suspected = (alert.covertness or 0.0) >= SUSPECTED
    common = {"created_by_ref": author, "created": alert.emitted_at, "modified": alert.emitted_at}
    reference = {"source_name": "lockstep", "external_id": alert.alert_id}
    if not accounts:
        return []
    grouping = stix2.Grouping(
        id=_id("grouping", alert.network_id),
        name=alert.headline,
        description=alert.explanation,
        context="suspicious-activity" if suspected else "unspecified",
        object_refs=[account.id for account in accounts],
        confidence=round(alert.coordination * 100),
        labels=["suspected-covert" if suspected else "coordinated"],
        external_references=[reference],
        **common,
    )
    observed = stix2.ObservedData(
        id=_id("observed-data", f"{alert.network_id}/{alert.revision}"),
        first_observed=alert.event_time_start,
        last_observed=max(alert.event_time_end, alert.event_time_start),
        number_observed=min(max(alert.reach.posts, 1), 999_999_999),
        object_refs=[account.id for account in accounts],
        **common,
    )
    made = [*accounts, grouping, observed]
    for technique in alert.techniques:
        pattern = stix2.AttackPattern(
            id=_id("attack-pattern", f"{technique.framework}/{technique.id}"),
            name=technique.name,
            created_by_ref=author,
            created=_EPOCH,
            modified=_EPOCH,
            external_references=[{"source_name": technique.framework, "external_id": technique.id}],
        )
        made += [pattern, _sighting(alert, pattern.id, observed.id, common)]
    if not alert.techniques:
        made.append(_sighting(alert, grouping.id, observed.id, common))
    return made


def _sighting(alert: Alert, of: str, observed: str, common: dict[str, Any]) -> Any:
    return stix2.Sighting(
        id=_id("sighting", f"{alert.network_id}/{alert.revision}/{of}"),
        sighting_of_ref=of,
        observed_data_refs=[observed],
        first_seen=alert.event_time_start,
        last_seen=max(alert.event_time_end, alert.event_time_start),
        description="The behaviour resembles this; it is a hypothesis, not a finding.",
        **common,
    )


def _account(member: Member) -> Any:
    platform, _, account_id = member.account_id.partition(":")
    known: dict[str, Any] = {"account_login": member.handle, "account_created": member.created_at}
    return stix2.UserAccount(
        user_id=account_id,
        account_type=_ACCOUNT_TYPES.get(platform, platform),
        **{name: value for name, value in known.items() if value is not None},
    )


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid.uuid5(_SPACE, f'{kind}/{name}')}"
