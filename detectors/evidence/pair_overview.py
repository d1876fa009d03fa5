"""What pairs of accounts shared, over all pairs, and which pair came closest to standing out.

It is for a reader of a run that found little: how much there was to find, and what was missing.
"""

import math
from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import I64, Bools, StructArray
from detectors.config import KINDS, DetectionConfig
from detectors.evidence.null_model import NullModel
from detectors.evidence.pair_summary import summarise
from detectors.evidence.pairs import PairStore
from detectors.synchrony.cells import window_table
from schemas.shares import TraceKind

MANY_OBJECTS = 3
"""Objects from which on a pair is counted as one with several."""


class SharedByPair(NamedTuple):
    """What one pair shared of one kind, in the window that chance explains least."""

    kind: TraceKind
    objects: int
    """Distinct objects, those that repeat other evidence as well."""
    window_s: int
    """Seconds within which both acted on each."""
    expected: float
    """How many co-shares chance gives."""


class ClosestPair(NamedTuple):
    """A pair that came close to standing out, or did."""

    accounts: tuple[int, int]
    """Account numbers, the smaller first."""
    shared: list[SharedByPair]
    """By kind, what chance explains least first."""
    objects: int
    """Independent objects, those that count as evidence."""
    p_value: float | None
    """Probability of so much by chance and interest; None: it was not tested, since it shared too few objects."""


class PairOverview(NamedTuple):
    """Counts over all pairs in memory, and the closest pair."""

    objects: int
    """Objects that two accounts or more shared within a tested window."""
    pairs: int
    """Pairs of accounts that did."""
    pairs_of_many: int
    """Of these, pairs with `MANY_OBJECTS` independent objects or more."""
    accounts_in_candidates: int
    """Accounts of pairs with enough objects to be tested."""
    validated: int
    """Pairs that passed the gate by their own co-shares."""
    closest: ClosestPair | None
    """The tested pair with the smallest probability; or if none was tested, one with most objects."""


def pair_overview(
    config: DetectionConfig, pairs: PairStore, validated: Bools, null: NullModel
) -> PairOverview:
    """Count what pairs shared.

    Args:
        config: windows, and the least objects of a tested pair.
        pairs: the evidence on all pairs.
        validated: bool, one for each pair: whether it passed the gate by its own co-shares.
        null: the null model.
    """
    objects = pairs.table.objects[: pairs.size]
    met = objects > 0
    rows = pairs.rows
    seen = np.unique(rows["object"][met[rows["pair"]]])
    candidates = pairs.candidates()
    return PairOverview(
        objects=len(seen),
        pairs=int(met.sum()),
        pairs_of_many=int((objects >= MANY_OBJECTS).sum()),
        accounts_in_candidates=len(np.unique(np.concatenate(pairs.accounts(candidates)))),
        validated=int(validated.sum()),
        closest=_closest(config, pairs, null) if met.any() else None,
    )


def _closest(config: DetectionConfig, pairs: PairStore, null: NullModel) -> ClosestPair:
    objects, surprise = pairs.table.objects[: pairs.size], pairs.surprise
    pair = int(np.argmax(surprise if surprise.max() > 0 else objects))
    tested = objects[pair] >= config.gate.min_objects
    number = np.array([pair], np.int32)
    first, second = pairs.accounts(number)
    return ClosestPair(
        accounts=(int(first[0]), int(second[0])),
        shared=shared_by_kind(summarise(number, pairs.rows, pairs.table, null), window_table(config)),
        objects=int(objects[pair]),
        p_value=math.exp(-float(surprise[pair])) if tested else None,
    )


def shared_by_kind(summary: StructArray, windows_s: I64) -> list[SharedByPair]:
    """What one pair shared of each kind, in the window that chance explains least.

    Args:
        summary: records of `detectors.evidence.pair_summary.SUMMARY` of one pair.
        windows_s: as `detectors.synchrony.cells.window_table` gives them.

    Returns:
        What chance explains least first.
    """
    best: dict[int, tuple[float, SharedByPair]] = {}
    for row in summary:
        kind = int(row["kind"])
        one = SharedByPair(
            KINDS[kind], int(row["co_shares"]), int(windows_s[kind, row["window"]]), float(row["expected"])
        )
        chance = float(row["p_value"])
        if kind not in best or chance < best[kind][0]:
            best[kind] = chance, one
    return [one for _, one in sorted(best.values(), key=lambda each: (each[0], -each[1].objects))]
