"""How accounts and posts are named and linked on the page: by handle where it is known."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.alerts import Alert
from streams.outputs.permalinks import Permalinks
from streams.outputs.plain_text import plain

_LONGEST_NAME = 40
"""Letters of a name on the page; hashed ids are longer, and their beginning tells them apart."""


@dataclass(frozen=True, slots=True)
class Named:
    """An account or a post as a word of the page."""

    name: str
    link: str | None
    """Address of the profile or post; None: unknown."""


class AccountNames:
    """Names and addresses of accounts and posts of one alert.

    Args:
        alert: its members have handles.
        links: builds addresses.
    """

    def __init__(self, alert: Alert, links: Permalinks) -> None:
        self._handles: Mapping[str, str] = {
            member.account_id: member.handle for member in alert.members if member.handle
        }
        self._links = None if alert.privacy.pseudonymised else links

    def account(self, key: str) -> Named:
        """An account; its handle with @, or else its id."""
        handle = self._handles.get(key)
        name = f"@{handle}" if handle else key.removeprefix("unknown:")
        link = None if self._links is None else self._links.profile(key, handle)
        return Named(plain(name, _LONGEST_NAME), link)

    def post(self, account: str, post_id: str) -> Named:
        """A post of an account."""
        link = None if self._links is None else self._links.post(account, post_id, self._handles.get(account))
        return Named(plain(post_id, _LONGEST_NAME), link)
