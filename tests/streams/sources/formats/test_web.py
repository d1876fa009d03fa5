"""Articles of sites: as objects, as feeds, as lists of stories."""

import json

import pytest

from schemas.errors import FormatError
from tests.streams.sources.exports import jsonl, known, table, without

T = 1_672_531_200  # 2023-01-01T00:00:00Z

BODY = 'Out of <b>Prague</b> &amp; Rome: <a href="https://two.example/b?c=1&amp;d=2">more</a>'
ARTICLE = {
    "link": "https://www.news.example.co.uk/2023/look?id=5",
    "title": "Look &amp; see",
    "published": "Sun, 01 Jan 2023 00:00:00 GMT",
    "summary": BODY,
    "site": "News",
    "language": "en",
}
GOLDEN = {
    "post_id": "https://www.news.example.co.uk/2023/look?id=5",
    "platform": "web",
    "account_id": "example.co.uk",
    "created_at": T,
    "text": "Look & see\nOut of Prague & Rome: more",
    "lang": "en",
    "urls": ["https://two.example/b?c=1&d=2"],
    "hashtags": [],
}
RSS = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>News</title><link>https://www.news.example.co.uk/</link><language>en</language>
<item><title>Look &amp;amp; see</title><link>https://www.news.example.co.uk/2023/look?id=5</link>
<guid isPermaLink="false">5</guid><pubDate>Sun, 01 Jan 2023 00:00:00 GMT</pubDate>
<description><![CDATA[{BODY}]]></description></item>
<item><title>No time</title><link>https://www.news.example.co.uk/2</link></item>
<item><title>Third</title><link>https://www.news.example.co.uk/3</link>
<pubDate>Sun, 01 Jan 2023 01:00:00 +0100</pubDate></item>
</channel></rss>
"""
ATOM = """<?xml version="1.0"?>
<!-- written by hand -->
<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>
<entry><id>tag:news,5</id><title>Look</title><link rel="self" href="https://api.example/5"/>
<link href="https://news.example/5"/><published>2023-01-01T00:00:00Z</published><updated>2023-01-02T00:00:00Z</updated>
<content type="html">&lt;p&gt;Body&lt;/p&gt;</content></entry>
</feed>
"""


@pytest.mark.parametrize("write", [jsonl, lambda *all: json.dumps({"articles": all}, indent=1)])
def test_given_articles_when_read_then_the_site_is_the_account(take, write):
    other = {
        "url": "http://xn--bcher-kva.example/1",
        "title": "B",
        "date_publish": "2023-01-01",
        "maintext": "Body",
    }
    hosted = ARTICLE | {"site": "https://blog.other.example/feed"}
    taken = take(write(ARTICLE, other, hosted))
    assert (taken.format, taken.dead) == ("articles", [])
    assert known(taken.rows[0]) == GOLDEN
    assert (taken.rows[1]["account_id"], taken.rows[1]["text"]) == ("xn--bcher-kva.example", "B\nBody")
    assert taken.rows[2]["account_id"] == "other.example"


@pytest.mark.parametrize("block_size", [16, 4096])
def test_given_a_feed_when_read_then_its_items_are_articles(take, block_size):
    taken = take(RSS, block_size=block_size)
    assert (taken.format, taken.reasons, taken.positions) == ("feed", ["missing_field"], [2])
    assert known(taken.rows[0]) == without(GOLDEN, "lang")
    assert taken.posts["created_at"].to_list() == [T, T]
    row = known(take(ATOM, block_size=block_size).rows[0])
    assert (row["post_id"], row["account_id"], row["text"]) == (
        "https://news.example/5",
        "news.example",
        "Look\nBody",
    )


def test_given_a_feed_that_is_cut_off_or_broken_when_read_then_what_came_before_is_used(take):
    taken = take(RSS[: RSS.index("<item><title>Third")], block_size=64)
    assert len(taken.rows) == 1
    assert "ends early" in str(taken.fault)
    taken = take(RSS.replace("<title>Third", "<title>Third</b>"), block_size=64)
    assert len(taken.rows) == 1
    assert "not well-formed" in str(taken.fault)


def test_given_entities_that_grow_when_a_feed_is_opened_then_it_is_refused(take):
    grows = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(10))
    document = f"<!DOCTYPE rss [{grows}]><rss><channel><item><title>&e9;</title></item></channel></rss>"
    with pytest.raises(FormatError, match="no feed"):
        take(document)


def test_given_a_list_of_stories_when_read_then_titles_are_texts(take):
    story = {"id": "1", "indexed_date": "2023-01-02", "language": "en", "media_name": "news.example.co.uk",
             "media_url": "news.example.co.uk", "publish_date": "2023-01-01", "title": "Look, see",
             "url": "https://www.news.example.co.uk/5"}  # fmt: skip
    taken = take(table(story, story | {"publish_date": "?"}, story | {"url": ""}))
    assert (taken.format, taken.reasons) == ("media-cloud", ["bad_time", "missing_field"])
    assert known(taken.rows[0]) == without(GOLDEN, "urls") | {
        "post_id": "https://www.news.example.co.uk/5", "text": "Look, see",
    }  # fmt: skip


def test_given_broken_articles_when_read_then_only_they_are_set_aside(take):
    taken = take(
        jsonl(ARTICLE, ARTICLE | {"title": {}}, without(ARTICLE, "link"), ARTICLE | {"published": "once"})
    )
    assert (len(taken.rows), taken.reasons) == (1, ["malformed", "missing_field", "bad_time"])


def test_given_a_page_of_html_when_opened_then_it_is_refused(take):
    for page in ("<!DOCTYPE html><html><body>rss</body></html>", "<?xml version='1.0'?><tv/>"):
        with pytest.raises(FormatError, match="HTML or XML"):
            take(page)


def test_given_pictures_in_an_article_when_read_then_only_what_it_links_to_and_films_are_links(take):
    shown = (
        '<a href="https://two.example/b"><img\n src="https://one.example/p.jpg" srcset="//one.example/2.jpg 2x"></a>'
        "<iframe src=\"https://www.youtube.com/embed/abc\"></iframe><IMG SRC='https://s.example/emoji/1f600.png' />"
    )
    assert take(jsonl(ARTICLE | {"summary": shown})).rows[0]["urls"] == [
        "https://two.example/b",
        "https://www.youtube.com/embed/abc",
    ]
