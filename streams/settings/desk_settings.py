"""The section `[desk]`: where the review desk is served, and how it knows who comes.

No secret is a setting. The token is in a file that the settings name, or in the environment.
"""

import ipaddress
import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from schemas.errors import UsageError

TOKEN_VARIABLE = "LOCKSTEP_DESK_TOKEN"  # noqa: S105 - the name of a variable
"""Environment variable; if set, it replaces the file named by `desk.token_file`."""
_ORIGIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?", re.ASCII
)
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}", re.ASCII)


class DeskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[desk]`."""

    host: str = "127.0.0.1"
    """Address to serve at. Any other than a loopback address needs a token or a proxy that says who comes."""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8420
    """Port of that address; 0: any free one."""
    origins: list[str] = msgspec.field(default_factory=list)
    """Addresses under which browsers reach the desk, such as `https://desk.example.org`."""
    token_file: str | None = None
    """File with the token that reviewers give to come in, and nothing else."""
    user_header: str | None = None
    """Header in which a reverse proxy says who comes, such as `X-Forwarded-User`."""
    proxies: list[str] = msgspec.field(default_factory=lambda: ["127.0.0.1", "::1"])
    """Addresses of the proxies that are believed."""
    filters_file: str | None = None
    """File for saved filters. Absent: beside the reviews, or with `--live` in the folder where the desk starts."""

    def __post_init__(self) -> None:
        for name in ("host", "token_file", "filters_file"):
            if getattr(self, name) == "":
                raise UsageError(f"desk.{name}: is empty. Leave it out.")
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise UsageError(
                    f"desk.origins: {origin!r} is no address of a site. Give scheme and host in lower case, as in "
                    "https://desk.example.org."
                )
        if self.user_header is not None and not _HEADER.fullmatch(self.user_header):
            raise UsageError(f"desk.user_header: {self.user_header!r} is no name of a header.")
        for proxy in self.proxies:
            try:
                ipaddress.ip_address(proxy)
            except ValueError as error:
                raise UsageError(f"desk.proxies: {proxy!r} is no IP address.") from error


def desk_section(section: Any) -> Any:
    """The section as it is.

    Raises:
        UsageError: it holds the token itself, which the message does not repeat.
    """
    if isinstance(section, dict) and {"token", "secret", "password"} & section.keys():
        raise UsageError(
            "desk: do not put the token into the settings, which are printed and shared. Put it into a file and name "
            f"it with token_file, or into the environment as {TOKEN_VARIABLE}."
        )
    return section
