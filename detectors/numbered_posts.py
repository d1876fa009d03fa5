"""Posts on their way through the pipeline: a traced batch, and the numbers of its accounts and posts."""

from dataclasses import dataclass

import numpy as np

from detectors.accounts import AccountStore
from detectors.covertness.observation_extractor import PostObservations
from detectors.evidence.co_share_samples import CoShareSamples
from detectors.synchrony.co_share_kernels import Shares
from detectors.synchrony.open_epoch import OpenEpoch
from detectors.synchrony.synchrony_stage import Push, SynchronyStage
from detectors.traces.traces import Traces


@dataclass(frozen=True, slots=True)
class TracedPosts:
    """A batch of posts, with everything that can be read from the posts alone."""

    traces: Traces
    observed: PostObservations


class NumberedPosts:
    """A batch with the numbers of its accounts and posts, which it gets day by day.

    Accounts that only follow get theirs at the end of a day (`detectors.followers.follow_rings`). So the numbers of
    all accounts follow from the events, and not from where batches end.

    Args:
        traced: the batch.
    """

    def __init__(self, traced: TracedPosts) -> None:
        traces = traced.traces
        self.traced = traced
        self.accounts = np.full(len(traces.times), -1, np.int32)
        """Account number of each post; -1: not numbered yet."""
        self.post_numbers = np.full(len(traces.times), -1, np.int64)
        """Numbers under which `CoShareSamples` holds the posts; -1 likewise."""
        self.followers = traces.posts["followers_count"].fill_null(-1).to_numpy()
        """The author's followers, -1 unknown."""
        self.share_times = traces.times[traces.share_post]
        """Seconds; one entry a share."""
        self._numbered = 0

    def number_until(self, end_time: int, accounts: AccountStore, samples: CoShareSamples) -> bool:
        """Give numbers to accounts and posts that are earlier than `end_time`, seconds, and have none.

        Returns:
            Whether there were any.
        """
        begin, end = self._numbered, int(np.searchsorted(self.traced.traces.times, end_time, side="left"))
        if begin >= end:
            return False
        part = self.traced.traces.part(begin, end)
        self.accounts[begin:end] = accounts.add(part.posts, part.account_keys)
        self.post_numbers[begin:end] = samples.add(part, self.accounts[begin:end])
        self._numbered = end
        return True

    def announce(
        self, synchrony: SynchronyStage, begin: int, epoch: OpenEpoch, until: int, tick_s: int
    ) -> None:
        """Let a stage of synchrony know what it will be pushed of the posts from row `begin` on that have numbers.

        Args:
            synchrony: the stage.
            begin: the first post that has not been applied.
            epoch: the shares of the open epoch before it.
            until: event time that will be reached, seconds.
            tick_s: seconds between ticks.
        """
        epoch, pushes = epoch.copy(), []
        times = self.traced.traces.times[begin : self._numbered]
        for start in np.unique(times // tick_s).tolist():
            tick = (start + 1) * tick_s
            epoch.add(self.shares(max(start * tick_s, int(times[0])), min(tick, until)))
            while epoch.full:
                taken = epoch.take()
                pushes.append(Push(int(taken.time[-1]), taken))
            if tick <= until and len(epoch):
                pushes.append(Push(tick, epoch.take()))
        synchrony.expect(pushes, until)

    def shares(self, begin: int, end: int) -> Shares:
        """The shares of posts from event time `begin` to before `end`, seconds, which have numbers."""
        traces = self.traced.traces
        rows = slice(*np.searchsorted(self.share_times, (begin, end), side="left").tolist())
        posts = traces.share_post[rows]
        return Shares(
            self.share_times[rows],
            self.accounts[posts],
            self.post_numbers[posts],
            traces.share_kind[rows],
            traces.share_object[rows],
        )
