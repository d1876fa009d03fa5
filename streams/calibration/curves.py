"""One score against one question: the curve, and whether it holds for networks that it has not seen."""

import hashlib
from collections.abc import Collection, Sequence

import numpy as np

from detectors.arrays.dtypes import F64, I64, Bools
from detectors.statistics.calibration import IsotonicCurve, LogisticCurve, isotonic_curve, logistic_curve
from schemas.figures.calibration import CurvePoint, Method, ReliabilityBin, ScoreCalibration
from streams.calibration.reviewed import share_of
from streams.calibration.verdicts import Verdict

FEWEST = 10
"""Verdicts below which there is no curve. Chosen, not measured: ten events for each parameter that depends on the score
is an old rule of thumb (Peduzzi et al. 1996)."""
FEWEST_OF_EACH = 3
"""Confirmed verdicts, and others, below which there is no curve. Chosen, not measured."""
ISOTONIC_FROM = 1_000
"""Verdicts from which the curve is isotonic (Niculescu-Mizil and Caruana 2005)."""
_FOLDS = 10
_BINS = 10
_LEAST_IN_BIN = 5
_GRID = np.round(np.arange(21) * 0.05, 2)
_NEAR = 0.05


def calibration_of(
    score: str, question: str, verdicts: Sequence[Verdict], labels: Collection[str]
) -> ScoreCalibration:
    """Fit one score.

    Args:
        score: `covertness` or `coordination`.
        question: its name.
        verdicts: decided ones.
        labels: that answer the question with yes.
    """
    scored = [one for one in verdicts if getattr(one.seen, score) is not None]
    scores = np.array([getattr(one.seen, score) for one in scored], np.float64)
    confirmed = np.array([one.label in labels for one in scored], np.bool_)
    method, reason = _method(scores, confirmed)
    curve: list[CurvePoint] = []
    reliability: list[ReliabilityBin] = []
    brier = plain = None
    if method is not Method.NONE:
        curve = _points(_fit(method, scores, confirmed), scores)
        folds = _folds([one.network_id for one in scored])
        predicted, shares = _unseen(method, scores, confirmed, folds)
        brier, plain = (float(np.mean((p - confirmed) ** 2)) for p in (predicted, shares))
        reliability = _bins(predicted, confirmed)
    return ScoreCalibration(
        score=score,
        question=question,
        method=method,
        reason=reason,
        verdicts=share_of(int(confirmed.sum()), len(confirmed)),
        without_score=len(verdicts) - len(scored),
        curve=curve,
        reliability=reliability,
        brier=brier,
        brier_without_score=plain,
    )


def _method(scores: F64, confirmed: Bools) -> tuple[Method, str]:
    count, right = len(confirmed), int(confirmed.sum())
    if count < FEWEST:
        return Method.NONE, f"{count} verdicts are too few for a curve; {FEWEST} are needed."
    if min(right, count - right) < FEWEST_OF_EACH:
        return (
            Method.NONE,
            f"{right} of {count} verdicts are confirmed; a curve needs {FEWEST_OF_EACH} of each kind.",
        )
    if len(np.unique(scores)) < 2:
        return Method.NONE, "All scores are the same, so they say nothing."
    if count < ISOTONIC_FROM:
        return Method.LOGISTIC, f"Below {ISOTONIC_FROM:,} verdicts a free curve would follow chance."
    return Method.ISOTONIC, f"From {ISOTONIC_FROM:,} verdicts on, the curve may take any rising shape."


def _fit(method: Method, scores: F64, confirmed: Bools) -> LogisticCurve | IsotonicCurve:
    return (logistic_curve if method is Method.LOGISTIC else isotonic_curve)(scores, confirmed)


def _points(curve: LogisticCurve | IsotonicCurve, scores: F64) -> list[CurvePoint]:
    middle = curve.at(_GRID)
    low, high = curve.intervals(_GRID)
    return [
        CurvePoint(
            score=float(at),
            probability=_unit(probability),
            low=_unit(min(below, probability)),
            high=_unit(max(above, probability)),
            verdicts=int(np.sum(np.abs(scores - at) <= _NEAR + 1e-9)),
        )
        for at, probability, below, above in zip(_GRID, middle, low, high, strict=True)
    ]


def _folds(network_ids: Sequence[str]) -> I64:
    """A fold for each network, the same in every run: by rank of a hash of its id."""
    keys = [hashlib.blake2b(network_id.encode(), digest_size=8).digest() for network_id in network_ids]
    ranks = np.empty(len(keys), np.int64)
    ranks[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return ranks % _FOLDS


def _unseen(method: Method, scores: F64, confirmed: Bools, folds: I64) -> tuple[F64, F64]:
    """Predictions for each network by a curve from the other folds; and by the share of these alone."""
    predicted, shares = np.zeros(len(scores)), np.zeros(len(scores))
    for fold in np.unique(folds).tolist():
        out = folds == fold
        kept_scores, kept = scores[~out], confirmed[~out]
        shares[out] = kept.mean()
        if len(np.unique(kept_scores)) < 2:
            predicted[out] = kept.mean()
        else:
            predicted[out] = _fit(method, kept_scores, kept).at(scores[out])
    return predicted, shares


def _bins(predicted: F64, confirmed: Bools) -> list[ReliabilityBin]:
    """Up to ten bins of about as many networks each, lowest predictions first."""
    bins = max(1, min(_BINS, len(predicted) // _LEAST_IN_BIN))
    order = np.argsort(predicted, kind="stable")
    return [
        ReliabilityBin(
            predicted=_unit(float(predicted[rows].mean())),
            observed=share_of(int(confirmed[rows].sum()), len(rows)),
        )
        for rows in np.array_split(order, bins)
    ]


def _unit(value: float) -> float:
    return min(1.0, max(0.0, float(value)))
