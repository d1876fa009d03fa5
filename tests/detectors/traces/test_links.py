"""The addresses of one page on platforms, behind redirectors and in AMP caches are one object; two pages never are."""

import polars as pl
import pytest

from detectors.traces.urls import canonical_urls

V = "dQw4w9WgXcQ"


def canonical(*urls: str | None) -> list[str | None]:
    return canonical_urls(pl.Series(urls, dtype=pl.String)).to_list()


ONE_PAGE = {
    "a video": [
        f"https://www.youtube.com/watch?v={V}",
        f"https://youtu.be/{V}",
        f"https://youtu.be/{V}?si=AbCd&t=10",
        f"https://m.youtube.com/watch?feature=share&v={V}",
        f"https://www.youtube.com/shorts/{V}?feature=share",
        f"https://www.youtube.com/embed/{V}",
        f"https://www.youtube-nocookie.com/embed/{V}?rel=0",
        f"https://www.youtube.com/live/{V}",
        f"https://music.youtube.com/watch?v={V}&list=RDAMVM",
        f"https://www.youtube.com/redirect?q=https%3A%2F%2Fyoutu.be%2F{V}",
    ],
    "a post on X": [
        "https://x.com/a/status/1729",
        "https://twitter.com/a/status/1729",
        "https://mobile.twitter.com/b/statuses/1729?s=20",
        "https://twitter.com/i/web/status/1729",
        "https://x.com/A/status/1729/photo/1?t=Qw&s=19",
        "https://vxtwitter.com/a/status/1729",
    ],
    "an account on X": [
        "https://x.com/Some_One",
        "https://twitter.com/some_one?lang=es",
        "https://www.x.com/some_one/",
    ],
    "a Telegram post": [
        "https://t.me/Chan/12",
        "https://t.me/s/chan/12",
        "https://t.me/chan/12?single",
        "https://telegram.me/chan/12",
    ],
    "a Facebook post": [
        "https://www.facebook.com/page/posts/12",
        "https://m.facebook.com/page/posts/12?mibextid=Nif5oz&__tn__=R",
        "https://es-la.facebook.com/page/posts/12",
        "https://web.facebook.com/page/posts/12?_rdc=1&_rdr",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fwww.facebook.com%2Fpage%2Fposts%2F12&h=AT1",
    ],
    "an Instagram post": [
        "https://www.instagram.com/p/Cx_1-a/",
        "https://www.instagram.com/reel/Cx_1-a/?igshid=abc",
        "https://instagram.com/someone/p/Cx_1-a/",
        "https://l.instagram.com/?u=https%3A%2F%2Fwww.instagram.com%2Freels%2FCx_1-a%2F&e=AT",
    ],
    "a TikTok video": [
        "https://www.tiktok.com/@some.one/video/7300",
        "https://m.tiktok.com/@some.one/video/7300?is_from_webapp=1&sender_device=pc",
    ],
    "a Reddit thread": [
        "https://www.reddit.com/r/news/comments/abc1/some_title/",
        "https://old.reddit.com/r/news/comments/abc1/?utm_source=share",
        "https://redd.it/abc1",
    ],
    "an article": [
        "https://e.org/a",
        "https://e.org/a/",
        "https://e.org//a",
        "https://e.org/a,",
        "https://e.org/a/index.html",
        "https://e.org/a/amp",
        "https://e.org/a/amp/",
        "https://e.org/amp/a",
        "https://www.bing.com/ck/a?!&&p=1&ptn=3&u=a1aHR0cHM6Ly9lLm9yZy9h&ntb=1",
        "https://r.search.yahoo.com/_ylt=Aw/RV=2/RE=17/RO=10/RU=https%3a%2f%2fe.org%2fa/RK=2/RS=x-",
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fe.org%2Fa&data=05%7C01&reserved=0",
        "https://t.me/iv?url=https%3A%2F%2Fe.org%2Fa&rhash=1f",
        "https://e.org/a?amp",
        "https://e.org/a?amp=1",
        "https://e.org/a?outputType=amp",
        "https://amp.e.org/a",
        "https://touch.e.org/a",
        "https://www.google.com/amp/s/e.org/a",
        "https://e-org.cdn.ampproject.org/c/s/e.org/a",
        "https://e-org.cdn.ampproject.org/v/s/e.org/a?usqp=mq331AQ&amp_js_v=0.1&amp=1&utm_x=1".replace(
            "usqp=mq331AQ&amp_js_v=0.1&", ""
        ),
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fe.org%2Fa%3Ffbclid%3Dx&h=AT1",
        "https://lm.facebook.com/l.php?u=https%3A%2F%2Fe.org%2Fa",
        "https://www.google.com/url?q=https://e.org/a&sa=D",
        "https://www.google.co.uk/url?sa=t&url=https%3A%2F%2Fe.org%2Fa",
        "https://www.google.com/url?q=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fe.org%252Fa",
        "https://vk.com/away.php?to=https%3A%2F%2Fe.org%2Fa",
        "https://out.reddit.com/t3_1?url=https%3A%2F%2Fe.org%2Fa&token=x",
        "https://web.archive.org/web/20200101000000/https://e.org/a",
        "https://web.archive.org/web/2020id_/http://e.org/a",
        "https://e.org/a?mibextid=Z",
        "https://e.org/a?ref=share",
        "https://e.org/a?s=24",
        "https://e.org/a?xtor=CS1-32",
        "https://e.org/a?at_medium=custom7&at_campaign=64",
        "https://e.org/a?CMP=share_btn_tw",
        "https://e.org/a?smid=tw-share",
        "https://e.org/a?ns_mchannel=social&ns_source=tw",
        "https://e.org/a#utm_source=x",
        "https://e.org/a#:~:text=word",
        "https://e.org/a;jsessionid=12AB",
    ],
    "an article with parameters": [
        "https://e.org/a?x=1&y=2",
        "https://e.org/a?y=2&x=1",
        "https://e.org/a?y=2&amp%3Bx=1",
    ],
    "a page in Unicode": [
        "https://e.org/%C3%A4",
        "https://e.org/ä",
        "https://e.org/%c3%a4",
        "https://e.org/a\u0308",
    ],
    "a host in Unicode": [
        "https://münchen.example/a",
        "https://xn--mnchen-3ya.example/a",
        "https://MÜNCHEN.example/a",
    ],
    "a tilde": ["https://e.org/~a", "https://e.org/%7Ea", "https://e.org/%7ea"],
    "an encyclopedia": ["https://de.wikipedia.org/wiki/X", "https://de.m.wikipedia.org/wiki/X"],
    "an archive": ["https://archive.ph/Ab1", "https://archive.is/Ab1", "https://archive.today/Ab1"],
    "a route": ["https://app.example/#/thread/1", "https://app.example/#/thread/1?utm_source=x"],
}


