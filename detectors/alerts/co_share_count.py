"""What members have co-shared so far, in short: by it, one sees whether an alert still says all."""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import StructArray
from detectors.config import KINDS

_TELLING = 3
"""Objects of a kind from which it is a kind that members have in common, and no single coincidence. Chosen."""


@dataclass(frozen=True, slots=True)
class CoShareCount:
    """Objects, time and kinds of the co-shares among members."""

    objects: int
    """Distinct objects."""
    latest: int
    """Time of the latest co-share, seconds; 0: there is none."""
    kinds: frozenset[str]
    """Kinds of trace with `_TELLING` objects or more."""


def counted(rows: StructArray) -> CoShareCount:
    """Count evidence on pairs of members.

    Args:
        rows: records of `detectors.evidence.pair_table.ROWS`.
    """
    independent = rows["independent"] == 1
    # kind by kind: to sort rows of two fields takes ten times as long (measured)
    kinds = frozenset(
        kind.value
        for number, kind in enumerate(KINDS)
        if len(np.unique(rows["object"][independent & (rows["kind"] == number)])) >= _TELLING
    )
    return CoShareCount(len(np.unique(rows["object"])), int(rows["time"].max(initial=0)), kinds)
