"""Evasion curves: the worlds behind them, the measure, and the picture."""

import gzip
import json
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.evasion.__main__ import main
from benchmarks.evasion.curves import CURVES, Setting
from benchmarks.evasion.picture import write_picture
from benchmarks.evasion.worlds import recall_at_purity, write_world

SVG = "{http://www.w3.org/2000/svg}"


def small(setting: Setting) -> Setting:
    """The same point among fewer people."""
    return replace(setting, accounts=min(setting.accounts, setting.size * setting.operations + 120))


def test_recall_is_that_of_the_longest_pure_ranking() -> None:
    operation = {f"a{n}" for n in range(200)}
    first = dict.fromkeys([f"a{n}" for n in range(100)], 0.9)
    second = dict.fromkeys([f"a{n}" for n in range(100, 150)], 0.8)
    assert recall_at_purity([first, second], operation) == 150 / 200
    assert recall_at_purity([first, second | {"stranger": 0.7}], operation) == 150 / 200
    assert recall_at_purity([first | {"stranger": 0.95}, second], operation) == 150 / 200  # 150 of 151
    assert recall_at_purity([{"stranger": 0.95, "other": 0.95}, first, second], operation) == 0.0
    mixed = dict.fromkeys(["a199", "x", "y"], 0.5)
    assert recall_at_purity([first, mixed], operation) == 100 / 200  # equals enter together
    assert recall_at_purity([], operation) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", CURVES)
def test_each_way_of_hiding_changes_what_it_says(name: str, tmp_path: Path) -> None:
    points = list(CURVES[name].points.items())
    posts: list[list[dict[str, str]]] = []
    shares: list[float] = []
    for at, (_, setting) in enumerate((points[0], points[-1])):
        path = tmp_path / f"{at}.jsonl.gz"
        operation = write_world(small(setting) if name != "share" else setting, 1, path)
        with gzip.open(path, "rt") as lines:
            everything = [json.loads(line) for line in lines]
        posts.append([row for row in everything if row["account_id"] in operation])
        shares.append(len(operation) / len({row["account_id"] for row in everything}))
        assert len(operation) == setting.size * setting.operations
    first, last = (Counter(row["account_id"] for row in rows) for rows in posts)
    if name == "own posts":
        assert min(last.values()) > 5 * max(first.values())
    if name == "share":
        assert shares[0] < 0.1
        assert shares[1] > 0.7
    if name == "paraphrase":
        words = [{row["text"].split(" https:")[0] for row in rows} for rows in posts]
        assert len(words[1]) > len(words[0]) + 200
    if name == "subsets":  # each member acts about as often, with fewer others at a time
        assert 0.6 < sum(first.values()) / sum(last.values()) < 1.7


def test_the_picture_has_a_panel_for_each_curve_and_a_dot_for_each_point(tmp_path: Path) -> None:
    measured = [
        (curve, {point: at / 10 for at, point in enumerate(curve.points)}) for curve in CURVES.values()
    ]
    path = tmp_path / "curves.svg"
    write_picture(measured, path)
    before = path.read_bytes()
    write_picture(measured, path)
    assert path.read_bytes() == before
    root = ET.fromstring(before)  # noqa: S314 - written here
    assert len(root.findall(f".//{SVG}polyline")) == len(CURVES)
    assert len(root.findall(f".//{SVG}circle")) == sum(len(curve.points) for curve in CURVES.values())
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert {curve.title for curve in CURVES.values()} <= texts


def test_given_a_curve_that_is_not_there_then_it_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--curves", "magic"])
    assert stopped.value.code == 2
    assert "paraphrase" in capsys.readouterr().err
