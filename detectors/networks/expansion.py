"""Peripheral members: accounts whose co-shares with all members of a network together beat chance.

A pair test needs several co-shares with one member. An account that follows now one member and now another stands out
only against the network as a whole. So the count of its co-shared objects, each counted once, is compared with

    exposure of the account x activity of the members / activity of all / members met at a time

The last divisor is needed because members come together: a crowd with one member has several. So chance meetings are
fewer and larger than with independent members. The exposure of the network itself is left out on purpose: what its
members do together must not raise the threshold for accounts that join them.

A second test finds accounts that follow a large network a few times. It counts posts that landed in a crowd which the
network dominates (`DOMINATING` members or more, and half of the crowd). It compares them with the rate at which posts
of all other accounts outside land in such crowds. Twice the smaller p-value of the two tests counts. The
false-discovery gate runs over accounts outside x networks. The round repeats with the new members, since others may
follow them.
"""

import math
from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import F64, I32, I64, U64, StructArray
from detectors.config import TESTED_WINDOWS
from detectors.evidence.null_model import (
    KIND_COUNT,
    NullModel,
    Tally,
    cell_surprise,
    clear_tally,
    new_tally,
    same_spans,
    tally_up,
)
from detectors.evidence.shared_interest import slow_expected, surprise_beyond_interest
from detectors.networks.meetings import Meetings, gather_meetings, members_at_a_time
from detectors.statistics.false_discovery import benjamini_hochberg
from detectors.statistics.tails import LEAST_EXPECTED, fused_surprise
from detectors.synchrony.cells import kind_of, window_of
from detectors.synchrony.exposure import counted

DOMINATING = 3
"""Least members in a crowd that the network dominates; they are also at least half of the others in it. Chosen: as
many as the smallest network has (`gate.min_members`). Not measured by itself."""


class Joined(NamedTuple):
    """Accounts that join a network, parallel arrays ordered by account."""

    account: I32
    network: I32
    surprise: F64


class _Totals(NamedTuple):
    """Activity of whole networks, (networks, kinds), and the first and last time of their members, (networks,)."""

    activity: F64
    all_activity: F64
    first: F64
    last: F64


