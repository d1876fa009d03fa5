"""Addresses of posts and profiles, built from ids, so that a person can open what an alert is about.

An address is built only where the ids alone lead to the place; the form of an id shows that. Other platforms, and other
forms, are added in the settings (`[permalinks]`).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from schemas.alerts import Alert
from schemas.evidence import EntityTie, Evidence
from streams.settings.permalink_settings import address_of

_HOST = r"(?P<host>(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*)"
_ADDRESS = re.compile(r"https?://[^\s<>\"'\\^`{|}]+", re.ASCII)
_HASH = r"(?![0-9a-f]{12,}(?:/|$))"
"""Where ids were hashed, an address would lead nowhere."""
_DID = r"(?P<did>did:[a-z]+:[A-Za-z0-9._:%-]+)"
_KEY = r"(?P<key>[A-Za-z0-9._~-]{1,512})"
_CHANNEL = rf"{_HASH}(?P<name>[A-Za-z][A-Za-z0-9_]{{3,31}})"
_NAME = r"(?P<name>[A-Za-z0-9._-]{1,64})"


class _Form(NamedTuple):
    """An address, and the form of the ids that lead to it; `None`: the id is not needed."""

    address: str
    """With the named parts of the patterns."""
    account: str | None
    """Pattern of the handle or, if that is unknown or has another form, of the account id."""
    post: str | None
    """Pattern of the post id."""


_POSTS = {
    "x": (_Form("https://x.com/i/web/status/{post}", None, r"(?P<post>\d{1,20})"),),
    "bluesky": (
        _Form(
            "https://bsky.app/profile/{did}/post/{key}", None, rf"at://{_DID}/app\.bsky\.feed\.post/{_KEY}"
        ),
        _Form("https://bsky.app/profile/{did}/post/{key}", None, rf"{_DID}/{_KEY}"),
        _Form("https://bsky.app/profile/{did}/post/{key}", _DID, r"(?P<key>[a-z2-7]{13})"),
    ),
    "mastodon": (
        _Form("https://{host}/@{name}/{post}", rf"{_NAME}@{_HOST}", r"(?:[a-z0-9.-]+/)?(?P<post>\d{1,20})"),
    ),
    "facebook": (
        _Form("https://www.facebook.com/{page}/posts/{post}", None, r"(?P<page>\d{1,20})_(?P<post>\d{1,20})"),
        _Form("https://www.facebook.com/{page}/posts/{post}", r"(?P<page>\d{1,20})", r"(?P<post>\d{1,20})"),
    ),
    "telegram": (
        _Form("https://t.me/{name}/{post}", None, rf"{_CHANNEL}/(?P<post>\d{{1,12}})"),
        _Form("https://t.me/{name}/{post}", _CHANNEL, r"(?P<post>\d{1,12})"),
    ),
    "tiktok": (
        _Form(
            "https://www.tiktok.com/@{name}/video/{post}",
            r"(?P<name>(?!\d+$)[A-Za-z0-9._]{1,64})",
            r"(?P<post>\d{10,20})",
        ),
    ),
    "youtube": (_Form("https://www.youtube.com/watch?v={post}", None, r"(?P<post>[A-Za-z0-9_-]{11})"),),
    "reddit": (_Form("https://www.reddit.com/comments/{post}", None, r"t3_(?P<post>[a-z0-9]{1,13})"),),
}
_PROFILES = {
    "x": (
        _Form("https://x.com/i/user/{id}", r"(?P<id>\d{1,20})", None),
        _Form("https://x.com/{name}", r"(?P<name>[A-Za-z0-9_]{1,15})", None),
    ),
    "bluesky": (
        _Form("https://bsky.app/profile/{did}", _DID, None),
        _Form("https://bsky.app/profile/{host}", _HOST, None),
    ),
    "mastodon": (_Form("https://{host}/@{name}", rf"{_NAME}@{_HOST}", None),),
    "facebook": (_Form("https://www.facebook.com/{page}", r"(?P<page>\d{1,20})", None),),
    "telegram": (_Form("https://t.me/{name}", _CHANNEL, None),),
    "tiktok": (_Form("https://www.tiktok.com/@{name}", r"(?P<name>(?!\d+$)[A-Za-z0-9._]{1,64})", None),),
    "youtube": (
        _Form("https://www.youtube.com/channel/{id}", r"(?P<id>UC[A-Za-z0-9_-]{22})", None),
        _Form("https://www.youtube.com/@{name}", _NAME, None),
    ),
    "reddit": (_Form("https://www.reddit.com/user/{name}", r"(?P<name>(?!t2_)[A-Za-z0-9_-]{3,20})", None),),
    "web": (_Form("https://{host}/", _HOST, None),),
}
_ALIASES = {"twitter": "x", "fb": "facebook", "bsky": "bluesky"}
_OWN_SERVERS = frozenset({"web", "mastodon"})
"""Platforms without one host of their own, where the id of a post may be its address."""


class Permalinks:
    """Builds addresses of posts and profiles.

    Args:
        own: address by platform, with the fields `{post_id}`, `{account_id}` and `{handle}`; it goes before those
            known here.
    """

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self._own = dict(own or {})

    def post(self, account: str, post_id: str, handle: str | None = None) -> str | None:
        """The address of a post; None: its ids do not lead to it.

        Args:
            account: its author, as `platform:account_id`.
            post_id: as the source gives it.
            handle: of the author, without @; None: unknown.
        """
        platform, _, account_id = account.partition(":")
        platform = _ALIASES.get(platform, platform)
        own = self._own.get(platform)
        if own is not None:
            return address_of(own, post_id, account_id, handle)
        if platform in _OWN_SERVERS and _ADDRESS.fullmatch(post_id):
            return post_id
        return _first(_POSTS.get(platform, ()), (handle, account_id), post_id)

    def profile(self, account: str, handle: str | None = None) -> str | None:
        """The address of a profile; None: the ids do not lead to it. Arguments as for `post`."""
        platform, _, account_id = account.partition(":")
        return _first(_PROFILES.get(_ALIASES.get(platform, platform), ()), (account_id, handle), "")

    def linked(self, alert: Alert) -> Alert:
        """The alert with the addresses of the posts of its evidence. A pseudonymised alert has none."""
        if alert.privacy.pseudonymised:
            return alert
        handles = {member.account_id: member.handle for member in alert.members if member.handle}
        return msgspec.structs.replace(
            alert, evidence=[self._linked_sample(sample, handles) for sample in alert.evidence]
        )

    def _linked_sample(self, sample: Evidence, handles: Mapping[str, str]) -> Evidence:
        # the lists are equally long, or there are no posts at all
        pairs = zip(sample.account_ids, sample.post_ids, strict=False)
        links = [self.post(account, post_id, handles.get(account)) for account, post_id in pairs]
        return msgspec.structs.replace(
            sample,
            permalinks=[link for link in links if link is not None],
            entity=None if sample.entity is None else self._linked_entity(sample.entity),
        )

    def _linked_entity(self, entity: EntityTie) -> EntityTie:
        if entity.account_id is None or entity.permalink is not None:
            return entity
        if entity.post_id is not None:
            link = self.post(entity.account_id, entity.post_id)
        else:
            link = self.profile(entity.account_id)
        return msgspec.structs.replace(entity, permalink=link)


def _first(forms: tuple[_Form, ...], accounts: tuple[str | None, str | None], post_id: str) -> str | None:
    """The address of the first form that the ids have."""
    for form in forms:
        parts: dict[str, str] = {}
        if form.post is not None:
            found = re.fullmatch(form.post, post_id, re.ASCII)
            if found is None:
                continue
            parts |= found.groupdict()
        if form.account is not None:
            matches = (re.fullmatch(form.account, name, re.ASCII) for name in accounts if name)
            found = next((match for match in matches if match), None)
            if found is None:
                continue
            parts |= found.groupdict()
        return form.address.format_map(parts)
    return None
