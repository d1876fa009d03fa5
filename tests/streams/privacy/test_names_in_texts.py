"""Names in texts and links become pseudonyms, and the same name the same pseudonym wherever it is."""

import polars as pl
import pytest

from schemas.values import PSEUDONYM
from streams.privacy.keys import PseudonymKey
from streams.privacy.pseudonyms import Pseudonyms
from streams.privacy.texts import NamesInTexts

PSEUDONYMS = Pseudonyms(PseudonymKey(b"k" * 32))
NAMES = NamesInTexts(PSEUDONYMS)


def of(name: str, platform: str = "x") -> str:
    return PSEUDONYMS.handle(platform, name)


def number(digits: str, platform: str = "x") -> str:
    return PSEUDONYMS.number(platform, digits)


def text(written: str, platform: str = "x") -> str:
    found: str = NAMES.texts(pl.Series("text", [written]), pl.Series([platform]))[0]
    return found


@pytest.mark.parametrize(
    ("written", "platform", "expected"),
    [
        ("RT @Foo: hi @bar!", "x", f"RT @{of('foo')}: hi @{of('bar')}!"),
        ("@foo.Good morning", "x", f"@{of('foo')}.Good morning"),
        ("ask @name.bsky.social", "bluesky", f"ask @{of('name.bsky.social', 'bluesky')}"),
        ("@a@b.example says", "mastodon", f"@{of('a@b.example', 'mastodon')} says"),
        ("mail me@b.example, or not", "x", f"mail {of('me@b.example')}, or not"),
        ("\uff20foo", "x", f"\uff20{of('foo')}"),
        ("see x.com/Foo.", "telegram", f"see x.com/{of('foo')}."),
        (
            "(https://x.com/Foo/status/123)",
            "x",
            f"(https://x.com/{of('foo')}/status/{number('123')})",
        ),
        ("1/2 and a/b, 5 @ 3", "x", "1/2 and a/b, 5 @ 3"),
        ("\ue000@foo\ue000 x", "x", f"@{of('foo')} x"),
        ("nobody is named here", "x", "nobody is named here"),
    ],
)
def test_names_in_a_text(written: str, platform: str, expected: str) -> None:
    assert text(written, platform) == expected


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://twitter.com/Foo?s=20", f"https://twitter.com/{of('foo')}?s=20"),
        ("https://x.com/i/web/status/99", f"https://x.com/i/web/status/{number('99')}"),
        ("https://t.me/s/Chan/55", f"https://t.me/s/{of('chan', 'telegram')}/{number('55', 'telegram')}"),
        ("https://www.youtube.com/@Foo", f"https://www.youtube.com/@{of('foo', 'youtube')}"),
        (
            "https://youtube.com/channel/UCaB",
            f"https://youtube.com/channel/{PSEUDONYMS.name('youtube', 'UCaB')}",
        ),
        (
            "https://some.server/@me/1234",
            f"https://some.server/@{of('me', 'mastodon')}/{number('1234', 'mastodon')}",
        ),
        (
            "at://did:plc:a/app.bsky.feed.post/3k",
            f"at://{PSEUDONYMS.name('bluesky', 'did:plc:a')}/app.bsky.feed.post/3k",
        ),
        ("https://x.com/search?q=foo", "https://x.com/search?q=foo"),
        ("https://youtube.com/watch?v=abc", "https://youtube.com/watch?v=abc"),
        ("https://t.me/joinchat/AAAA", "https://t.me/joinchat/AAAA"),
        ("https://news.example/a/@b", "https://news.example/a/@b"),
        ("not a link at all", "not a link at all"),
    ],
)
def test_names_in_a_link(link: str, expected: str) -> None:
    assert NAMES.links(pl.Series("urls", [[link], None, []])).to_list() == [[expected], None, []]


def test_names_that_are_pseudonyms_stay() -> None:
    once = text("hi @foo, https://x.com/foo/status/123 and https://facebook.com/profile.php?id=12345")
    assert text(once) == once
    assert len(PSEUDONYM.findall(once)) == 2


def test_rows_without_names_and_nulls_stay_in_their_place() -> None:
    texts = pl.Series("text", ["a", None, "@foo", "", "b @bar"])
    found = NAMES.texts(texts, pl.Series(["x"] * 5)).to_list()
    assert found == ["a", None, f"@{of('foo')}", "", f"b @{of('bar')}"]


def test_another_key_and_another_platform_give_other_pseudonyms() -> None:
    other = Pseudonyms(PseudonymKey(b"o" * 32))
    assert len({of("foo"), of("foo", "telegram"), other.handle("x", "foo")}) == 3
    assert of("@Foo ") == of("foo")
