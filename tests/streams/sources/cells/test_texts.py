"""Links in texts, and counts as tables write them."""

import polars as pl
import pytest

from streams.sources.cells.texts import count, urls_in, without_urls


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12", 12),
        ("12.0", 12),
        (" 1,234 ", 1_234),
        ("1,234,567", 1_234_567),
        ("12,345,678,901", 12_345_678_901),
        ("1,234.0", 1_234),
        ("1.5E+6", 1_500_000),
        ("1,23", None),
        ("1,2345", None),
        ("1234,567", None),
        (",123", None),
        ("-1", None),
        ("many", None),
        ("", None),
    ],
)
def test_given_a_count_with_or_without_commas_when_read_then_it_is_the_number_or_unknown(written, meant):
    assert pl.DataFrame({"written": [written]}).select(count(pl.col("written"))).item() == meant


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("Https://one.example/a says a phone", "Https://one.example/a"),
        ("HTTP://ONE.EXAMPLE/A", "HTTP://ONE.EXAMPLE/A"),
        ("انظر https://one.example/a، ثم", "https://one.example/a"),
        ("هل رأيت https://one.example/a؟", "https://one.example/a"),
        ("https://one.example/a؛ https", "https://one.example/a"),
        ("देखें https://one.example/a।", "https://one.example/a"),
    ],
)
def test_given_a_link_of_a_phone_or_before_marks_of_other_scripts_when_read_then_it_is_found(text, link):
    texts = pl.DataFrame({"text": [text]})
    assert texts.select(urls_in(pl.col("text"))).item().to_list() == [link]
    assert "one.example" not in texts.select(without_urls(pl.col("text"))).item().lower()
