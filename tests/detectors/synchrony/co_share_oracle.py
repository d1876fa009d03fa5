"""Co-sharing by the definition: for every share, look at every other share of its object."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from detectors.arrays.dtypes import StructArray
from detectors.config import KINDS, MAX_WINDOWS, REFERENCE, CoShareConfig, DetectionConfig
from detectors.synchrony.cells import NO_STRATUM, Cells
from detectors.synchrony.co_share_kernels import Shares
from detectors.synchrony.synchrony_stage import SynchronyStage
from schemas.shares import TraceKind

FOREVER = 1 << 60

WINDOWS: dict[TraceKind, tuple[int, ...]] = {
    TraceKind.URL: (5, 20),
    TraceKind.TEXT: (3, 10, 30),
    TraceKind.MENTION: (7,),
}
REFERENCE_S = 60


class Share(NamedTuple):
    """One row that the engine takes."""

    time: int
    account: int
    post: int
    kind: int
    object: int


class Pair(NamedTuple):
    """One record of `CO_SHARES`."""

    time: int
    object: int
    later_post: int
    earlier_post: int
    later: int
    earlier: int
    gap: int
    crowd: int
    strata: int
    kind: int


Exposure = tuple[int, int, int]


def small_config(
    cap: int = 3,
    settle_s: int = 12,
    max_recent_shares: int = 1 << 20,
    strata: tuple[int, ...] = (2, 3, 5),
    reference_s: int = REFERENCE_S,
) -> DetectionConfig:
    """Windows of seconds, so that a few shares meet every rule."""
    return DetectionConfig(
        co_share=CoShareConfig(
            windows_s=WINDOWS,
            cap=cap,
            strata=strata,
            settle_s=settle_s,
            max_recent_shares=max_recent_shares,
            reference_s=reference_s,
        )
    )


def windows_of(kind: TraceKind, config: DetectionConfig) -> dict[int, int]:
    """Seconds of each window of a kind, by the index under which it travels; the longest last."""
    spans = dict(enumerate(config.co_share.windows_s[kind]))
    if config.co_share.reference_s:
        spans[REFERENCE] = config.co_share.reference_s
    return spans


def pairs_of(crowd: int, config: DetectionConfig) -> int:
    """Earlier shares that one is paired with at most, by its crowd in the longest window."""
    cap = config.co_share.cap
    if not cap:
        return FOREVER
    if crowd > config.co_share.strata[-1]:
        return 0
    return max(cap // 4, 1) if crowd > 4 * cap else cap


def expected(shares: Sequence[Share], config: DetectionConfig) -> tuple[list[Pair], list[Exposure]]:
    """What the engine has to find, given room for everything; exposures sorted."""
    share = config.co_share
    cells = Cells(config)
    by_object: dict[int, list[Share]] = defaultdict(list)
    for row in shares:
        by_object[row.object].append(row)
    pairs: list[tuple[int, list[Pair]]] = []
    exposures: list[Exposure] = []
    order = {row: at for at, row in enumerate(shares)}
    for rows in by_object.values():
        crowds: list[dict[int, int]] = []
        for at, row in enumerate(rows):
            spans = windows_of(KINDS[row.kind], config)
            longest = max(spans.values())
            earlier_own = [other.time for other in rows[:at] if other.account == row.account]
            crowds.append({})
            for window, span in spans.items():
                wait = min(span, share.settle_s)
                crowd = len({o.account for o in rows if row.time - span <= o.time <= row.time + wait})
                crowds[-1][window] = crowd
                partners = crowd - 1
                if earlier_own and earlier_own[-1] >= row.time - span:
                    # a repeat: as many as the shares (by anybody) that its last one had not waited for
                    since = earlier_own[-1] + wait
                    partners = min(partners, sum(since < o.time <= row.time + wait for o in rows))
                if partners:
                    stratum = int(np.searchsorted(share.strata, crowd))
                    cell = (row.kind * MAX_WINDOWS + window) * cells.strata + stratum
                    exposures.append((row.account, cell, partners))
            if not earlier_own or earlier_own[-1] < row.time - longest:
                exposures.append((row.account, cells.activity + row.kind, 1))
            found: list[Pair] = []
            most = pairs_of(crowds[-1][max(spans)], config)
            for before in range(at - 1, -1, -1):
                other = rows[before]
                gap = row.time - other.time
                if gap > longest or len(found) == most:
                    break
                if other.account == row.account:
                    continue
                nibbles = [NO_STRATUM] * MAX_WINDOWS
                smallest = 0
                for window, span in spans.items():
                    if gap <= span:
                        crowd = max(crowds[at][window], crowds[before][window])
                        nibbles[window] = int(np.searchsorted(share.strata, crowd))
                        smallest = smallest or crowd
                word = sum(nibble << (4 * window) for window, nibble in enumerate(nibbles))
                found.append(
                    Pair(
                        row.time,
                        row.object,
                        row.post,
                        other.post,
                        row.account,
                        other.account,
                        gap,
                        smallest,
                        word,
                        row.kind,
                    )
                )
            pairs.append((order[row], found))
    return [pair for _, found in sorted(pairs) for pair in found], sorted(exposures)


def push(engine: SynchronyStage, shares: Sequence[Share], until: int) -> tuple[StructArray, StructArray]:
    """Give one batch to the engine."""
    return engine.push(
        Shares(
            np.array([s.time for s in shares], np.int64),
            np.array([s.account for s in shares], np.int32),
            np.array([s.post for s in shares], np.int64),
            np.array([s.kind for s in shares], np.uint8),
            np.array([s.object for s in shares], np.uint64),
        ),
        until,
    )


def found_by(
    engine: SynchronyStage, shares: Sequence[Share], cuts: Sequence[int] = (), eager: bool = True
) -> tuple[list[Pair], list[Exposure]]:
    """What the engine finds when `shares` come in batches that begin at `cuts`; exposures sorted.

    `until` is as late as it may be (`eager`), or as early.
    """
    pairs: list[Pair] = []
    exposures: list[Exposure] = []
    edges = [0, *sorted(cuts), len(shares)]
    for begin, end in pairwise(edges):
        batch = shares[begin:end]
        until = FOREVER
        if end < len(shares):
            until = shares[end].time
            if not eager and batch:
                until = min(until, batch[-1].time + 1)
            elif not eager:
                until = shares[begin - 1].time if begin else shares[0].time
        made, exposed = push(engine, batch, until)
        pairs += [Pair(*(int(value) for value in row)) for row in made.tolist()]
        exposures += [(int(a), int(cell), int(amount)) for _, a, cell, amount in exposed.tolist()]
    return pairs, sorted(exposures)
