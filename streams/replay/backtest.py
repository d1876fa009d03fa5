"""Backtest figures: alerts compared with labels.

Definitions, all in event time and over labelled accounts only, since nothing is known of the others:

- An account is *found* when it is a member in the last alert of a network that no other absorbed.
  A network that was closed because it showed nothing new counts. One that another absorbed does not count;
  the other does.
- *Precision* is the share of found accounts that are positive, *recall* the share of positive accounts that
  are found.
- An account is *suspected* when it is found and its network's last alert has a severity above `info`: suspected covert.
- *Average precision* ranks all labelled accounts. Suspected accounts come first, by covertness; all are ranked by
  coordination of their network x their membership in it, 0 for those in no network. It is the sum over distinct
  scores, from high to low, of (gain in recall) x (precision so far). Accounts with the same score enter together, so
  their order does not matter.
- *Purity* is the share of labelled members that have the most frequent label of their network.
- *Time to detection* of a positive account that was ever a member: from its first post to the first alert that names
  it.
- *First detection*: from the first post of the data to the first alert of a network in which more than half of the
  labelled members are positive.
"""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl

from schemas.alerts import Alert, Severity
from schemas.errors import InputError
from schemas.figures.backtest import AccountFigures, NetworkFigures, Quantiles, SuspectedFigures
from schemas.networks import Lifecycle
from streams.reference_files.labels import Labels