def expand(
    rows: StructArray,
    pair_keys: U64,
    network_of: I32,
    posts_of: I64,
    networks: int,
    null: NullModel,
    level: float,
    min_objects: int,
) -> Joined:
    """Run one round of expansion: find the accounts outside that join a network.

    Args:
        rows: evidence, records of `detectors.evidence.pair_table.ROWS`.
        pair_keys: uint64, the two account numbers of each pair.
        network_of: int32, network number of each account, -1 for none.
        posts_of: int64, posts of each account.
        networks: count of networks.
        null: the null model.
        level: the false-discovery rate.
        min_objects: least number of distinct objects shared with members.

    Returns:
        At most one network for each account: the one with the greatest surprise, or the lower number when equal.
    """
    outside = int(np.count_nonzero((network_of < 0) & (null.spans.last[: len(network_of)] >= null.start)))
    nothing = Joined(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
    if not networks or not outside:
        return nothing
    totals = _totals(network_of, networks, null)
    account, network, surprise = _test(rows, pair_keys, network_of, posts_of, totals, null, min_objects)
    passed = benjamini_hochberg(surprise, level, float(outside) * networks)
    account, network, surprise = account[passed], network[passed], surprise[passed]
    if not len(account):
        return nothing
    order = np.lexsort((network, -surprise, account))
    account, network, surprise = account[order], network[order], surprise[order]
    first = np.append(True, account[1:] != account[:-1])
    return Joined(account[first], network[first], surprise[first])


@compiled
def _totals(network_of: I32, networks: int, null: NullModel) -> _Totals:
    """Add up the activity of the members of each network, and find their first and last time."""
    totals = _Totals(
        np.zeros((networks, KIND_COUNT)),
        np.zeros(networks),
        np.full(networks, np.inf),
        np.full(networks, -1.0),
    )
    for account in range(len(network_of)):
        network = network_of[account]
        if network < 0:
            continue
        for kind in range(KIND_COUNT):
            totals.activity[network, kind] += counted(null.counters, account, null.activity + kind)
        totals.all_activity[network] += null.interest.activity[account]
        if null.spans.first[account] >= 0:
            totals.first[network] = min(totals.first[network], null.spans.first[account])
            totals.last[network] = max(totals.last[network], null.spans.last[account])
    return totals


@compiled
def _test(
    rows: StructArray,
    pair_keys: U64,
    network_of: I32,
    posts_of: I64,
    totals: _Totals,
    null: NullModel,
    min_objects: int,
) -> tuple[I32, I32, F64]:
    """Test each account outside against each network that it met; gives accounts, networks and surprises."""
    meetings = gather_meetings(rows, pair_keys, network_of, null.strata)
    candidates = meetings.used[0]
    account, network = meetings.account[:candidates], meetings.network[:candidates]
    surprise = _landed_surprise(meetings, network_of, posts_of, totals, null, min_objects)
    members_met = members_at_a_time(meetings, len(totals.first))
    tally = new_tally(null.strata)
    by_kind = np.empty(KIND_COUNT, np.float64)
    slow = np.empty(TESTED_WINDOWS, np.int64)
    for candidate in range(candidates):
        if meetings.distinct[candidate] < min_objects:
            continue
        slow[:] = 0
        thing = meetings.head[candidate]
        while thing >= 0:
            if meetings.object_independent[thing]:
                tally_up(tally, meetings.object_kind[thing], meetings.object_strata[thing], null.strata)
                for window in range(TESTED_WINDOWS):
                    slow[window] += (meetings.object_slow[thing] >> window) & 1
            thing = meetings.object_before[thing]
        joined = network[candidate]
        by_objects = _surprise(
            tally, slow, account[candidate], joined, members_met[joined], totals, null, by_kind
        )
        clear_tally(tally)
        surprise[candidate] = max(surprise[candidate], by_objects)
    for candidate in range(candidates):
        # two tests: the smaller p-value counts twice
        surprise[candidate] = max(0.0, surprise[candidate] - math.log(2.0))
    return account, network, surprise


@compiled
def _landed_surprise(
    meetings: Meetings, network_of: I32, posts_of: I64, totals: _Totals, null: NullModel, min_objects: int
) -> F64:
    """Surprise of each candidate's posts that landed in crowds which the network dominates; 0 for too few of them."""
    candidates = meetings.used[0]
    landed = np.zeros(candidates, np.int64)
    landed_in = np.zeros(len(totals.first), np.int64)
    for post in range(meetings.used[2]):
        members = meetings.post_members[post]
        if members >= DOMINATING and 2 * members >= meetings.post_crowd[post] - 1:
            landed[meetings.post_candidate[post]] += 1
            landed_in[meetings.network[meetings.post_candidate[post]]] += 1
    posts_outside = 0
    for account in range(len(network_of)):
        posts_outside += posts_of[account] if network_of[account] < 0 else 0
    surprise = np.zeros(candidates, np.float64)
    for candidate in range(candidates):
        if landed[candidate] >= min_objects:
            posts = posts_of[meetings.account[candidate]]
            by_others = landed_in[meetings.network[candidate]] - landed[candidate]
            rate = (by_others + 1.0) / max(posts_outside - posts, 1)
            surprise[candidate] = surprise_beyond_interest(
                null.interest, landed[candidate], rate * posts, 0.0, 0.0
            )
    return surprise


@compiled
def _surprise(
    tally: Tally,
    slow: I64,
    account: int,
    network: int,
    at_a_time: float,
    totals: _Totals,
    null: NullModel,
    by_kind: F64,
) -> float:
    """Surprise of what one account co-shared with the members of a network; `by_kind` is filled on the way."""
    spans = null.spans
    together = same_spans(
        null, spans.first[account], spans.last[account], totals.first[network], totals.last[network]
    )
    interest = null.interest
    by_kind[:] = 0.0
    for cell in tally.cells[: tally.used[0]]:
        kind = kind_of(cell, null.strata)
        window = window_of(cell, null.strata)
        expected_slow = together * slow_expected(
            interest, interest.exposure[account], 0.0, 0.0, totals.all_activity[network] / at_a_time, window
        )
        share = null.independent[kind] * totals.activity[network, kind] / max(null.mass[kind], 1) / at_a_time
        # the stratum is that of the larger of two crowds; the crowd of this account may have been smaller
        met = max(counted(null.counters, account, cell), tally.counts[cell])
        expected = max(met * null.sides[kind, window] * share * together, LEAST_EXPECTED)
        surprise = cell_surprise(null, tally.counts[cell], cell, expected, slow[window], expected_slow)
        by_kind[kind] = max(by_kind[kind], surprise)
    return fused_surprise(by_kind, null.kinds)
