"""Notifications of alerts, and the bodies of requests.

Text from the data is hostile: a handle may hold a mention of a channel, a link or formatting. In a Slack-compatible
text it therefore stands in a block of code, in which none of these means anything.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from detectors.covertness.covertness import SUSPECTED
from detectors.covertness.words import plural
from schemas.alerts import Alert
from schemas.service.notifications import (
    NOTIFICATION_VERSION,
    Notification,
    NotificationForm,
    NotificationKind,
    NotifiedMember,
    NotifiedNetwork,
)
from streams.outputs.plain_text import plain

MOST_NETWORKS = 20
"""Networks in a digest. Chosen, not measured: more than a person reads in a message."""
_MOST_MEMBERS = 20
_LINE_CHARS = 600
_TEXT_CHARS = 12_000
"""Most characters of a text; Slack cuts after 40,000, Mattermost refuses above 16,383."""


def notified_network(alert: Alert, link: str | None) -> NotifiedNetwork:
    """An alert in brief; `link` is the setting `notify.link`."""
    return NotifiedNetwork(
        alert_id=alert.alert_id,
        network_id=alert.network_id,
        revision=alert.revision,
        lifecycle=alert.lifecycle,
        severity=alert.severity,
        priority=alert.priority,
        suspected=alert.covertness is not None and alert.covertness >= SUSPECTED,
        coordination=alert.coordination,
        covertness=alert.covertness,
        headline=alert.headline,
        explanation=alert.explanation,
        counter_evidence=[fact.summary for fact in alert.counter_evidence],
        suggested_actions=[step.rationale for step in alert.suggested_actions],
        event_time_start=alert.event_time_start,
        event_time_end=alert.event_time_end,
        platforms=alert.platforms,
        members=[
            NotifiedMember(account_id=member.account_id, handle=member.handle)
            for member in alert.members[:_MOST_MEMBERS]
        ],
        member_count=alert.member_count,
        link=None if link is None else link.replace("{network_id}", alert.network_id),
    )


def alert_notification(alert: Alert, receiver: str, link: str | None, now: datetime) -> Notification:
    """The notification of one alert. Its id depends only on the alert and the receiver."""
    return Notification(
        schema_version=NOTIFICATION_VERSION,
        id=f"{receiver}/{alert.alert_id}",
        kind=NotificationKind.ALERT,
        receiver=receiver,
        created_at=now,
        mode=alert.mode,
        networks=[notified_network(alert, link)],
        network_count=1,
    )


def digest_notification(
    alerts: Sequence[Alert], receiver: str, period: str, link: str | None, now: datetime
) -> Notification:
    """The digest of the latest alerts of several networks.

    Args:
        alerts: one for each network, at least one.
        receiver: its name.
        period: what the digest is of, such as `2024-03-05`; part of the id.
        link: the setting `notify.link`.
        now: the wall clock, UTC.
    """
    ranked = sorted(alerts, key=lambda alert: (-alert.priority, -alert.coordination, alert.network_id))
    return Notification(
        schema_version=NOTIFICATION_VERSION,
        id=f"{receiver}/digest/{period}",
        kind=NotificationKind.DIGEST,
        receiver=receiver,
        created_at=now,
        mode=alerts[0].mode,
        networks=[notified_network(alert, link) for alert in ranked[:MOST_NETWORKS]],
        network_count=len(ranked),
    )


def trial_notification(receiver: str, now: datetime) -> Notification:
    """A notification that is about no alert."""
    return Notification(
        schema_version=NOTIFICATION_VERSION,
        id=f"{receiver}/test/{now:%Y%m%dT%H%M%S}",
        kind=NotificationKind.TEST,
        receiver=receiver,
        created_at=now,
        mode=None,
        networks=[],
        network_count=0,
    )


def body_of(notification: Notification, form: NotificationForm) -> bytes:
    """The body of the request."""
    if form is NotificationForm.JSON:
        return msgspec.json.encode(notification)
    text = "\n".join(_lines(notification))
    if len(text) > _TEXT_CHARS:
        text = text[:_TEXT_CHARS] + "\u2026\n```"
    return msgspec.json.encode({"text": text, "unfurl_links": False, "unfurl_media": False})


def _lines(notification: Notification) -> Iterator[str]:
    """A text for people. Only words of our own stand outside blocks of code."""
    if notification.kind is NotificationKind.TEST:
        yield "Lockstep: this is a test. Notifications arrive."
        return
    kind = "" if notification.mode == "live" else " (not live: a replay)"
    if notification.kind is NotificationKind.DIGEST:
        suspected = sum(network.suspected for network in notification.networks)
        yield f"*Lockstep: {plural(notification.network_count, 'network')} in this digest{kind}*"
        if suspected:
            yield f"{suspected:,} of those below are suspected covert. A suspicion is not a verdict."
        for network in notification.networks:
            yield from _in_code([_title(network)])
            yield from _link(network)
        left = notification.network_count - len(notification.networks)
        if left:
            yield f"and {left:,} more."
        return
    (network,) = notification.networks
    finding = "suspected covert network" if network.suspected else "coordinated network"
    yield f"*Lockstep: {finding}, severity {network.severity.value}{kind}*"
    yield from _in_code(
        [
            _title(network),
            network.explanation,
            *(f"Against: {fact}" for fact in network.counter_evidence),
            *(f"Consider: {step}" for step in network.suggested_actions),
            f"Members: {_members(network)}",
        ]
    )
    yield from _link(network)


def _title(network: NotifiedNetwork) -> str:
    covert = "not assessed" if network.covertness is None else f"{network.covertness:.2f}"
    return (
        f"{network.headline} [{network.network_id} revision {network.revision}, {network.lifecycle.value}, priority "
        f"{network.priority}, coordination {network.coordination:.2f}, covertness {covert}]"
    )


def _members(network: NotifiedNetwork) -> str:
    named = [member.handle or member.account_id for member in network.members]
    more = network.member_count - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more > 0 else "")


def _link(network: NotifiedNetwork) -> Iterator[str]:
    if network.link is not None:
        yield f"<{network.link}|Open the case>"


def _in_code(lines: Sequence[str]) -> Iterator[str]:
    """Lines of text from the data as one block of code, which none of them can end."""
    yield "```"
    for line in lines:
        safe = plain(line, _LINE_CHARS).replace("`", "'")
        yield safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield "```"