@pytest.mark.parametrize("urls", ONE_PAGE.values(), ids=ONE_PAGE)
def test_given_addresses_of_one_page_then_they_are_one_object(urls):
    forms = canonical(*urls)
    assert dict(zip(urls, forms, strict=True)) == dict.fromkeys(urls, forms[0])
    assert forms[0] is not None


def test_given_one_of_many_pages_then_no_two_of_them_are_one_object():
    forms = [canonical(urls[0])[0] for urls in ONE_PAGE.values()]
    assert len(set(forms)) == len(forms)


TWO_PAGES = [
    (f"https://youtu.be/{V}", f"https://youtu.be/{V[:-1]}x"),
    ("https://www.youtube.com/playlist?list=a", "https://www.youtube.com/playlist?list=b"),
    ("https://www.youtube.com/@one", "https://www.youtube.com/@two"),
    ("https://www.youtube.com/results?search_query=a", "https://www.youtube.com/results?search_query=b"),
    ("https://x.com/a/status/1729", "https://x.com/a/status/1730"),
    ("https://x.com/search?q=a", "https://x.com/search?q=b"),
    ("https://t.me/chan/12", "https://t.me/chan/13"),
    ("https://t.me/chan/12", "https://t.me/chan/12?comment=4"),
    ("https://t.me/joinchat/AbC", "https://t.me/joinchat/aBc"),
    ("https://t.me/+AbC", "https://t.me/+aBc"),
    ("https://facebook.com/story.php?story_fbid=1&id=2", "https://facebook.com/story.php?story_fbid=3&id=2"),
    ("https://www.facebook.com/watch/?v=1", "https://www.facebook.com/watch/?v=2"),
    ("https://www.facebook.com/photo?fbid=1&set=a", "https://www.facebook.com/photo?fbid=2&set=a"),
    ("https://www.instagram.com/p/Abc/", "https://www.instagram.com/p/abc/"),
    ("https://www.tiktok.com/@a/video/1", "https://www.tiktok.com/@a/video/2"),
    ("https://redd.it/abc1", "https://redd.it/abc2"),
    (
        "https://www.reddit.com/r/n/comments/abc1/t/def1/",
        "https://www.reddit.com/r/n/comments/abc1/t/def2/",
    ),
    ("https://groups.google.com/forum/#!topic/a/1", "https://groups.google.com/forum/#!topic/a/2"),
    ("https://app.example/#/thread/1", "https://app.example/#/thread/2"),
    ("https://item.example/i.htm?spm=1&id=1", "https://item.example/i.htm?spm=1&id=2"),
    ("https://en.wikipedia.org/wiki/X", "https://de.wikipedia.org/wiki/X"),
    ("https://e.org/a?ref=12", "https://e.org/a?ref=13"),
    ("https://e.org/?s=peace", "https://e.org/?s=war"),
    ("https://e.org/a?page=1", "https://e.org/a?page=2"),
    ("https://e.org/a%2Fb", "https://e.org/a/b"),
    ("https://e.org/camp", "https://e.org/c"),
    ("https://amp.org/a", "https://e.org/a"),
    ("https://www.google.com/search?q=https://e.org/a", "https://e.org/a"),
    ("https://bit.ly/AbC", "https://bit.ly/aBc"),
    ("https://münchen.example/a", "https://munchen.example/a"),
    ("https://archive.ph/Ab1", "https://archive.ph/ab1"),
    ("https://e.org/a_(b)", "https://e.org/a_"),
]


@pytest.mark.parametrize(("one", "other"), TWO_PAGES)
def test_given_two_pages_then_they_are_two_objects(one, other):
    first, second = canonical(one, other)
    assert first is not None
    assert second is not None
    assert first != second


@pytest.mark.parametrize(
    "cut",
    [
        "https://t.co/…",
        "https://t.co/9Xl…",
        "https://t.co/",
        "https://t.co",
        "https://bit.ly",
        "https://e.org/a...",
    ],
)
def test_given_a_link_that_is_cut_off_then_it_is_no_object(cut):
    assert canonical("https://e.org/b", cut) == ["e.org/b", None]


def test_given_bytes_that_are_no_text_then_they_stay_escaped():
    assert canonical("https://e.org/%ff%C3%A4%2f%20") == ["e.org/%FFä%2F%20"]


def test_given_a_target_that_is_no_address_then_the_redirector_stays():
    assert canonical("https://www.google.com/url?q=https%3A%2F%2F") == ["google.com/url?q=https%3A%2F%2F"]
