"""Spellings of one page become one object; different pages stay apart."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.traces.urls import canonical_url

SAME = [
    ("https://example.com/a", "example.com/a"),
    ("http://example.com/a", "example.com/a"),
    ("  https://example.com/a\n", "example.com/a"),
    ("HTTPS://WWW.Example.COM/a", "example.com/a"),
    ("www.example.com/a", "example.com/a"),
    ("https://m.example.com/a", "example.com/a"),
    ("https://mobile.example.com/a", "example.com/a"),
    ("https://www.m.example.com/a", "example.com/a"),
    ("https://example.com:443/a", "example.com/a"),
    ("http://example.com.:80/a", "example.com/a"),
    ("https://user:secret@example.com/a", "example.com/a"),
    ("https://example.com/a/", "example.com/a"),
    ("https://example.com/a//", "example.com/a"),
    ("https://example.com/a#part", "example.com/a"),
    ("https://example.com/a?", "example.com/a"),
    ("https://example.com/a?utm_source=x", "example.com/a"),
    ("https://example.com/a?UTM_Source=x&fbclid=y#z", "example.com/a"),
    ("https://example.com/a?utm_source=x&amp;utm_medium=y", "example.com/a"),
    ("https://example.com/a/?id=7&utm_source=x", "example.com/a?id=7"),
    ("https://example.com/a?utm_source=x&id=7", "example.com/a?id=7"),
    ("https://example.com/a?id=7;gclid=x;page=2", "example.com/a?id=7;page=2"),
    ("https://example.com/a?id=7&amp;page=2", "example.com/a?id=7&page=2"),
    ("https://example.com/?id=7", "example.com?id=7"),
    ("https://example.com?id=7", "example.com?id=7"),
    ("https://example.com/", "example.com"),
    ("https://example.com", "example.com"),
    ("https://http://example.com/a", "example.com/a"),
]

KEPT_APART = [
    ("https://example.com:8080/a", "example.com:8080/a"),
    ("https://example.com/A", "example.com/A"),  # paths tell capitals apart
    ("https://news.example.com/a", "news.example.com/a"),
    ("https://mobile.de/a", "mobile.de/a"),
    ("https://www.mobile.de/a", "mobile.de/a"),
    ("https://m.com/a", "m.com/a"),
    ("https://mexample.com/a", "mexample.com/a"),
    ("https://example.com/AT&T", "example.com/AT&T"),
    ("https://example.com/a?my_utm_source=x", "example.com/a?my_utm_source=x"),
    ("https://example.com/a?ref=x", "example.com/a?ref=x"),
    ("https://example.com/@name/7", "example.com/@name/7"),
]

OPAQUE = ["1234567", "did:plc:abc", "example.com/a", "Video-ID_9", "ftp://example.com/a", "https://", "WWW"]


def canonical(*urls: str | None) -> list[str | None]:
    return (
        pl.DataFrame({"url": pl.Series(urls, dtype=pl.String)})
        .select(canonical_url(pl.col("url")))["url"]
        .to_list()
    )


@pytest.mark.parametrize(("url", "form"), SAME + KEPT_APART)
def test_given_a_url_then_its_canonical_form(url: str, form: str) -> None:
    assert canonical(url) == [form]


@pytest.mark.parametrize("name", OPAQUE)
def test_given_an_opaque_id_then_it_stays_as_it_is(name: str) -> None:
    assert canonical(name, f" {name} ") == [name, name]


@pytest.mark.parametrize("nothing", [None, "", "  \t", "https://#", "https://?utm_source=x", "http:///"])
def test_given_nothing_then_null(nothing: str | None) -> None:
    assert canonical(nothing) == [None]


letters = "abcxyz0189-_.%~"
labels = st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True)
hosts = st.lists(labels, min_size=2, max_size=4).map(".".join)
paths = st.lists(st.text(letters, min_size=1, max_size=5).map("/".__add__), max_size=3).map("".join)
names = st.sampled_from(["id", "page", "q", "v", "xutm_source", "refs"])
trackers = st.sampled_from(["utm_source", "utm_medium", "UTM_Campaign", "fbclid", "gclid", "_ga", "mc_cid"])
parameters = st.lists(st.tuples(names, st.text(letters, max_size=5)).map("=".join), max_size=4)
tracking = st.lists(st.tuples(trackers, st.text(letters, max_size=5)).map("=".join), min_size=1, max_size=4)


def joined(host: str, path: str, query: list[str]) -> str:
    return f"https://{host}{path}" + ("?" + "&".join(query) if query else "")


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=40), st.text("htps:/w.m?&;=#@ ae", max_size=25).map("https://".__add__)))
def test_the_canonical_form_is_its_own_canonical_form(text: str) -> None:
    once = canonical(text)

    assert canonical(*once) == once


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(data=st.data(), host=hosts, path=paths, query=parameters, extra=tracking)
def test_given_tracking_parameters_anywhere_then_they_do_not_matter(
    data: st.DataObject, host: str, path: str, query: list[str], extra: list[str]
) -> None:
    mixed = list(query)
    for parameter in extra:
        mixed.insert(data.draw(st.integers(0, len(mixed))), parameter)
    plain, tracked = canonical(joined(host, path, query), joined(host, path, mixed))

    assert tracked == plain


@settings(max_examples=100, deadline=None)
@given(host=hosts, path=paths, query=parameters)
def test_given_capitals_in_the_host_then_they_do_not_matter(host: str, path: str, query: list[str]) -> None:
    small, large = canonical(joined(host, path, query), joined(host.upper(), path, query))

    assert large == small


@settings(max_examples=100, deadline=None)
@given(host=hosts, path=paths, first=parameters, second=parameters)
def test_given_other_parameters_then_they_tell_pages_apart(
    host: str, path: str, first: list[str], second: list[str]
) -> None:
    one, other = canonical(joined(host, path, first), joined(host, path, second))

    assert (one == other) == (first == second)
