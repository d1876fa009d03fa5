"""Posting rhythm: accounts that post in the same minutes again and again, no matter what they post.

Time is cut into bins. A coincidence is a bin in which both accounts of a pair post, at least half an hour after the
previous coincidence. Bins in which a burst of accounts posts do not count. Several nulls give the count expected by
chance, and the greatest of them applies:

- the activity of both accounts, and how many other accounts post at each time;
- their habits: hours of the day and minutes of the hour, as if nothing else determined when they post;
- the pair itself with one account shifted in time: by 2 to 12 minutes (a session, a conversation, an evening in front
  of one show), by quarters of an hour and by hours (schedulers that post on the hour), and by days and weeks
  (the same minute every day, or every Monday).

The Poisson upper tail at this expectation must pass the Bonferroni threshold over all pairs of accounts.
Comparing accounts by when they act is the idea of SynchroTrap (Cao et al., CCS 2014) and DeBot (Chavoshi et al., ICDM
2016); shifting one of two series to see how often they would meet anyway is the jitter method for spike trains
(Amarasingham et al., Journal of Neurophysiology, 2012).
"""

from typing import ClassVar, NamedTuple

import numpy as np
import polars as pl
import scipy  # its parts load when first used

from detectors.arrays.dtypes import F64, I32, I64, Bools
from detectors.config import BIN_LENGTHS_S
from detectors.statistics.tails import poisson_surprise
from detectors.synchrony.rhythm_kernels import HOURS, Grid, RhythmRules, columns_of, rhythmic_pairs

MIN_COINCIDENCES = 5
"""Pairs with fewer coincidences are not reported, even if they are very improbable. For this number no measurement is
recorded."""
MIN_DAYS = 3
"""Least count of UTC days with a coincidence. Fewer days point to an event or a conversation."""
OCCASION_S = 1_800
"""Seconds. Coincidences closer together than this count as one."""
_CROWD_DEVIATIONS = 4.0
"""A burst is at least this many standard deviations above the usual count of accounts in a bin. For this number no
measurement is recorded."""
_HOUR = 3_600
_DAY = 86_400
_FIRST_SIZE = 1 << 14


class RhythmPairs(NamedTuple):
    """Pairs of accounts that coincide more often than chance explains, ascending by (a, b)."""

    a: I32
    b: I32
    """Account numbers, `a < b`."""
    observed: I64
    """Count of coincidences."""
    expected: F64
    """Count of coincidences under the null that expects the most."""
    surprise: F64
    """-ln P(at least `observed` | `expected`), before the correction for many pairs."""
    tested: int
    """Count of accounts with enough posts. All pairs of them were tested."""
    crowded: int
    """Count of bins left out because a burst of accounts posted in them."""
    overfull: int
    """Count of bins left out to bound the work: the most crowded of the other bins."""

    def among(self, accounts: I32) -> "RhythmPairs | None":
        """The pairs of these accounts; None if there are none."""
        inside = np.isin(self.a, accounts) & np.isin(self.b, accounts)
        if not inside.any():
            return None
        columns = ("a", "b", "observed", "expected", "surprise")
        return self._replace(**{name: getattr(self, name)[inside] for name in columns})


