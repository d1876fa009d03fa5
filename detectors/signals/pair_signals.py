"""Pairs that share the same objects at nearly the same times, as signals."""

import math
from collections.abc import Iterator
from datetime import datetime

import numpy as np

from detectors.accounts import AccountStore
from detectors.arrays.dtypes import I32, I64, Bools
from detectors.evidence.pair_overview import shared_by_kind
from detectors.evidence.pair_summary import summarise
from detectors.evidence.pairs import PairStore
from detectors.networks.network_stage import NetworkStage
from detectors.signals.written import WrittenFigures, first_by
from schemas.figures.signals import PairSynchrony, SharedOfKind

MOST_P = 1e-4
"""Greatest probability of a pair that is written. Chosen: the gate of networks is usually at 1e-4 or less, so a reader
sees the pairs that came close to it too."""
MOST_PAIRS = 1_000
"""Most pairs an hour, those with the smallest probability first; the others wait. Chosen, not measured."""
_GROWTH = 1.5
"""A pair is written again when its objects have grown by this factor. Chosen, not measured."""


def pair_signals(
    stage: NetworkStage,
    pairs: PairStore,
    accounts: AccountStore,
    windows_s: I64,
    written: WrittenFigures,
    at: datetime,
) -> Iterator[PairSynchrony]:
    """Pairs that chance and interest do not explain, and that are new, have grown or are validated now.

    Args:
        stage: the networks.
        pairs: the evidence on all pairs.
        accounts: names of accounts.
        windows_s: as `detectors.synchrony.cells.window_table` gives them.
        written: what was written before; takes what is written now.
        at: event time, UTC.
    """
    candidates = np.flatnonzero(pairs.surprise >= -math.log(MOST_P)).astype(np.int32)
    written.keep(pairs.keys[candidates])
    if not len(candidates):
        return
    validated = stage.validated(candidates)
    objects = pairs.table.objects[candidates].astype(np.int64)
    before = written.of(pairs.keys[candidates])
    grown = objects >= np.maximum(1, (before >> 1) * _GROWTH)
    due = np.flatnonzero((before < 0) | grown | (validated & (before & 1 == 0)))
    due = first_by(-pairs.surprise[candidates[due]], due, MOST_PAIRS)
    written.write(pairs.keys[candidates[due]], _value(objects[due], validated[due]))
    yield from _records(stage, pairs, accounts, windows_s, candidates[due], validated[due], at)


def _value(objects: I64, validated: Bools) -> I64:
    """What is remembered of a written pair: its objects, and in the lowest bit whether it was validated."""
    return objects << 1 | validated


def _records(
    stage: NetworkStage,
    pairs: PairStore,
    accounts: AccountStore,
    windows_s: I64,
    chosen: I32,
    validated: Bools,
    at: datetime,
) -> Iterator[PairSynchrony]:
    """The records of pairs, whose numbers are ascending."""
    if not len(chosen):
        return
    summary = summarise(chosen, pairs.rows, pairs.table, stage.null())
    begins = np.searchsorted(summary["pair"], chosen, side="left").tolist()
    ends = np.searchsorted(summary["pair"], chosen, side="right").tolist()
    objects, surprise = pairs.table.objects[chosen].tolist(), pairs.surprise[chosen].tolist()
    first, second = pairs.accounts(chosen)
    network_of, names = stage.networks.network_of, accounts.names
    network = np.where(network_of[first] == network_of[second], network_of[first], -1).tolist()
    for row, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        yield PairSynchrony(
            account_a=min(names[a], names[b]),
            account_b=max(names[a], names[b]),
            at=at,
            objects=objects[row],
            p_value=math.exp(-surprise[row]),
            validated=bool(validated[row]),
            kinds=[
                SharedOfKind(kind=one.kind, objects=one.objects, window_s=one.window_s, expected=one.expected)
                for one in shared_by_kind(summary[begins[row] : ends[row]], windows_s)
            ],
            network_id=stage.networks.alive[network[row]].network_id if network[row] >= 0 else None,
        )
