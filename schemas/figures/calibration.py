"""What `lockstep calibrate --json` writes: how probable a score makes it that reviewers confirm a network."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.figures.reviewed import ReviewedFigures, ShareWithInterval
from schemas.values import Count, Name, Unit


class Method(StrEnum):
    """How a score becomes a probability."""

    NONE = "none"
    """Too few verdicts, or all the same: there is only the share of all."""
    LOGISTIC = "logistic"
    """A logistic curve with two parameters."""
    ISOTONIC = "isotonic"
    """The rising step curve that fits best."""


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """The curve at one score."""

    score: Annotated[Unit, Meta(description="The score.")]
    probability: Annotated[Unit, Meta(description="Probability that reviewers confirm such a network.")]
    low: Annotated[Unit, Meta(description="Lower end of its 95% interval.")]
    high: Annotated[Unit, Meta(description="Upper end of its 95% interval.")]
    verdicts: Annotated[Count, Meta(description="Verdicts on scores within .05 of it.")]


class ReliabilityBin(msgspec.Struct, frozen=True, kw_only=True):
    """Networks with similar predictions: what was predicted beside what reviewers said."""

    predicted: Annotated[
        Unit,
        Meta(description="Mean prediction, each made by a curve that had not seen the network."),
    ]
    observed: Annotated[ShareWithInterval, Meta(description="Those that reviewers confirmed.")]


class ScoreCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """One score against one question."""

    score: Annotated[Name, Meta(description="`covertness` or `coordination` of the alert that was reviewed.")]
    question: Annotated[Name, Meta(description="What a reviewer confirmed: `inauthentic` or `coordinated`.")]
    method: Annotated[Method, Meta(description="How the curve was made.")]
    reason: Annotated[str, Meta(description="Why this method, in one sentence.")]
    verdicts: Annotated[
        ShareWithInterval, Meta(description="All decided verdicts on networks with this score.")
    ]
    without_score: Annotated[
        Count, Meta(description="Decided verdicts on alerts in which this score was not assessed.")
    ]
    curve: Annotated[
        list[CurvePoint], Meta(description="The curve from 0 to 1 in steps of .05; empty: none.")
    ]
    reliability: Annotated[
        list[ReliabilityBin], Meta(description="Predictions against verdicts, lowest first; empty: no curve.")
    ]
    brier: Annotated[
        Unit | None,
        Meta(
            description="Mean squared error of predictions for networks the curve had not seen; null: no curve."
        ),
    ]
    brier_without_score: Annotated[
        Unit | None,
        Meta(description="The same if each prediction were the share of all; the curve should be below it."),
    ]


class CalibrationFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Scores as probabilities, learnt from verdicts."""

    scores: Annotated[list[ScoreCalibration], Meta(description="One for each score.")]
    reviewed: Annotated[ReviewedFigures, Meta(description="Precision by reviewed labels.")]
    other_revision: Annotated[
        Count,
        Meta(
            description="Verdicts on a revision that is not in the file; the nearest earlier one was taken."
        ),
    ]
    alerts: Annotated[Count, Meta(description="Alerts read.")]
    reviews: Annotated[Count, Meta(description="Review events read.")]
    config_hashes: Annotated[
        list[Name],
        Meta(description="Hashes of the settings of these alerts. Scores of several do not compare."),
    ]
    code_version: Annotated[Name, Meta(description="Version of Lockstep.")]
