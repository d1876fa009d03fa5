"""Kernels of links to sites: each link counts for the site from its pane until that pane leaves."""

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import I32, I64, Int, StructArray
from detectors.engagement.engagement_tables import LinkState, first_open_position


@compiled
def add_links(
    sites: I32,
    linking: I32,
    times: I64,
    links: StructArray,
    accounts: StructArray,
    state: LinkState,
    starts: I64,
    pane_s: int,
) -> None:
    """Take in links in event order. Where the ring is full, the oldest link leaves early.

    Args:
        sites: int32, account numbers of the sites that were linked.
        linking: int32, account numbers of those that linked.
        times: int64, seconds.
        links: records of `LINKS`, a ring.
        accounts: records of `ACCOUNTS`.
        state: record of `LINK_STATE`.
        starts: int64, position of the first link of each pane, by pane modulo their number.
        pane_s: length of a pane, seconds.
    """
    for row in range(len(times)):
        advance_links(links, accounts, state, starts, times[row] // pane_s)
        state.time = times[row]
        if sites[row] == linking[row]:
            continue
        if state.end - state.oldest >= len(links):
            _drop_oldest(links, accounts, state)
            state.evicted_early += 1
        link = links[state.end % len(links)]
        link.site = sites[row]
        link.account = linking[row]
        accounts[sites[row]].links += 1
        state.end += 1


@compiled
def advance_links(
    links: StructArray, accounts: StructArray, state: LinkState, starts: I64, pane: Int
) -> None:
    """Take out the links of the panes that have passed when `pane` begins."""
    first = first_open_position(starts, state, pane)
    while state.oldest < first:
        _drop_oldest(links, accounts, state)


@compiled
def count_received_links(links: StructArray, state: LinkState, place: I32, counts: I64) -> None:
    """Add to `counts` the links between accounts that have a `place` (from 1; 0: none)."""
    for position in range(state.oldest, state.end):
        link = links[position % len(links)]
        if place[link.account] != 0 and place[link.site] != 0:
            counts[place[link.site] - 1] += 1


@compiled
def _drop_oldest(links: StructArray, accounts: StructArray, state: LinkState) -> None:
    accounts[links[state.oldest % len(links)].site].links -= 1
    state.oldest += 1
