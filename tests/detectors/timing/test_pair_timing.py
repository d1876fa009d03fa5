"""Pairs and groups whose timing is beyond that of strangers, through the engines."""

import numpy as np
import pytest
from scipy.stats import binom

from detectors.config import DetectionConfig
from detectors.evidence.pairs import PairStore
from detectors.networks.communities import component_of
from detectors.shards import VIRTUAL_SHARDS
from detectors.statistics.active_days import DayStore
from detectors.statistics.tails import binomial_surprise
from detectors.synchrony.co_share_kernels import Shares
from detectors.synchrony.synchrony_stage import SynchronyStage
from detectors.timing.co_share_timing import TimingInputs, find_co_share, pairing_rules
from detectors.timing.group_timing import group_surprise
from detectors.timing.organic_gaps import ORGANIC
from detectors.timing.pair_timing import PairTimings, learnt_profile, timed_pairs
from tests.detectors.post_worlds import DAY, START, URL, Post

FANS = 30
CONFIG = DetectionConfig()


def _shares(posts: list[Post], first: int) -> Shares:
    """The shares of posts that are numbered from `first`."""
    return Shares(
        np.array([post.time for post in posts], np.int64),
        np.array([post.account for post in posts], np.int32),
        np.arange(first, first + len(posts), dtype=np.int64),
        np.full(len(posts), URL, np.uint8),
        np.array([post.objects[0][1] + 1 for post in posts], np.uint64),
    )


class _Engines:
    """Co-sharing and pair evidence over posts of URLs."""

    def __init__(self, posts: list[Post], accounts: int, config: DetectionConfig = CONFIG) -> None:
        self.accounts = accounts
        self.sharing = SynchronyStage(config, parts=1)
        self.pairs = PairStore(config)
        self.days = DayStore(0)
        ordered = sorted(posts)
        self.activity = np.bincount([post.account for post in ordered], minlength=accounts).astype(np.float64)
        co_shares, _ = self.sharing.push(_shares(ordered, 0), ordered[-1].time + DAY)
        self.pairs.add(co_shares)
        self.timing = TimingInputs(
            (self.sharing.parts[0].log.shares,) * VIRTUAL_SHARDS, pairing_rules(config), ORGANIC
        )

    def tested(self) -> PairTimings:
        return timed_pairs(self.pairs, self.timing, self.activity, self.days.days, self.accounts)

    def surprise_of(self, a: int, b: int) -> float:
        tested = self.tested()
        number = self.pairs.numbers(np.array([a << 32 | b], np.uint64))[0]
        return float(tested.surprise[tested.pairs == number].sum())


def _fans(draw: np.random.Generator, objects: int, shares: int = 12) -> list[Post]:
    """Fans of one author: each object is shared by some of them, at random times of the hour after it appears."""
    posts = []
    for thing in range(objects):
        begin = START + thing * 7_200
        for account in draw.choice(np.arange(2, FANS), shares, replace=False):
            posts.append(Post(begin + int(draw.integers(0, 3_600)), int(account), ((URL, thing),)))
    return posts


def test_given_two_accounts_that_follow_each_other_at_once_among_fans_then_their_timing_is_no_chance() -> (
    None
):
    draw = np.random.default_rng(5)
    together = []
    for thing in range(16):
        time = START + thing * 7_200 + int(draw.integers(0, 3_500))
        together += [Post(time, 0, ((URL, thing),)), Post(time + 5, 1, ((URL, thing),))]
    engines = _Engines(_fans(draw, 80) + together, FANS)
    assert engines.surprise_of(0, 1) > 20
    assert engines.tested().co_shares.max() <= 16


def test_given_two_accounts_with_the_same_objects_at_times_of_their_own_then_their_timing_is_chance() -> None:
    draw = np.random.default_rng(6)
    apart = [
        Post(START + thing * 7_200 + int(draw.integers(0, 3_600)), account, ((URL, thing),))
        for thing in range(16)
        for account in (0, 1)
    ]
    engines = _Engines(_fans(draw, 80) + apart, FANS)
    assert len(engines.tested().pairs)
    assert engines.surprise_of(0, 1) < 5


def test_given_fans_only_then_one_pair_in_a_hundred_or_fewer_is_surprising_at_one_in_a_hundred() -> None:
    surprises = np.concatenate(
        [_Engines(_fans(np.random.default_rng(seed), 40), FANS).tested().surprise for seed in range(8)]
    )
    pairs = 8 * (FANS - 2) * (FANS - 3) / 2
    assert (surprises > np.log(100)).sum() <= 0.01 * pairs


def test_given_a_clock_of_minutes_then_the_same_minute_is_no_more_than_a_gap_of_a_minute() -> None:
    posts = [
        Post(START + thing * 7_200, account, ((URL, thing),)) for thing in range(8) for account in (0, 1)
    ]
    seconds = [Post(post.time + 1 + post.account, post.account, post.objects) for post in posts]
    assert _Engines(posts, 2).surprise_of(0, 1) < _Engines(seconds, 2).surprise_of(0, 1) + 1e-9


