"""Meetings: what accounts outside all networks co-shared with members, gathered for `expansion`.

A *candidate* is an account outside and one network that it met. Each candidate has its distinct objects, and the posts
with which it met members.
"""

from typing import NamedTuple

import numpy as np

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.dtypes import F64, I32, I64, U8, U16, U64, Bools, Int, StructArray
from detectors.arrays.hash_index import place_by_low_bits, row_place_of_two
from detectors.arrays.hashing import mix
from detectors.arrays.pair_keys import first_of, pair_key, second_of
from detectors.synchrony.cells import merged_strata, widest_stratum


class Meetings(NamedTuple):
    """Objects that accounts outside co-shared with members, and the posts that met members; parallel arrays by part.

    The first `used[0]` candidates, `used[1]` objects and `used[2]` posts are filled in.
    """

    used: I64  # (3,)
    account: I32  # of each candidate: an account outside, and a network that it met
    network: I32
    head: I64  # latest object of the candidate, or -1
    distinct: I64  # its independent objects
    rows: I64  # its independent rows of evidence: one for each member it met on an object
    object_candidate: I64  # of each object of a candidate
    object_key: U64
    object_kind: U8
    object_strata: U16
    object_before: I64  # the object before of the same candidate, or -1
    object_slow: U8
    object_independent: Bools
    post_candidate: I64  # of each post of the account outside
    post_key: U64
    post_members: I64  # members it met
    post_crowd: I64  # smallest crowd that it was in


@compiled
def gather_meetings(rows: StructArray, pair_keys: U64, network_of: I32, strata: int) -> Meetings:
    """Gather the rows between an account outside and a member, by candidate, object and post."""
    crossing = _count_crossing(rows, pair_keys, network_of)
    size = 1024
    while size < crossing * 2:
        size *= 2
    candidate_index = np.zeros(size, np.int64)
    object_index = np.zeros(size, np.int64)
    post_index = np.zeros(size, np.int64)
    meetings = _new_meetings(crossing)
    used = meetings.used
    for row in range(len(rows)):
        key = pair_keys[rows[row].pair]
        a, b = first_of(key), second_of(key)
        if (network_of[a] < 0) == (network_of[b] < 0):
            continue
        outsider = a if network_of[a] < 0 else b
        joined = network_of[b] if network_of[a] < 0 else network_of[a]
        begin = place_by_low_bits(mix(pair_key(outsider, joined)), size)
        place = row_place_of_two(candidate_index, meetings.account, outsider, meetings.network, joined, begin)
        if candidate_index[place] == 0:
            meetings.account[used[0]] = outsider
            meetings.network[used[0]] = joined
            used[0] += 1
            candidate_index[place] = used[0]
        candidate = candidate_index[place] - 1
        meetings.rows[candidate] += rows[row].independent
        thing = rows[row].object
        place = _place(object_index, meetings.object_candidate, meetings.object_key, candidate, thing)
        if object_index[place] == 0:
            meetings.object_candidate[used[1]] = candidate
            meetings.object_key[used[1]] = thing
            meetings.object_kind[used[1]] = rows[row].kind
            meetings.object_strata[used[1]] = rows[row].strata
            meetings.object_before[used[1]] = meetings.head[candidate]
            meetings.head[candidate] = used[1]
            used[1] += 1
            object_index[place] = used[1]
        number = object_index[place] - 1
        meetings.object_strata[number] = merged_strata(meetings.object_strata[number], rows[row].strata)
        meetings.object_slow[number] |= rows[row].slow
        if rows[row].independent == 1 and not meetings.object_independent[number]:
            meetings.object_independent[number] = True
            meetings.distinct[candidate] += 1
        if widest_stratum(rows[row].strata) >= strata - 1:
            continue
        post = np.uint64(rows[row].later_post if rows[row].later == outsider else rows[row].earlier_post)
        place = _place(post_index, meetings.post_candidate, meetings.post_key, candidate, post)
        if post_index[place] == 0:
            meetings.post_candidate[used[2]] = candidate
            meetings.post_key[used[2]] = post
            meetings.post_crowd[used[2]] = rows[row].crowd
            used[2] += 1
            post_index[place] = used[2]
        number = post_index[place] - 1
        meetings.post_members[number] += 1
        meetings.post_crowd[number] = min(meetings.post_crowd[number], np.int64(rows[row].crowd))
    return meetings


@compiled
def members_at_a_time(meetings: Meetings, networks: int) -> F64:
    """How many members an account outside meets on one object, on average; float64 (networks,)."""
    rows = np.zeros(networks, np.float64)
    objects = np.zeros(networks, np.float64)
    for candidate in range(meetings.used[0]):
        rows[meetings.network[candidate]] += meetings.rows[candidate]
        objects[meetings.network[candidate]] += meetings.distinct[candidate]
    for network in range(networks):
        rows[network] /= max(objects[network], 1.0)
    return rows


@compiled
def _count_crossing(rows: StructArray, pair_keys: U64, network_of: I32) -> int:
    """Count of rows between an account outside and a member."""
    crossing = 0
    for row in range(len(rows)):
        key = pair_keys[rows[row].pair]
        crossing += (network_of[first_of(key)] < 0) != (network_of[second_of(key)] < 0)
    return crossing


@inlined
def _new_meetings(room: int) -> Meetings:
    """No meetings, with room for `room` candidates, objects and posts."""
    return Meetings(
        np.zeros(3, np.int64),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.full(room, -1, np.int64),
        np.zeros(room, np.int64),
        np.zeros(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.uint64),
        np.empty(room, np.uint8),
        np.empty(room, np.uint16),
        np.empty(room, np.int64),
        np.zeros(room, np.uint8),
        np.zeros(room, np.bool_),
        np.empty(room, np.int64),
        np.empty(room, np.uint64),
        np.zeros(room, np.int64),
        np.empty(room, np.int64),
    )


@inlined
def _place(index: I64, candidates: I64, keys: U64, candidate: Int, key: np.uint64) -> Int:
    """Place of an object or post of a candidate in an index of rows, whether it is there or belongs there."""
    hashed = mix(key ^ (np.uint64(candidate + 1) * np.uint64(0x9E3779B97F4A7C15)))
    begin = place_by_low_bits(hashed, len(index))
    return row_place_of_two(index, candidates, candidate, keys, key, begin)
