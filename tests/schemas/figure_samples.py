"""One full and one minimal instance of the figures that are learnt from verdicts."""

from schemas.figures.calibration import (
    CalibrationFigures,
    CurvePoint,
    Method,
    ReliabilityBin,
    ScoreCalibration,
)
from schemas.figures.reviewed import ReviewedFigures, ShareWithInterval

NONE = ShareWithInterval(networks=0, right=0, share=None, low=0.0, high=1.0)
HALF = ShareWithInterval(networks=2, right=1, share=0.5, low=0.01, high=0.99)

REVIEWED = ReviewedFigures(
    labelled={"confirmed_inauthentic": 1},
    awaiting_second=1,
    unknown=0,
    unlabelled=3,
    coordinated=HALF,
    inauthentic=HALF,
    inauthentic_of_suspected=NONE,
)
_EMPTY = ScoreCalibration(
    score="covertness",
    question="inauthentic",
    method=Method.NONE,
    reason="2 verdicts are too few for a curve; 10 are needed.",
    verdicts=HALF,
    without_score=0,
    curve=[],
    reliability=[],
    brier=None,
    brier_without_score=None,
)
_DRAWN = ScoreCalibration(
    score="coordination",
    question="coordinated",
    method=Method.LOGISTIC,
    reason="Below 1,000 verdicts a free curve would follow chance.",
    verdicts=HALF,
    without_score=1,
    curve=[CurvePoint(score=0.5, probability=0.4, low=0.2, high=0.7, verdicts=2)],
    reliability=[ReliabilityBin(predicted=0.4, observed=HALF)],
    brier=0.2,
    brier_without_score=0.25,
)
MINIMAL_CALIBRATION = CalibrationFigures(
    scores=[],
    reviewed=REVIEWED,
    other_revision=0,
    alerts=2,
    reviews=2,
    config_hashes=[],
    code_version="1.0",
)
FULL_CALIBRATION = CalibrationFigures(
    scores=[_EMPTY, _DRAWN],
    reviewed=REVIEWED,
    other_revision=1,
    alerts=2,
    reviews=2,
    config_hashes=["abc"],
    code_version="1.0",
)
