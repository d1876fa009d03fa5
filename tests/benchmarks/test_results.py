"""The page of results: every figure that was measured is on it, and the load of the other program is the same load."""

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.held.__main__ import held, size
from benchmarks.peer.toolkit import Step, write_table
from benchmarks.results.measuring import Results
from benchmarks.results.page import write_page
from benchmarks.results.picture import write_picture
from detectors.config import DetectionConfig
from detectors.pipeline import Pipeline

_TIMING = {
    "posts": 1_000,
    "wall_s": 3.0,
    "cpu_s": 4.0,
    "peak_rss_bytes": 5_000_000,
    "runs": 1,
    "posts_per_s": 333.0,
}
_RESULTS = Results(
    machine="a machine",
    replays="table of replays",
    start="table of starts",
    timings=[
        {"job": "parse only", **_TIMING},
        {"job": "replay", **_TIMING, "posts": 10, "cpu_s": 1.0},
        {"job": "replay", **_TIMING},
        {"job": "replay", **_TIMING, "posts": 10_000, "cpu_s": 31.0},
    ],
    peer={1_000: [Step("load", 6.0, 7.0, 8_000_000), Step("co_link", 2.0, 2.0, 9_000_000)]},
    held={1_000: {"pairs": {"bytes": 4_200_000, "items": 100, "of": "pairs"}}},
    stages={"pairs": 3.0, "traces": 1.0},
)


def test_given_results_then_the_page_has_them_with_ratios(tmp_path: Path) -> None:
    picture = tmp_path / "pictures" / "cpu.svg"
    write_page(_RESULTS, tmp_path / "RESULTS.md", {"CPU": picture})
    page = (tmp_path / "RESULTS.md").read_text()
    assert "table of replays" in page
    assert "table of starts" in page
    assert "![CPU](pictures/cpu.svg)" in page
    (beside,) = [line for line in page.splitlines() if line.startswith("| 1,000 |") and "2.00" in line]
    assert [cell.strip() for cell in beside.split("|")[2:-1]] == [
        "6.0",
        "2.0",
        "8.0",
        "4.0",
        "2.00",
        "9",
        "5",
    ]
    assert "- replay, 1,000 to 10,000 posts: CPU seconds after the start grow with posts ** 1.00" in page
    assert "42,000" in page
    assert "75%" in page


def test_given_lines_then_the_picture_is_svg_with_a_name_for_each(tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    write_picture("Seconds", {"replay": {10: 0.5, 1_000: 7.0}, "<toolkit>": {10: 3.0}}, path)
    text = path.read_text()
    assert [word in text for word in (">Seconds<", ">replay<", ">&lt;toolkit&gt;<", ">1,000<")] == [True] * 4
    before = path.read_bytes()
    write_picture("Seconds", {"replay": {10: 0.5, 1_000: 7.0}, "<toolkit>": {10: 3.0}}, path)
    assert path.read_bytes() == before


def test_given_a_load_then_the_table_has_its_posts_and_no_link_that_none_has(tmp_path: Path) -> None:
    posts = [
        {
            "post_id": "1",
            "account_id": "a",
            "created_at": "2023-11-15T00:00:01Z",
            "text": "x, y",
            "urls": ["u", "v"],
        },
        {"post_id": "2", "account_id": "b", "created_at": "2023-11-15T00:00:02Z", "repost_of": "1"},
    ]
    with gzip.open(tmp_path / "load.jsonl.gz", "wt") as out:
        out.writelines(json.dumps(post) + "\n" for post in posts)
    assert write_table(tmp_path / "load.jsonl.gz", tmp_path / "posts.csv") == 2
    with (tmp_path / "posts.csv").open(newline="") as table:
        _, first, second = csv.reader(table)
    assert first == ["1", "a", "a", "", "", "x, y", "1700006401", "u v"]
    assert second == ["2", "b", "b", "1", "", "", "1700006402", "none:2"]


def test_given_plain_data_then_its_bytes_are_counted() -> None:
    assert size({"a": np.zeros(10), "b": [b"xyz", "uv"], "c": pl.Series([1, 2])}) == 80 + 5 + 16


def test_given_an_empty_pipeline_then_every_part_is_there() -> None:
    assert set(held(Pipeline(DetectionConfig()))) == {
        "pairs", "exposure", "texts", "synchrony", "observations", "samples", "pools"
    }  # fmt: skip
