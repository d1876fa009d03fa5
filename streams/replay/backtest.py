"""Backtest figures: alerts held against labels.

Definitions, all in event time and over labelled accounts only, since of the others nothing is known:

- An account is *found* when it is a member in the last alert of a network that was not merged into another.
  A network that was closed because nothing new was seen of it counts; one that went into another does not,
  its heir does.
- *Precision* is the share of found accounts that are positive, *recall* the share of positive accounts that
  are found.
- *Suspected* are the found accounts whose network's last alert suspects it of being covert (severity above `info`).
- *Average precision* ranks all labelled accounts: those suspected first, by covertness, then by coordination of
  their network x their membership in it, 0 for those in none. It is the sum over distinct scores, falling, of
  (gain in recall) x (precision so far): accounts with the same score enter together, so the order of equals
  does not matter.
- *Purity* is the share of labelled members that have the most frequent label of their network.
- *Time to detection* of a positive account that was ever a member: event time of the first alert that names
  it, less that of its first post.
- *First detection*: event time of the first alert of a network whose labelled members are positive for the
  greater part, less that of the first post of the data.
"""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec
import numpy as np
import polars as pl

from schemas.alerts import Alert, Severity
from schemas.networks import Lifecycle
from streams.reference_files.labels import Labels


class AccountFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How rightly accounts were found. None: undefined, nothing was found."""

    precision: float | None
    recall: float
    f1: float | None
    average_precision: float
    labelled: int
    """Accounts with a label."""
    positive: int
    """Of those, accounts that should be found."""
    found: int
    """Labelled accounts found, positive or not."""
    without_posts: int
    """Labelled accounts that the data hold no post of; they count as not found."""


class NetworkFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How networks and labels agree."""

    count: int
    """Networks that were not merged into others."""
    purity: float | None
    labelled_accounts: int
    """Labelled accounts in them."""


class SuspectedFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How rightly networks were suspected to be covert. Without context (a registry) none can be."""

    networks: int
    accounts: int
    """Labelled accounts in them."""
    precision: float | None
    """None: undefined, nobody was suspected."""
    recall: float


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of event time; None when no positive account was found."""

    p50: float | None
    p90: float | None


class BacktestFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What `lockstep backtest --json` writes."""

    accounts: AccountFigures
    networks: NetworkFigures
    suspected: SuspectedFigures
    time_to_detection_s: Quantiles
    first_detection_s: float | None
    """None: no network was positive for the greater part."""
    alerts: int
    posts: int
    dead_letters: int
    seconds: float
    """Wall-clock time of the run."""
    config_hash: str
    code_version: str


class Scorekeeper:
    """Collects what a backtest needs while a run goes on.

    Args:
        labels: of accounts.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._names = pl.Series("name", list(labels.label_of), pl.String).implode()
        self._first_post: dict[str, int] = {}
        self._first_member: dict[str, int] = {}
        self._networks: dict[str, dict[str, float]] = {}
        """For each network its labelled members, with the score that they are ranked by."""
        self._suspected: set[str] = set()
        """Networks whose last alert suspects them of being covert."""
        self._first_positive: int | None = None

    def saw_posts(self, posts: pl.DataFrame) -> None:
        """Note first posts; `posts` in event order with the columns account, account_id and created_at."""
        known = pl.col("account").is_in(self._names) | pl.col("account_id").is_in(self._names)
        firsts = posts.lazy().select("account", "account_id", "created_at").filter(known)
        firsts = firsts.unique("account", keep="first", maintain_order=True)
        for account, _, second in firsts.collect().iter_rows():
            entry = self._labels.entry(account)
            if entry is not None:
                self._first_post.setdefault(entry, second)

    def saw_alert(
        self, alert: Alert, tick: datetime, *, merged_away: bool, unnamed: Sequence[str] = ()
    ) -> None:
        """Note who is in a network.

        Args:
            alert: as it was raised.
            tick: event time at which it was.
            merged_away: whether it says that the network went into another one.
            unnamed: members that the alert has no room to name; taken to belong as little as the last named.
        """
        at = int(tick.timestamp())
        if merged_away:
            self._networks.pop(alert.network_id, None)
            self._suspected.discard(alert.network_id)
            return
        known = self._networks.get(alert.network_id)
        if alert.lifecycle is Lifecycle.RESOLVED and known is not None:
            return  # repeats the alert before
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
        """How rightly accounts were found."""
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
        """How networks and labels agree."""
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
        """How rightly networks were suspected."""
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
        """Score of every labelled account found; of several networks, the one that it belongs to most."""
        best: dict[str, float] = {}
        for scores in self._networks.values():
            for entry, score in scores.items():
                best[entry] = max(score, best.get(entry, 0.0))
        return best


def average_precision(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Area under precision over recall, as steps; accounts of one score enter together.

    Args:
        scores: of each account, higher first.
        positive: whether each should be found; at least one.
    """
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    ranked = np.asarray(scores, np.float64)[order]
    right = np.cumsum(np.asarray(positive, np.bool_)[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # of each run of equals
    precision = right[last] / (last + 1)
    gained = np.diff(np.append(0, right[last])) / right[-1]
    return min(1.0, math.fsum(gained * precision))