def test_given_accomplices_around_a_pair_then_they_do_not_make_its_gaps_usual() -> None:
    draw = np.random.default_rng(7)
    ring = [
        Post(START + thing * 7_200 + 600 + int(draw.integers(0, 20)), account, ((URL, thing),))
        for thing in range(15)
        for account in draw.choice(np.arange(8), 6, replace=False)
    ]
    others = [Post(post.time, post.account + 8, post.objects) for post in _fans(draw, 300)]
    engines = _Engines(ring + others, FANS + 8)
    tested = engines.tested()
    keys = engines.pairs.keys[tested.pairs]
    inside = (keys & np.uint64(0xFFFFFFFF)) < 8
    assert np.median(tested.surprise[inside]) > 8
    assert tested.surprise[~inside].max(initial=0.0) < 5


@pytest.mark.parametrize("together", [True, False])
def test_given_a_group_then_its_timing_tells_acting_together_from_liking_the_same(together: bool) -> None:
    draw = np.random.default_rng(8)
    members = [np.int32(number) for number in range(5)]
    posts = _fans(draw, 20)
    for thing in range(20):
        begin = START + thing * 7_200 + (int(draw.integers(0, 3_500)) if together else 0)
        spread = 30 if together else 3_600
        posts += [Post(begin + int(draw.integers(0, spread)), int(m), ((URL, thing),)) for m in members]
    posts = [post for post in posts if post.account < 5 or post.account >= 10]
    engines = _Engines(posts, FANS)
    keys = np.array([a << 32 | b for a in range(5) for b in range(a + 1, 5)], np.uint64)
    group = np.arange(5, dtype=np.int32)
    surprise = group_surprise([group], keys, component_of(keys, FANS), engines.pairs, engines.timing)
    assert (surprise[0] > 10) == together


def test_given_one_object_again_and_again_then_it_is_one_co_share() -> None:
    posts = [
        Post(START + hour * 3_600 + account, account, ((URL, 1),)) for hour in range(50) for account in (0, 1)
    ]
    assert not len(_Engines(posts, 2).tested().pairs)


def test_given_shares_cut_into_batches_then_the_log_is_the_same() -> None:
    posts = sorted(_fans(np.random.default_rng(9), 10))
    whole = _Engines(posts, FANS).sharing.parts[0].log
    sharing = SynchronyStage(CONFIG, parts=1)
    for begin in range(0, len(posts), 7):
        part = posts[begin : begin + 7]
        sharing.push(_shares(part, begin), part[-1].time)
    assert sharing.parts[0].log.shares.tolist() == whole.shares.tolist()


def test_given_aged_shares_then_the_log_finds_only_what_is_left() -> None:
    posts = sorted(_fans(np.random.default_rng(10), 10))
    log = _Engines(posts, FANS).sharing.parts[0].log
    rows = [(later, earlier) for later in range(len(posts)) for earlier in range(later)]
    met = [row for row in rows if posts[row[0]].objects == posts[row[1]].objects]
    assert all(find_co_share(log.shares, *row, URL) == row for row in met)
    log.age(posts[60].time)
    gone = int(np.searchsorted([post.time for post in posts], posts[60].time))
    for later, earlier in met:
        expected = (later - gone, earlier - gone) if earlier >= gone else (-1, -1)
        assert find_co_share(log.shares, later, earlier, URL) == expected


def test_given_more_shares_than_the_log_may_hold_then_the_oldest_leave_and_are_counted() -> None:
    config = DetectionConfig(evidence=type(CONFIG.evidence)(max_shares=1 << 10))
    posts = _fans(np.random.default_rng(11), 200)
    log = _Engines(posts, FANS, config).sharing.parts[0].log
    assert len(log.shares) <= 1 << 10
    assert log.evicted_early + len(log.shares) == len(posts)


def test_given_pairs_that_met_once_then_the_profile_is_learnt_and_never_above_the_organic_one() -> None:
    posts = []
    for thing in range(400):
        begin = START + thing * 600
        posts += [
            Post(begin, 2 * thing, ((URL, thing),)),
            Post(begin + 3_000, 2 * thing + 1, ((URL, thing),)),
        ]
    engines = _Engines(posts, 800)
    profile = learnt_profile(engines.pairs, engines.timing, 800)
    assert (profile <= ORGANIC).all()
    assert profile[0, 0, 3] < 0.02 < ORGANIC[0, 0, 3]


@pytest.mark.parametrize(
    ("observed", "count", "chance"), [(1, 1, 0.2), (5, 9, 0.1), (40, 41, 0.3), (300, 2_000, 0.1)]
)
def test_binomial_surprise_is_the_tail(observed: int, count: int, chance: float) -> None:
    assert binomial_surprise(observed, count, chance) == pytest.approx(
        -binom.logsf(observed - 1, count, chance), rel=1e-9
    )


def test_binomial_surprise_of_what_is_expected_is_nothing() -> None:
    assert binomial_surprise(2, 10, 0.2) == 0.0
    assert binomial_surprise(10, 10, 1.0) == 0.0