class BacktestScores:
    """Collects posts and alerts while a run goes on, and computes the figures of a backtest.

    Args:
        labels: of accounts.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._names = pl.Series("name", list(labels.label_of), pl.String).implode()
        self._first_post: dict[str, int] = {}
        self._example: str | None = None
        """An account that has a post."""
        self._first_member: dict[str, int] = {}
        self._networks: dict[str, dict[str, float]] = {}
        """Labelled members of each network, with their rank scores."""
        self._suspected: set[str] = set()
        """Networks whose last alert suspects them of being covert."""
        self._first_positive: int | None = None

    def add_posts(self, posts: pl.DataFrame) -> None:
        """Add posts in event order, with the columns account, account_id and created_at."""
        if self._example is None and len(posts):
            self._example = posts["account"][0]
        known = pl.col("account").is_in(self._names) | pl.col("account_id").is_in(self._names)
        firsts = posts.lazy().select("account", "account_id", "created_at").filter(known)
        firsts = firsts.unique("account", keep="first", maintain_order=True)
        for account, _, second in firsts.collect().iter_rows():
            entry = self._labels.entry(account)
            if entry is not None:
                self._first_post.setdefault(entry, second)

    def check_known(self, source: str) -> None:
        """Fail if the labels are of other accounts than the posts: every figure would be 0, and mean nothing.

        Args:
            source: name of the file of labels.

        Raises:
            InputError: there were posts, and none of a labelled account, or none of a positive one.
        """
        if self._example is None or any(map(self._labels.is_positive, self._first_post)):
            return
        entries = list(self._labels.label_of)
        which, named = f"{len(entries):,} labelled accounts", entries[0]
        if self._first_post:
            positive = [entry for entry in entries if self._labels.is_positive(entry)]
            which, named = f"{len(positive):,} accounts labelled {self._labels.positive!r}", positive[0]
        raise InputError(
            f"{source}: none of its {which} has a post in the data. It names accounts such as {named}; posts are by "
            f"accounts such as {self._example}. Labels need the account ids of the posts, with or without the platform."
        )

    def add_alert(self, alert: Alert, tick: datetime, *, unnamed: Sequence[str] = ()) -> None:
        """Add an alert: who is in a network.

        Args:
            alert: as it was raised.
            tick: event time at which it was raised.
            unnamed: members that the alert leaves out for length; they get the lowest membership of the named ones.
        """
        at = int(tick.timestamp())
        if alert.lifecycle is Lifecycle.ABSORBED:
            self._networks.pop(alert.network_id, None)
            self._suspected.discard(alert.network_id)
            return
        known = self._networks.get(alert.network_id)
        if alert.lifecycle is Lifecycle.RESOLVED and known is not None:
            return  # it repeats the alert before
        suspected = alert.severity is not Severity.INFO
        (self._suspected.add if suspected else self._suspected.discard)(alert.network_id)
        ahead = 1.0 + (alert.covertness or 0.0) if suspected else 0.0
        memberships = [(member.account_id, member.membership) for member in alert.members]
        least = min((membership for _, membership in memberships), default=0.0)
        scores: dict[str, float] = {}
        for account, membership in [*memberships, *((account, least) for account in unnamed)]:
            entry = self._labels.entry(account)
            if entry is not None:
                scores[entry] = ahead + alert.coordination * membership
                self._first_member.setdefault(entry, at)
        self._networks[alert.network_id] = scores
        positive = sum(map(self._labels.is_positive, scores))
        if self._first_positive is None and positive * 2 > len(scores):
            self._first_positive = at

    def account_figures(self) -> AccountFigures:
        """Precision and recall of accounts."""
        score_of = self._best_scores()
        truth = self._labels
        right = sum(map(truth.is_positive, score_of))
        recall = right / truth.positives
        precision = right / len(score_of) if score_of else None
        return AccountFigures(
            precision=precision,
            recall=recall,
            f1=2 * precision * recall / (precision + recall) if precision else 0.0 if score_of else None,
            average_precision=average_precision(
                [score_of.get(entry, 0.0) for entry in truth.label_of],
                [truth.is_positive(entry) for entry in truth.label_of],
            ),
            labelled=len(truth),
            positive=truth.positives,
            found=len(score_of),
            without_posts=len(truth) - len(self._first_post),
        )

    def network_figures(self) -> NetworkFigures:
        """How well networks and labels agree."""
        counts = [
            Counter(self._labels.label_of[entry] for entry in scores) for scores in self._networks.values()
        ]
        labelled = sum(count.total() for count in counts)
        agreeing = sum(max(count.values()) for count in counts if count)
        return NetworkFigures(
            count=len(self._networks),
            purity=agreeing / labelled if labelled else None,
            labelled_accounts=len(self._best_scores()),
        )

    def suspected_figures(self) -> SuspectedFigures:
        """Precision and recall of suspected networks."""
        accounts = {entry for network in self._suspected for entry in self._networks[network]}
        right = sum(map(self._labels.is_positive, accounts))
        return SuspectedFigures(
            networks=len(self._suspected),
            accounts=len(accounts),
            precision=right / len(accounts) if accounts else None,
            recall=right / self._labels.positives,
        )

    def time_to_detection(self) -> Quantiles:
        """Seconds from first post to first alert, of positive accounts that were ever members."""
        waits = [
            at - self._first_post[entry]
            for entry, at in self._first_member.items()
            if self._labels.is_positive(entry) and entry in self._first_post
        ]
        if not waits:
            return Quantiles(p50=None, p90=None)
        half, most = np.quantile(waits, [0.5, 0.9]).tolist()
        return Quantiles(p50=half, p90=most)

    def first_detection_s(self, first_post: int | None) -> float | None:
        """Seconds from the first post of the data to the first alert on a mostly positive network."""
        if self._first_positive is None or first_post is None:
            return None
        return float(self._first_positive - first_post)

    def _best_scores(self) -> dict[str, float]:
        """Score of every labelled account found: the highest of all its networks."""
        best: dict[str, float] = {}
        for scores in self._networks.values():
            for entry, score in scores.items():
                best[entry] = max(score, best.get(entry, 0.0))
        return best


def average_precision(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Area under the step curve of precision over recall; accounts with the same score enter together.

    Args:
        scores: of each account; higher ranks first.
        positive: whether each should be found; at least one.
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    ranked = np.asarray(scores, np.float64)[order]
    right = np.cumsum(np.asarray(positive, np.bool_)[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of each run of equals
    precision = right[last] / (last + 1)
    gained = np.diff(np.append(0, right[last])) / right[-1]
    return min(1.0, math.fsum(gained * precision))
