"""What an indicator names: a domain, or an account on a platform."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from detectors.reference.claims import domain_forms, registered_domain
from schemas.registry import RegistryAccount
from schemas.values import PLATFORM_ALIASES, platform_name

_HOSTS = {
    "x.com": "x", "twitter.com": "x", "facebook.com": "facebook", "fb.com": "facebook", "instagram.com": "instagram",
    "t.me": "telegram", "telegram.me": "telegram", "tiktok.com": "tiktok", "youtube.com": "youtube",
    "vk.com": "vk", "ok.ru": "ok", "bsky.app": "bluesky", "threads.net": "threads", "reddit.com": "reddit",
    "linkedin.com": "linkedin", "weibo.com": "weibo", "rumble.com": "rumble", "odysee.com": "odysee",
    "dzen.ru": "dzen", "rutube.ru": "rutube", "medium.com": "medium", "github.com": "github",
}  # fmt: skip
PLATFORMS = frozenset(_HOSTS.values()) | {"mastodon"}
_PATH_ID = re.compile(
    r"^/(?:channel/(?P<id>UC[\w-]+)|(?:s/|profile/|user/|u/|c/|in/|company/|@)?@?(?P<handle>[\w.-]+))/?(?:$|[/?#])"
)
_NO_NAMES = frozenset(
    "groups watch joinchat p reel status i hashtag search pages people share intent home explore".split()
)
_NOT_OURS = re.compile(r"\b(?:ip|ipv[46]|ip-(?:src|dst)|md5|sha\d+|hash|email|e-mail|filename|asn?)\b")
_PROFILE_ID = re.compile(r"profile\.php\?(?:.*&)?id=(\d+)")


class Indicated(NamedTuple):
    """What an indicator names: exactly one of both."""

    domain: str | None
    account: RegistryAccount | None


def refanged(text: str) -> str:
    """An address as it is, where it was written so that nobody follows it by mistake: hxxps://example[.]org."""
    text = re.sub(r"(?i)^hxxp", "http", text.strip().strip("\"'"))
    return re.sub(r"\[\s*(\.|:|@|/|://)\s*\]|\(\.\)|\[dot\]", lambda found: found[1] or ".", text)


def named_by(value: str, type: str = "", platform: str = "") -> Indicated | str:
    """What a value names, or why it names nothing that a registry can have.

    Args:
        value: a domain, an address, a handle or an account id.
        type: what the list says it is, such as `domain-name`, `url` or `twitter-id`; empty: not said.
        platform: of an account; empty: not said.
    """
    value = refanged(value)
    kind = type.strip().lower().replace("_", "-")
    if not value:
        return "is empty"
    on = platform_name(platform) if platform else _platform_in(kind)
    if on:
        if "/" in value:
            return _of_address(value)
        return _account(on, value)
    if _NOT_OURS.search(kind) or "@" in value[1:]:
        return f"is of a type that no registry has ({type or 'an e-mail address'})"
    if value.startswith("@"):
        return "is a handle without a platform"
    return _of_address(value)


def _platform_in(kind: str) -> str:
    for word in re.split(r"[^a-z]+", kind):
        name = platform_name(word)
        if name in PLATFORMS and (word in PLATFORMS or word in PLATFORM_ALIASES):
            return name
    return ""


def _account(platform: str, value: str) -> Indicated | str:
    name = value.removeprefix("@").strip()
    if not re.fullmatch(r"[\w.\-:@]+", name):
        return "is no handle or account id"
    is_id = not value.startswith("@") and (name.isdigit() or name.startswith(("UC", "did:")))
    account = (
        RegistryAccount(platform=platform, account_id=name)
        if is_id
        else RegistryAccount(platform=platform, handle=name)
    )
    return Indicated(None, account)


def _of_address(value: str) -> Indicated | str:
    try:
        parts = urlsplit(value if "://" in value else f"//{value}")
        host = (
            (parts.hostname or "").rstrip(".").removeprefix("www.").removeprefix("m.").removeprefix("mobile.")
        )
    except ValueError:
        return "is no address"
    platform = _HOSTS.get(host)
    if platform is not None:
        if number := _PROFILE_ID.search(f"{parts.path}?{parts.query}"):
            return Indicated(None, RegistryAccount(platform=platform, account_id=number[1]))
        found = _PATH_ID.match(parts.path)
        name = found and (found["id"] or found["handle"])
        if not found or not name or name.lower() in _NO_NAMES:
            return f"is an address on {host} that names no account"
        if found["id"] or name.isdigit():
            return Indicated(None, RegistryAccount(platform=platform, account_id=name))
        return Indicated(None, RegistryAccount(platform=platform, handle=name))
    if re.fullmatch(r"[\d.]+|\[?[0-9a-f:]+\]?", host):
        return "is an IP address"
    forms, fault = domain_forms(host)
    if fault is not None:
        return (fault.partition(" is ")[2] and f"is {fault.partition(' is ')[2]}") or fault
    if parts.path.strip("/") and registered_domain(forms[0]) is None:
        return "is a page below a public suffix"
    return Indicated(forms[0], None)
