"""Which tail makes an account obscure: just below and just above a third of its peers."""

import numpy as np
import pytest

from detectors.engagement.obscurity import (
    ActivityFigures,
    NetworkObscurity,
    Peers,
    Standing,
    network_obscurity,
)


def judged(peer_followers: list[int], member_followers: list[int]) -> NetworkObscurity:
    """Members among peers of equal volume. Only followers are known."""
    followers = np.array(peer_followers + member_followers, np.int64)
    count = len(followers)
    nothing, unknown = np.zeros(count, np.int64), np.full(count, -1, np.int64)
    figures = ActivityFigures(
        np.full(count, 20, np.int64), nothing, nothing, followers, unknown, np.zeros(count, np.int32)
    )
    tested = np.arange(count) >= len(peer_followers)
    return network_obscurity(Peers(figures, tested), np.flatnonzero(tested))


def test_given_members_in_and_above_the_lowest_third_then_only_those_in_it_are_obscure() -> None:
    # of 99 peers and itself, an account with 32 followers is among the lowest 33, one with 33 among the lowest 34
    assert judged([*range(1, 100)], [10, 32, 33, 45]).share_obscure == 0.5


@pytest.mark.parametrize(
    ("without_followers", "standing"), [(32, Standing.OBSCURE), (33, Standing.NO_CONTRAST)]
)
def test_given_a_third_of_the_peers_without_followers_then_having_none_is_no_contrast(
    without_followers: int, standing: Standing
) -> None:
    peers = [0] * without_followers + [100] * (99 - without_followers)

    assert judged(peers, [0] * 30).standing is standing
