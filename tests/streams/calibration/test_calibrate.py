"""`lockstep calibrate`: alerts and verdicts in, probabilities out; few verdicts say that they are few."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from schemas.alerts import Alert
from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel
from tests.schemas.samples import FULL
from tests.streams.conftest import Lockstep, lockstep

__all__ = ["lockstep"]
L = ReviewLabel
AT = datetime(2024, 3, 5, tzinfo=UTC)


def alert(network: str, covertness: float | None, coordination: float = 0.9, revision: int = 1) -> Alert:
    sample = FULL["alert"]
    assert isinstance(sample, Alert)
    return msgspec.structs.replace(
        sample,
        alert_id=f"{network}-{revision}",
        network_id=network,
        revision=revision,
        covertness=covertness,
        coordination=coordination,
    )


def label(
    network: str, said: ReviewLabel, *, actor: str = "a", revision: int = 1, **more: Any
) -> ReviewEvent:
    return ReviewEvent(
        event_id=f"{network}-{actor}-{said}",
        alert_id=f"{network}-{revision}",
        alert_revision=revision,
        network_id=network,
        actor=actor,
        role="reviewer",
        at=more.pop("at", AT),
        kind=ReviewKind.LABEL,
        label=said,
        reason="looked at it",
        **more,
    )


class Calibrate:
    """Runs the command on alerts and reviews."""

    def __init__(self, lockstep: Lockstep, folder: Path) -> None:
        self._lockstep = lockstep
        self.folder = folder

    def __call__(
        self, alerts: Iterable[Alert], reviews: Iterable[ReviewEvent], *options: str, status: int = 0
    ) -> tuple[dict[str, Any], str]:
        for name, records in (("alerts", alerts), ("reviews", reviews)):
            (self.folder / f"{name}.jsonl").write_bytes(
                b"".join(msgspec.json.encode(r) + b"\n" for r in records)
            )
        out = self.folder / "figures.json"
        done = self._lockstep(
            "calibrate", "alerts.jsonl", "--reviews", "reviews.jsonl", "--json", out, *options
        )
        assert done.returncode == status, done.stderr.decode()
        found = json.loads(out.read_text()) if out.exists() else {}
        return found, " ".join(done.stderr.decode().split())


@pytest.fixture
def calibrate(lockstep: Lockstep, tmp_path: Path) -> Calibrate:
    return Calibrate(lockstep, tmp_path)


def score_of(figures: dict[str, Any], name: str) -> dict[str, Any]:
    (one,) = [each for each in figures["scores"] if each["score"] == name]
    return dict(one)


def many(count: int) -> tuple[list[Alert], list[ReviewEvent]]:
    """Networks that are the more often inauthentic, the higher their covertness."""
    draw = np.random.default_rng(7)
    scores = draw.random(count)
    truth = draw.random(count) < scores
    alerts = [alert(f"net-{number:04}", float(score)) for number, score in enumerate(scores)]
    said = [L.CONFIRMED_INAUTHENTIC if yes else L.COORDINATED_AUTHENTIC for yes in truth]
    return alerts, [label(one.network_id, each) for one, each in zip(alerts, said, strict=True)]


@pytest.mark.parametrize(("count", "method"), [(200, "logistic"), (1_500, "isotonic")])
def test_given_enough_verdicts_then_the_curve_is_the_share_that_reviewers_confirm(
    calibrate: Calibrate, count: int, method: str
) -> None:
    figures, said = calibrate(*many(count), "--svg", "curve.svg")
    one = score_of(figures, "covertness")
    assert one["method"] == method
    for point in one["curve"]:
        assert point["low"] <= point["probability"] <= point["high"]
        if 0.2 <= point["score"] <= 0.8:
            assert abs(point["probability"] - point["score"]) < 0.15
    assert one["brier"] < one["brier_without_score"] - 0.03
    held = [
        each["observed"]["low"] <= each["predicted"] <= each["observed"]["high"]
        for each in one["reliability"]
    ]
    assert sum(held) >= len(held) - 1
    assert "better than the" in said
    # all of them act together, so coordination has nothing to tell apart
    assert score_of(figures, "coordination")["method"] == "none"
    root = ET.parse(calibrate.folder / "curve.svg").getroot()  # noqa: S314 - we wrote it
    assert len(root.findall(".//{http://www.w3.org/2000/svg}circle")) == len(one["reliability"])


@pytest.mark.parametrize("count", [1, 9])
def test_given_few_verdicts_then_there_is_no_curve_and_a_wide_interval(
    calibrate: Calibrate, count: int
) -> None:
    figures, said = calibrate(*many(count), "--svg", "curve.svg")
    one = score_of(figures, "covertness")
    assert (one["method"], one["curve"], one["brier"]) == ("none", [], None)
    assert one["verdicts"]["high"] - one["verdicts"]["low"] > 0.5
    assert f"{count} verdicts are too few for a curve" in said
    ET.parse(calibrate.folder / "curve.svg")  # noqa: S314 - we wrote it


def test_given_the_same_files_then_the_figures_are_the_same(calibrate: Calibrate) -> None:
    alerts, reviews = many(120)
    first, _ = calibrate(alerts, reviews)
    second, _ = calibrate(alerts, reversed(reviews))
    assert first == second


def test_given_every_kind_of_label_then_precision_counts_what_is_decided(calibrate: Calibrate) -> None:
    alerts = [alert(name, 0.9 if name < "e" else 0.1) for name in "abcdefg"] + [alert("open", None)]
    reviews = [
        label("a", L.CONFIRMED_INAUTHENTIC),
        label("a", L.CONFIRMED_INAUTHENTIC, actor="b"),
        label("b", L.CONFIRMED_INAUTHENTIC),  # awaits a second
        label("c", L.NOT_COORDINATED),
        label("d", L.INSUFFICIENT_EVIDENCE),
        label("e", L.BENIGN_AUTOMATION),
        label("f", L.COORDINATED_AUTHENTIC),
        label("f", L.NOT_COORDINATED, actor="b"),  # disputed
        label("gone", L.NOT_COORDINATED),
        label("g", L.NOT_COORDINATED, expires_at=AT + timedelta(days=1)),  # no longer counts
    ]
    figures, said = calibrate(alerts, reviews)
    reviewed = figures["reviewed"]
    assert {name: count for name, count in reviewed["labelled"].items() if count} == {
        "confirmed_inauthentic": 2,
        "not_coordinated": 1,
        "insufficient_evidence": 1,
        "benign_automation": 1,
        "disputed": 1,
    }
    assert (reviewed["awaiting_second"], reviewed["unknown"], reviewed["unlabelled"]) == (1, 1, 2)
    assert (reviewed["inauthentic"]["right"], reviewed["inauthentic"]["networks"]) == (2, 4)
    assert (reviewed["coordinated"]["right"], reviewed["coordinated"]["networks"]) == (3, 4)
    suspected = reviewed["inauthentic_of_suspected"]
    assert (suspected["right"], suspected["networks"]) == (2, 3)
    assert "await a second reviewer" in said


def test_the_score_is_that_of_the_revision_that_was_seen(calibrate: Calibrate) -> None:
    alerts, reviews = many(40)
    later = [alert(one.network_id, 1.0 - (one.covertness or 0.0), revision=2) for one in alerts]
    figures, _ = calibrate([*alerts, *later], reviews)
    seen_first = score_of(figures, "covertness")["curve"]
    assert seen_first[-1]["probability"] > seen_first[0]["probability"]
    assert figures["other_revision"] == 0
    figures, said = calibrate(alerts, [msgspec.structs.replace(one, alert_revision=5) for one in reviews])
    assert figures["other_revision"] == 40
    assert "the nearest earlier one was taken" in said


def test_a_curve_that_falls_is_called_out(calibrate: Calibrate) -> None:
    alerts, reviews = many(120)
    turned = [alert(one.network_id, 1.0 - (one.covertness or 0.0)) for one in alerts]
    _, said = calibrate(turned, reviews)
    assert "A higher score was confirmed less often" in said


def test_given_no_verdict_on_these_alerts_then_nothing_is_written(calibrate: Calibrate) -> None:
    figures, said = calibrate([alert("a", 0.5)], [label("other", L.NOT_COORDINATED)], status=1)
    assert figures == {} and "has no label for a network of" in said


def test_given_an_output_that_is_an_input_then_it_is_wrong_usage(calibrate: Calibrate) -> None:
    _, said = calibrate([alert("a", 0.5)], [label("a", L.NOT_COORDINATED)], "--svg", "alerts.jsonl", status=2)
    assert "--svg" in said
