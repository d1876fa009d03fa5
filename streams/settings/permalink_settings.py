"""The section `[permalinks]`: addresses of posts on platforms that Lockstep does not know."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from schemas.errors import UsageError

FIELDS = ("post_id", "account_id", "handle")
"""What an address may have in braces."""


def checked_addresses(section: Mapping[str, str]) -> dict[str, str]:
    """The section, if every address in it can be filled.

    Args:
        section: address by platform, such as `https://vk.com/wall{post_id}`.

    Raises:
        UsageError: an address is none, or has other fields than `FIELDS`, or none of them.
    """
    for platform, address in section.items():
        found = re.findall(r"\{([^{}]*)\}", address)
        if not re.fullmatch(r"https?://[^/{}\s]+/(?:[^{}\s]|\{[^{}]*\})*", address):
            raise UsageError(
                f"permalinks.{platform}: give an address that begins with https:// and a host, such as "
                "https://vk.com/wall{post_id}."
            )
        if not found or set(found) - set(FIELDS):
            raise UsageError(
                f"permalinks.{platform}: give an address with one or more of the fields {{post_id}}, {{account_id}} "
                "and {handle}, and no others."
            )
    return dict(section)


def address_of(address: str, post_id: str, account_id: str, handle: str | None) -> str | None:
    """An address with its fields filled, each percent-encoded; None: it needs a handle, and that is unknown."""
    if handle is None and "{handle}" in address:
        return None
    for field, value in zip(FIELDS, (post_id, account_id, handle or ""), strict=True):
        address = address.replace(f"{{{field}}}", quote(value, safe=""))
    return address
