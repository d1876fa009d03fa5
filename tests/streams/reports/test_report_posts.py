"""The posts of a run kept for the report: what it says of members, of others and of single posts."""

from typing import Any

import polars as pl
import pytest

from detectors.post_columns import conform
from streams.outputs.output_files import OutputError
from streams.reports import report_posts
from streams.reports.report_posts import AccountActivity, PostShown, ReportPosts


def posts_of(*rows: dict[str, Any]) -> pl.DataFrame:
    given = {"platform": "x", "text": "hola"}
    return conform(
        pl.DataFrame([given | {"post_id": str(n), "created_at": n} | row for n, row in enumerate(rows)])
    )


ROWS = [
    {"account_id": "a", "likes": 3, "replies": 1, "followers_count": 5},
    {"account_id": "a", "followers_count": 7},
    {"account_id": "b", "text": "adi\u00f3s"},
    *({"account_id": f"o{n}", "followers_count": n, "likes": 2 * n} for n in range(1, 102)),
]


@pytest.mark.parametrize("rows", [2, 1_000])
def test_figures_texts_and_peers_are_those_of_the_posts(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_posts, "_ROWS", rows)
    with ReportPosts() as posts:
        for row in ROWS:
            posts.add(posts_of(row).with_columns(post_id=pl.lit(str(ROWS.index(row)))))
        found = posts.details(["x:a", "x:b", "x:unseen"], [("x:b", "2"), ("x:b", "99")])
    assert found.accounts == {"x:a": AccountActivity(2, 4.0, 7), "x:b": AccountActivity(1, None, None)}
    assert found.posts == {("x:b", "2"): PostShown(0, "adi\u00f3s")}
    assert found.others["followers"] == (6.0, 26.0, 51.0, 76.0, 96.0)
    assert found.others["reactions"][2] == 102.0
    assert set(found.times) == {"x:a", "x:b"}


def test_the_shares_of_one_post_count_once() -> None:
    with ReportPosts() as posts:
        posts.add(posts_of({"account_id": "a", "post_id": "1"}, {"account_id": "a", "post_id": "1"}))
        assert posts.details(["x:a"], []).accounts["x:a"].posts == 1


def test_what_is_known_of_few_accounts_is_no_yardstick() -> None:
    with ReportPosts() as posts:
        posts.add(posts_of({"account_id": "a", "likes": 1}, {"account_id": "b"}, {"account_id": "c"}))
        assert posts.details([], []).others == {}


def test_without_posts_nothing_is_known() -> None:
    with ReportPosts() as posts:
        assert posts.details(["x:a"], [("x:a", "1")]).accounts == {}


def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_posts, "_ROWS", 1)
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with ReportPosts() as posts, pytest.raises(OutputError, match="Set TMPDIR"):
        posts.add(posts_of({"account_id": "a"}))