class RhythmStore:
    """Keeps the posts of a window and finds the pairs of accounts that share a rhythm.

    Memory: 8-16 bytes per post, at most 10 bytes for each of `max_posts`. An evaluation needs about 50 more bytes per
    post and 40 more per account.

    Args:
        bin_s: length of a bin, seconds; one of `BIN_LENGTHS_S`.
        window_days: length of the evaluated window, days; at least `MIN_DAYS`.
        least_posts: an account is tested if it posted in at least this many bins.
        level: chance of any false pair under the null, 0-1 (Bonferroni over all pairs of tested accounts).
        max_posts: most posts kept. The oldest leave early when there are more.
        work_per_post: meetings in bins that are counted, per post. If all bins together hold more, the most crowded
            bins are left out, since they carry the least evidence.
        crowd_margin: a bin is a burst if it holds this many accounts more than the usual count plus four standard
            deviations. A larger group that posts at once is mistaken for a burst.

    Raises:
        ValueError: a setting is outside its range.
    """

    not_state: ClassVar[frozenset[str]] = frozenset(
        {"_bin_s", "_window", "_least_posts", "_level", "_max_posts", "_work_per_post", "_crowd_margin"}
    )

    def __init__(
        self,
        *,
        bin_s: int = 60,
        window_days: int = 7,
        least_posts: int = 8,
        level: float = 0.01,
        max_posts: int = 1 << 24,
        work_per_post: int = 256,
        crowd_margin: int = 30,
    ) -> None:
        if bin_s not in BIN_LENGTHS_S:
            raise ValueError(f"bin_s must be one of {BIN_LENGTHS_S}")
        if window_days < MIN_DAYS:
            raise ValueError(f"window_days must be {MIN_DAYS} or more")
        if least_posts < MIN_COINCIDENCES or not 0 < level < 1:
            raise ValueError(f"least_posts must be {MIN_COINCIDENCES} or more, and level between 0 and 1")
        if min(max_posts, work_per_post, crowd_margin) < 1:
            raise ValueError("max_posts, work_per_post and crowd_margin must be positive")
        self._bin_s = bin_s
        self._window = window_days * _DAY // bin_s
        self._least_posts = least_posts
        self._level = level
        self._max_posts = max_posts
        self._work_per_post = work_per_post
        self._crowd_margin = crowd_margin
        self._accounts = np.zeros(_FIRST_SIZE, np.int32)
        self._bins = np.zeros(_FIRST_SIZE, np.int32)
        self._begin = self._end = 0
        self.left_early = 0
        """Count of posts that left early because there was no room."""

    def __len__(self) -> int:
        """Count of posts kept."""
        return self._end - self._begin

    def add(self, accounts: I32, times: I64) -> None:
        """Keep posts.

        Args:
            accounts: int32, account number of each post, in event order.
            times: int64, seconds UTC, never falling, neither within a call nor from one call to the next.
        """
        surplus = len(accounts) - self._max_posts
        if surplus > 0:
            self.left_early += surplus
            accounts, times = accounts[surplus:], times[surplus:]
        surplus = len(self) + len(accounts) - self._max_posts
        if surplus > 0:
            self.left_early += surplus
            self._begin += surplus
        self._reserve(len(accounts))
        self._accounts[self._end : self._end + len(accounts)] = accounts
        self._bins[self._end : self._end + len(accounts)] = times // self._bin_s
        self._end += len(accounts)

    def forget(self, before: int) -> None:
        """Drop posts before a time; seconds UTC, rounded down to a bin."""
        kept = self._bins[self._begin : self._end]
        self._begin += int(np.searchsorted(kept, before // self._bin_s))

    def evaluate(self, now: int) -> RhythmPairs:
        """Find the pairs that share a rhythm in the window that ends at `now`.

        Args:
            now: seconds UTC, rounded down to a bin. Posts at or after this time do not count.
        """
        accounts, bins = self._inside(now)
        if not len(bins):
            return _none()
        first = int(bins[0])
        span = int(bins[-1]) - first + 1
        cells = np.sort(accounts.astype(np.int64) * span + (bins - first))
        cells = cells[np.append(True, cells[1:] != cells[:-1])]
        crowds = np.bincount(cells % span, minlength=span)
        quiet = ~self._bursts(crowds, first)
        tested, grid = self._grid(cells[quiet[cells % span]], span, first)
        sizes = np.diff(grid.column_start)
        overfull = self._overfull(sizes, len(bins))
        if overfull.any():
            tested, grid = self._grid(cells[(quiet & ~overfull)[cells % span]], span, first)
        if len(tested) < 2:
            return _none()._replace(
                tested=len(tested), crowded=int((~quiet).sum()), overfull=int(overfull.sum())
            )
        crowds = np.where(quiet & ~overfull, crowds, 0)
        matches = rhythmic_pairs(grid, self._rules(crowds, first, len(tested)))
        order = np.lexsort((matches.second, matches.first))
        observed, expected = matches.observed[order], matches.expected[order]
        return RhythmPairs(
            a=tested[matches.first[order]],
            b=tested[matches.second[order]],
            observed=observed,
            expected=expected,
            surprise=np.array(
                [
                    poisson_surprise(count, expectation)
                    for count, expectation in zip(observed.tolist(), expected.tolist(), strict=True)
                ],
                np.float64,
            ),
            tested=len(tested),
            crowded=int((~quiet).sum()),
            overfull=int(overfull.sum()),
        )

    def shared_bins(self, a: int, b: int, now: int) -> I64:
        """Times at which two accounts posted in the same bin, as evidence that a person can check.

        Args:
            a: account number.
            b: account number.
            now: end of the window, as for `evaluate`.

        Returns:
            int64, the start of each bin in which both posted, seconds UTC, ascending. It includes bursts and repeats
            within half an hour, so there can be more times than counted coincidences.
        """
        accounts, bins = self._inside(now)
        shared: I64 = np.intersect1d(bins[accounts == a], bins[accounts == b]).astype(np.int64) * self._bin_s
        return shared

    def _inside(self, now: int) -> tuple[I32, I32]:
        """Accounts and bins of the posts in the window that ends at `now`."""
        end = now // self._bin_s
        begin, end = np.searchsorted(self._bins[self._begin : self._end], [end - self._window, end]).tolist()
        window = slice(self._begin + begin, self._begin + end)
        return self._accounts[window], self._bins[window]

    @property
    def _bins_per_hour(self) -> int:
        return _HOUR // self._bin_s

    def _bursts(self, crowds: I64, first: int) -> Bools:
        """Which bins hold far more accounts than the bins around them, corrected for the minute of the hour."""
        phase = (first + np.arange(len(crowds))) % self._bins_per_hour
        total = np.bincount(phase, crowds, self._bins_per_hour)
        number = np.maximum(np.bincount(phase, minlength=self._bins_per_hour), 1)
        usual = np.maximum((total / number / max(crowds.mean(), 1e-9))[phase], 1e-9)
        around = pl.Series(crowds / usual).rolling_median(self._bins_per_hour + 1, center=True, min_samples=1)
        expected = around.to_numpy() * usual
        bursts: Bools = crowds > expected + _CROWD_DEVIATIONS * np.sqrt(expected) + self._crowd_margin
        return bursts

    def _grid(self, cells: I64, span: int, first: int) -> tuple[I32, Grid]:
        """The accounts with enough bins, ascending, and their grid."""
        owner = cells // span
        begins = np.flatnonzero(np.append(True, owner[1:] != owner[:-1])[: len(owner)])
        accounts = owner[begins]
        counts = np.diff(begins, append=len(owner))
        rows = np.repeat(np.arange(len(accounts)), counts)
        # an account whose times are rounded to hours or days would meet strangers in all of its posts
        finer = np.zeros(len(accounts), np.bool_)
        finer[rows[(first + cells % span) % self._bins_per_hour != 0]] = True
        enough = (counts >= self._least_posts) & finer
        row_start = np.append(0, np.cumsum(counts[enough]))
        bins = (cells[enough[rows]] % span).astype(np.int32)
        return accounts[enough].astype(np.int32), Grid(row_start, bins, *columns_of(row_start, bins, span))

    def _overfull(self, sizes: I64, posts: int) -> Bools:
        """The most crowded bins, if all bins together cost too much."""
        work = sizes * (sizes - 1) // 2
        allowed = self._work_per_post * posts
        if int(work.sum()) <= allowed:
            return np.zeros(len(sizes), np.bool_)
        by_size = np.bincount(sizes, work)
        # all bins of a size or none of them: the choice must not depend on their order
        least_size = int(np.searchsorted(np.cumsum(by_size), allowed, side="right"))
        return sizes >= least_size

    def _rules(self, crowds: I64, first: int, tested: int) -> RhythmRules:
        per_hour = self._bins_per_hour
        mass = float(crowds.sum())
        meetings = float((crowds * (crowds - 1)).sum())
        hour = (first + np.arange(len(crowds))) // per_hour
        phase = (first + np.arange(len(crowds))) % per_hour
        by_hour = np.bincount(hour - hour[0], crowds)
        by_phase = np.bincount(phase, crowds, per_hour) / mass
        habitual = float(
            (by_hour[:, None] * by_phase[None, :]).ravel() @ (by_hour[:, None] * by_phase).ravel()
        )
        shifts, family_start, weight = self._shifts(len(crowds))
        bar = np.log(tested * (tested - 1) / 2 / self._level)
        most_coincidences = len(crowds) * self._bin_s // OCCASION_S + 2
        highest_rate = scipy.special.gammaincinv(np.arange(1, most_coincidences + 1), np.exp(-bar))
        highest_rate[: MIN_COINCIDENCES - 1] = 0.0
        return RhythmRules(
            bins_per_hour=per_hour,
            phase=first % (HOURS * per_hour),
            gap=max(1, OCCASION_S // self._bin_s),
            least_days=MIN_DAYS,
            by_activity=meetings / mass**2,
            by_bin=max(1.0, meetings / habitual) / len(crowds),
            highest_rate=np.append(0.0, highest_rate),
            shifts=shifts,
            family_start=family_start,
            weight=weight,
        )

    def _shifts(self, span: int) -> tuple[I64, I64, F64]:
        """Shifts in bins, the start of each family, and the overlapping parts of the grid, summed over each family."""
        step = max(60, self._bin_s)
        families = (
            [step * steps for steps in range(2, 13)],
            [900, 1800, 2700],
            [_HOUR, 2 * _HOUR, 3 * _HOUR],
            [_DAY, 2 * _DAY, 3 * _DAY],
            [7 * _DAY, 14 * _DAY],
        )
        shifts: list[int] = []
        starts = [0]
        weights = []
        for family in families:
            # a shift by more than half of the grid would leave too few bins to compare
            lengths = [length // self._bin_s for length in family if length // self._bin_s * 2 <= span]
            if lengths:
                shifts += [*lengths, *(-length for length in lengths)]
                starts.append(len(shifts))
                weights.append(2 * sum(1 - length / span for length in lengths))
        return np.array(shifts, np.int64), np.array(starts, np.int64), np.array(weights, np.float64)

    def _reserve(self, posts: int) -> None:
        """Make room for this many posts at the end."""
        if self._end + posts <= len(self._bins):
            return
        size = min(max(2 * (len(self) + posts), _FIRST_SIZE), self._max_posts + self._max_posts // 4 + 1)
        size = max(size, len(self) + posts)
        for name in ("_accounts", "_bins"):
            old = getattr(self, name)
            new = np.zeros(size, np.int32)
            new[: len(self)] = old[self._begin : self._end]
            setattr(self, name, new)
        self._begin, self._end = 0, len(self)


def _none() -> RhythmPairs:
    no_accounts, no_values = np.zeros(0, np.int32), np.zeros(0, np.float64)
    return RhythmPairs(no_accounts, no_accounts, np.zeros(0, np.int64), no_values, no_values, 0, 0, 0)
