"""The section `[notify]`: who is notified of alerts, of which, and how often a message is tried.

No secret is a setting, so printing the settings never prints a secret. Keys, and addresses that are secrets
themselves, come from files that the settings name, or from the environment; `streams.notify.receivers` reads them.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from schemas.alerts import Severity
from schemas.errors import UsageError
from schemas.service.notifications import NotificationForm

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_LINK = re.compile(r"https?://[^\s{}]+\{network_id\}[^\s{}]*")
_SECRETS = ("secret", "key", "token", "password")


class Novelty(StrEnum):
    """Which alerts of a network a receiver gets, of those that are severe enough."""

    NEW = "new"
    """The first one of each network."""
    RAISED = "raised"
    """The first one, and each one more severe than all that it got before."""
    ALL = "all"
    """Each revision."""


class When(StrEnum):
    """When a receiver gets them."""

    NOW = "now"
    """Each alert in a message of its own."""
    DAILY = "daily"
    """All of a day in one message, the digest."""


class ReceiverSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[notify.receivers.NAME]`: one receiver."""

    form: NotificationForm = NotificationForm.JSON
    """`json`: a Notification, signed. `slack`: a text for Slack, Mattermost and others that take the same form."""
    url: str | None = None
    """Address that messages are posted to, if it is no secret."""
    url_file: str | None = None
    """File that holds the address and nothing else; absent: it is in the environment, or in `url`."""
    secret_file: str | None = None
    """File that holds the key of the signature, or two of them, one a line, while keys are changed; absent: it is in
    the environment."""
    least_severity: Severity = Severity.LOW
    """The least severity of an alert that is sent."""
    novelty: Novelty = Novelty.RAISED
    """`new`, `raised` or `all`."""
    when: When = When.NOW
    """`now` or `daily`."""
    daily_at: str = "08:00"
    """Time of the digest, UTC."""
    per_minute: Annotated[int, Meta(ge=1, le=6_000)] = 60
    """Most messages a minute. Slack takes one a second."""
    allow_private: bool = False
    """Whether the address may be in a private network or on this machine, and be plain http there."""

    def __post_init__(self) -> None:
        if not _CLOCK.fullmatch(self.daily_at):
            raise UsageError(f"daily_at: {self.daily_at!r} is no time of day. Give one such as 08:00.")
        if self.url is not None and self.form is NotificationForm.SLACK:
            raise UsageError(
                "url: whoever knows the address of a Slack-compatible receiver can write to it, and settings are "
                "printed and shared. Put it into a file and name it with url_file, or into the environment."
            )
        if self.url is not None and self.url_file is not None:
            raise UsageError("url: is given beside url_file. Leave one of them out.")


class NotifySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[notify]`: how notifications are sent."""

    receivers: dict[str, ReceiverSettings] = msgspec.field(default_factory=dict)
    """The sections `[notify.receivers.NAME]`. A name has small letters, digits and dashes."""
    state_file: str = "lockstep-data/notify.sqlite"
    """What was sent and what waits. Keep it over restarts."""
    dead_letters: str = "lockstep-data/notify-dead-letters.jsonl"
    """File that gets the messages that could not be delivered, each with the reason."""
    tries: Annotated[int, Meta(ge=1, le=100)] = 12
    """How often a message is tried. Twelve tries take up to 47 minutes. Chosen, not measured."""
    first_wait_s: Annotated[float, Meta(ge=0.01, le=3_600.0)] = 2.0
    """Seconds before the second try; each further wait is twice as long. A random part of up to a half is taken off."""
    longest_wait_s: Annotated[float, Meta(ge=0.01, le=86_400.0)] = 900.0
    """Most seconds between two tries, unless the receiver asks for a longer wait, of up to an hour."""
    timeout_s: Annotated[float, Meta(ge=0.1, le=120.0)] = 10.0
    """Seconds within which a receiver must have answered."""
    most_waiting: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    """Most messages that wait for one receiver; further ones are dead letters at once."""
    link: str | None = None
    """Address of a case at the review desk, with {network_id} in it, for a link in each message."""

    def __post_init__(self) -> None:
        for name in ("state_file", "dead_letters"):
            if not getattr(self, name):
                raise UsageError(f"notify.{name}: is empty. Leave it out.")
        if self.link is not None and not _LINK.fullmatch(self.link):
            raise UsageError(
                "notify.link: give an address with {network_id} in it, such as https://desk.example/cases/{network_id}."
            )


def receiver_sections(section: Any) -> tuple[Any, Mapping[str, Any]]:
    """The section `[notify]` without its receivers, and the section of each receiver by its name.

    Raises:
        UsageError: a name is wrong, or a section holds a secret, which the message does not repeat.
    """
    if not isinstance(section, dict):
        return section, {}
    receivers = section.get("receivers", {})
    if not isinstance(receivers, dict) or not all(isinstance(one, dict) for one in receivers.values()):
        raise UsageError(
            "notify.receivers: give each receiver a section of its own: [notify.receivers.NAME]."
        )
    for name, one in receivers.items():
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"notify.receivers.{name}: a name has up to 40 small letters, digits and dashes."
            )
        for wrong in one.keys() & set(_SECRETS):
            raise UsageError(
                f"notify.receivers.{name}.{wrong}: do not put a secret into the settings, which are printed and "
                "shared. Put it into a file and name it with secret_file, or into the environment as "
                f"{secret_variable(name)}."
            )
    return {key: value for key, value in section.items() if key != "receivers"}, receivers


def secret_variable(name: str) -> str:
    """Environment variable of a receiver's key; if set, it replaces the file."""
    return f"LOCKSTEP_NOTIFY_SECRET_{_variable(name)}"


def url_variable(name: str) -> str:
    """Environment variable of a receiver's address; if set, it replaces the file and the setting."""
    return f"LOCKSTEP_NOTIFY_URL_{_variable(name)}"


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
