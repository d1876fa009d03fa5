"""Networks, facts and context as alerts are made from, each part of which a test can replace."""

from typing import Any

import numpy as np

from detectors.alerts.co_share_count import CoShareCount
from detectors.alerts.network_facts import KindFacts, NetworkFacts, ObjectFacts
from detectors.covertness.member_obscurity import MemberObscurity
from detectors.covertness.network_context import MemberContext, NetworkContext
from detectors.covertness.openness import Openness
from detectors.covertness.terms.term import Answer, TermResult, strength
from detectors.networks.networks import Network
from detectors.networks.pair_ties import Ties
from schemas.shares import TraceKind

START = 1_611_792_000
"""2021-01-28 00:00 UTC."""
DAY = 86_400
LINKS = KindFacts(TraceKind.URL, 600, 20, 0.021, 99.0, objects=2)


def network(members: int = 5, number: int = 1) -> Network:
    return Network(number, f"net-{number}", START, core=set(range(members)))


def link(address: str) -> ObjectFacts:
    return ObjectFacts(TraceKind.URL, address, (0, 1), ("p1", "p2"), START, START + 60, 2, 0.01)


def facts(members: int = 5, **changed: Any) -> NetworkFacts:
    """Five accounts that a recurring crowd ties, four objects a pair."""
    of = changed.pop("network", network(members))
    given: dict[str, Any] = {
        "first_seen": {},
        "last_seen": {},
        "edges": 0,
        "crowd_edges": 10,
        "copy_edges": 0,
        "rhythm_edges": 0,
        "pool_edges": 0,
        "timing_edges": 0,
        "pool": None,
        "edge_surprise": np.zeros(0),
        "objects_per_edge": np.full(10, 4.0),
        "kinds": (LINKS,),
        "objects": 2,
        "samples": (),
        "posts": 40,
        "start": START,
        "end": START + 3 * DAY,
        "median_gap_s": 30.0,
        "crowded": 0.0,
        "languages": ("es",),
        "ties": Ties([], 0),
        "co_shared": CoShareCount(2, START + 3 * DAY, frozenset()),
        "minute_clock": False,
    }
    return NetworkFacts(network=of, members=tuple(of.members), **(given | changed))


def result(p: float, summary: str) -> TermResult:
    return TermResult(strength(p), p, summary, seen=p < 1)


def context(
    obscurity: float = 0.8, openness: Openness | None = None, open_share: float = 0.0, **chances: float
) -> NetworkContext:
    """Members of some obscurity; a chance for each context term that could be assessed."""
    answers: dict[str, Answer] = {name: result(p, f"About {name}.") for name, p in chances.items()}
    return NetworkContext(
        members=(),
        obscurity=MemberObscurity(obscurity, "About obscurity.", None),
        answers=answers,
        open_share=open_share,
        openness=openness,
    )


def member(handle: str | None = None) -> MemberContext:
    """A member; nothing else is known of it than its handle, if that."""
    return MemberContext(handle=handle, created=None, followers=None, registry=None, allowed=False)


def known(**changed: Any) -> Openness:
    """Five members. Nothing about them speaks for an open account."""
    given: dict[str, Any] = {
        "members": 5,
        "listed": 0,
        "listed_by": "",
        "allowed": 0,
        "allow_reasons": (),
        "labelled": 0,
        "verified": 0,
        "followers": None,
        "reactions_per_post": None,
        "credited_copies": 0,
        "uncredited_copies": 0,
    }
    return Openness(**(given | changed))
