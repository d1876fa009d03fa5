"""Addresses of posts and profiles: built where ids lead to them, and nowhere else."""

import msgspec
import pytest

from schemas.alerts import Alert
from schemas.evidence import Privacy
from streams.outputs.permalinks import Permalinks
from tests.schemas.samples import FULL

ALERT = FULL["alert"]
assert isinstance(ALERT, Alert)


@pytest.mark.parametrize(
    ("account", "post_id", "handle", "address"),
    [
        ("x:7", "1625450001234567890", None, "https://x.com/i/web/status/1625450001234567890"),
        ("twitter:7", "12", None, "https://x.com/i/web/status/12"),
        ("x:7", "be840fee3bc2c5e2", None, None),
        (
            "bluesky:did:plc:abc",
            "at://did:plc:abc/app.bsky.feed.post/3kabcdefghij2",
            None,
            "https://bsky.app/profile/did:plc:abc/post/3kabcdefghij2",
        ),
        (
            "bluesky:did:plc:abc",
            "3kabcdefghij2",
            None,
            "https://bsky.app/profile/did:plc:abc/post/3kabcdefghij2",
        ),
        ("bluesky:did:plc:abc", "at://did:plc:abc/app.bsky.feed.like/3kabcdefghij2", None, None),
        ("mastodon:ana@town.example", "1099", None, "https://town.example/@ana/1099"),
        ("mastodon:17", "1099", "ana@town.example", "https://town.example/@ana/1099"),
        ("mastodon:17", "https://town.example/@ana/1", None, "https://town.example/@ana/1"),
        ("mastodon:17", "1099", None, None),
        ("facebook:100", "100_55", None, "https://www.facebook.com/100/posts/55"),
        ("facebook:100", "55", None, "https://www.facebook.com/100/posts/55"),
        ("telegram:canal_uno", "88", None, "https://t.me/canal_uno/88"),
        ("telegram:-10055", "canal_uno/88", None, "https://t.me/canal_uno/88"),
        ("telegram:-10055", "88", None, None),
        ("telegram:be840fee3bc2c5e2", "be840fee3bc2c5e2/88", None, None),
        (
            "tiktok:6801",
            "7112345678901234567",
            "ana.1",
            "https://www.tiktok.com/@ana.1/video/7112345678901234567",
        ),
        ("tiktok:6801", "7112345678901234567", None, None),
        ("youtube:UC1", "dQw4w9WgX-_", None, "https://www.youtube.com/watch?v=dQw4w9WgX-_"),
        ("reddit:ana", "t3_abc12", None, "https://www.reddit.com/comments/abc12"),
        ("reddit:ana", "t1_abc12", None, None),
        ("web:paper.example", "https://paper.example/1", None, "https://paper.example/1"),
        ("web:paper.example", "javascript:alert(1)", None, None),
        ("web:paper.example", 'https://paper.example/" onclick="x', None, None),
        ("x:7", "https://evil.example/1", None, None),
        ("unknown:7", "12", None, None),
    ],
)
def test_a_post_has_an_address_where_its_ids_lead_to_it(
    account: str, post_id: str, handle: str | None, address: str | None
) -> None:
    assert Permalinks().post(account, post_id, handle) == address


@pytest.mark.parametrize(
    ("account", "handle", "address"),
    [
        ("x:7", None, "https://x.com/i/user/7"),
        ("x:ana", None, "https://x.com/ana"),
        ("x:" + "0" * 40 + "a", None, None),
        ("bluesky:did:plc:abc", "ana.bsky.social", "https://bsky.app/profile/did:plc:abc"),
        ("mastodon:ana@town.example", None, "https://town.example/@ana"),
        ("telegram:canal_uno", None, "https://t.me/canal_uno"),
        ("youtube:UC" + "a" * 22, None, "https://www.youtube.com/channel/UC" + "a" * 22),
        ("reddit:t2_abc", "ana", "https://www.reddit.com/user/ana"),
        ("web:paper.example", None, "https://paper.example/"),
        ("unknown:7", None, None),
    ],
)
def test_a_profile_has_an_address_where_the_account_leads_to_it(
    account: str, handle: str | None, address: str | None
) -> None:
    assert Permalinks().profile(account, handle) == address


def test_an_address_of_the_settings_goes_first_and_its_fields_are_encoded() -> None:
    links = Permalinks({"vk": "https://vk.com/wall{post_id}", "x": "https://x.com/{handle}/status/{post_id}"})
    assert links.post("vk:1", "-1_2/../#") == "https://vk.com/wall-1_2%2F..%2F%23"
    assert links.post("x:1", "2", "ana") == "https://x.com/ana/status/2"
    assert links.post("x:1", "2") is None


def test_evidence_of_an_alert_gets_the_addresses_of_its_posts_and_of_the_original() -> None:
    sample = ALERT.evidence[0]
    assert sample.entity is not None
    bare = msgspec.structs.replace(
        sample, permalinks=[], entity=msgspec.structs.replace(sample.entity, permalink=None)
    )
    alert = msgspec.structs.replace(ALERT, evidence=[bare], privacy=Privacy(pseudonymised=False))
    linked = Permalinks().linked(alert).evidence[0]
    assert linked.permalinks == ["https://x.com/i/web/status/1", "https://x.com/i/web/status/2"]
    assert linked.entity is not None
    assert linked.entity.permalink == "https://x.com/i/web/status/0"


def test_a_pseudonymised_alert_gets_no_address() -> None:
    bare = msgspec.structs.replace(ALERT.evidence[0], permalinks=[])
    hidden = msgspec.structs.replace(ALERT, evidence=[bare], privacy=Privacy(pseudonymised=True))
    assert Permalinks().linked(hidden).evidence[0].permalinks == []
