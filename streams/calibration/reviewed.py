"""Precision by reviewed labels."""

from collections import Counter
from collections.abc import Collection, Sequence

from detectors.covertness.covertness import SUSPECTED
from detectors.statistics.calibration import share_interval
from schemas.figures.reviewed import ReviewedFigures, ShareWithInterval
from streams.calibration.verdicts import COORDINATED, INAUTHENTIC, LABELS, Verdict, Verdicts


def reviewed_figures(verdicts: Verdicts, networks: int) -> ReviewedFigures:
    """How right the alerts were.

    Args:
        verdicts: on networks.
        networks: how many there are in the alerts, labelled or not.
    """
    decided = [verdict for verdict in verdicts.known if verdict.is_decided]
    suspected = [
        one for one in decided if one.seen.covertness is not None and one.seen.covertness >= SUSPECTED
    ]
    counts = Counter(verdict.label for verdict in verdicts.known)
    return ReviewedFigures(
        labelled={label: counts[label] for label in LABELS},
        awaiting_second=sum(verdict.awaits_second for verdict in verdicts.known),
        unknown=verdicts.unknown,
        unlabelled=networks - len(verdicts.known),
        coordinated=_share_of(decided, COORDINATED),
        inauthentic=_share_of(decided, INAUTHENTIC),
        inauthentic_of_suspected=_share_of(suspected, INAUTHENTIC),
    )


def share_of(right: int, count: int) -> ShareWithInterval:
    """A share with its interval."""
    low, high = share_interval(right, count)
    return ShareWithInterval(
        networks=count, right=right, share=right / count if count else None, low=low, high=high
    )


def _share_of(verdicts: Sequence[Verdict], labels: Collection[str]) -> ShareWithInterval:
    return share_of(sum(verdict.label in labels for verdict in verdicts), len(verdicts))


def reviewed_rows(figures: ReviewedFigures) -> list[tuple[str, str, str]]:
    """Name, value and meaning of each figure, for tables."""
    return [
        ("coordinated", in_words(figures.coordinated), "labelled networks that do act together"),
        ("inauthentic", in_words(figures.inauthentic), "labelled networks that are confirmed inauthentic"),
        ("of suspected", in_words(figures.inauthentic_of_suspected), "the same, of those suspected covert"),
    ]


def in_words(figure: ShareWithInterval) -> str:
    """A share with its counts and its interval."""
    if figure.share is None:
        return "none"
    return f"{figure.right:,} of {figure.networks:,}: {figure.share:.2f} ({figure.low:.2f}-{figure.high:.2f})"
