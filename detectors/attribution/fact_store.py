"""Facts kept by account: counts for base rates, and the posts themselves for the evidence in alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, I64, Bools
from detectors.attribution.facts import FACTS, Fact
from detectors.reference.registry import NO_ENTITY
from detectors.statistics.rates import RateSums, pooled_tail, rate_sums

FACT_LOG = {
    "account": pl.Int32,
    "time": pl.Int64,
    "post_id": pl.String,
    **{name: dtype for name, dtype in FACTS.items() if name != "row"},
}
"""Columns of a frame of facts in the store."""
_NO_FACTS = pl.DataFrame(schema=FACT_LOG)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class RateFinding:
    """How many posts of members a fact holds for, compared with ordinary accounts."""

    observed: int
    """Posts of the members for which it holds."""
    posts: int
    """All posts of the members."""
    expected: float
    """Posts for which it would hold at the rate of ordinary accounts."""
    p: float
    """Chance of `observed` or more at that rate."""
    samples: pl.DataFrame
    """The latest of the posts observed, at most `SAMPLES`; columns of `FACT_LOG`."""
    entities: tuple[int, ...]
    """Numbers of the entities that these facts are about, the most frequent first."""


SAMPLES = 6
"""Posts that go into an alert for each term; enough to check by hand, not measured."""
TIE_LINKS = 3
"""Least links to an owner's sites for a member to count as linked to the owner. A judgement, not measured: two links
can be one article shared twice."""


def rate_finding(mine: I64, written: I64, ordinary: RateSums, concerned: pl.DataFrame) -> RateFinding:
    """Compare the rate of a fact among members' posts with that of ordinary accounts.

    Args:
        mine: int64, facts of each member.
        written: int64, posts of each member.
        ordinary: the rate of accounts that are not members.
        concerned: the facts counted, as far as they are still in the store; columns of `FACT_LOG`.
    """
    observed = int(mine.sum())
    expected, p = pooled_tail(observed, written, ordinary.rate())
    if not observed:
        return RateFinding(0, int(written.sum()), expected, p, _NO_FACTS, ())
    entities = (
        concerned["entity"].value_counts().sort(["count", "entity"], descending=[True, False])["entity"]
    )
    return RateFinding(
        observed=observed,
        posts=int(written.sum()),
        expected=expected,
        p=p,
        samples=concerned.sort("time", "post_id").tail(SAMPLES),
        entities=tuple(entities.to_list()),
    )


class FactStore:
    """Facts about posts, by account.

    Counts stay for ever (4 bytes for each account and kind). The facts themselves stay for `keep_days`, at most
    `max_facts` of them, at about 200 bytes each, copies without credit at 500. Where there are more, the oldest
    leave early, and `evicted_early` counts them.

    Args:
        keep_days: as in `EvidenceConfig`; 0: facts stay for ever.
        max_facts: most facts held.
        opaque: bool, by entity (`detectors.reference.affiliation.opaque_entities`). Links to the other entities,
            such as state media, name their owner: they are citations and do not count.
    """

    not_state: ClassVar[frozenset[str]] = frozenset({"_keep_days", "_max_facts", "_opaque"})
    _log: list[Annotated[pl.DataFrame, FACT_LOG]]

    def __init__(self, keep_days: int, max_facts: int, opaque: Bools) -> None:
        self._keep_days = keep_days
        self._max_facts = max_facts
        self._opaque = opaque
        self._counts = np.zeros((len(Fact), 1 << 10), np.int32)
        self._log = []
        self.evicted_early = 0
        """Facts that left before `keep_days` because there were more than `max_facts`."""

    def __len__(self) -> int:
        return sum(len(frame) for frame in self._log)

    def add(self, facts: pl.DataFrame, accounts: I32, times: I64, post_ids: pl.Series) -> None:
        """Add facts in event order.

        Args:
            facts: columns of `detectors.attribution.facts.FACTS`; `row` counts from the start of the other arguments.
            accounts: int32, account number of each post.
            times: int64, seconds.
            post_ids: String.
        """
        if not len(facts):
            return
        rows = facts["row"].to_numpy()
        # made from columns: a tick brings a handful of facts, and a polars expression would cost more than they do
        log = pl.DataFrame(
            [
                pl.Series("account", accounts[rows], pl.Int32),
                pl.Series("time", times[rows], pl.Int64),
                post_ids[rows].alias("post_id"),
                *(facts[name] for name in FACTS if name != "row"),
            ]
        )
        self._log.append(log)
        most = int(accounts[rows].max()) + 1
        if most > self._counts.shape[1]:
            wider = np.zeros((len(Fact), 2 * most), np.int32)
            wider[:, : self._counts.shape[1]] = self._counts
            self._counts = wider
        self._count(log, 1)

    def renumber_entities(self, renumbered: I32, opaque: Bools) -> None:
        """Continue with another registry.

        Facts about entities that are not in it are dropped, from the counts too. Facts that had left the store before
        stay in the counts, whatever entity they were about.

        Args:
            renumbered: int32, by entity: its number in the other registry, `NO_ENTITY` if it is not there.
            opaque: of the other registry.
        """
        facts = self._all()
        self._count(facts, -1)
        self._opaque = opaque
        entity = pl.Series(renumbered[facts["entity"].to_numpy()], dtype=pl.Int32)
        facts = facts.with_columns(entity=entity).filter(entity != NO_ENTITY)
        self._log = [facts] if len(facts) else []
        self._count(facts, 1)

    def forget(self, posts: pl.DataFrame) -> None:
        """Take the facts about some posts out, from the counts too.

        Args:
            posts: columns account (Int32) and post_id; or account alone, for all posts of accounts.
        """
        facts, names = self._all(), posts.columns
        gone = facts.join(posts.unique(), on=names, how="semi")
        if len(gone):
            self._count(gone, -1)
            self._log = [facts.join(posts, on=names, how="anti", maintain_order="left")]

    def _count(self, log: pl.DataFrame, by: int) -> None:
        """Add facts to the counts (`by` is 1), or take them out (-1)."""
        kinds, accounts, counted = log["kind"].to_numpy(), log["account"].to_numpy(), self._counted(log)
        np.add.at(self._counts, (kinds[counted], accounts[counted]), by)

    def _counted(self, log: pl.DataFrame) -> Bools:
        """Which facts count: all but links that name their owner, which are citations."""
        others = log["kind"].to_numpy() != Fact.REGISTRY_LINK
        return np.asarray(others | self._opaque[log["entity"].to_numpy()])

    def age(self, now: int) -> None:
        """Drop facts older than `keep_days` at event time `now`, seconds."""
        if not self._log:
            return
        facts = self._all()
        if self._keep_days:
            facts = facts.filter(pl.col("time") >= now - self._keep_days * _DAY_S)
        if len(facts) > self._max_facts:
            self.evicted_early += len(facts) - self._max_facts
            facts = facts.tail(self._max_facts)
        self._log = [facts] if len(facts) else []

    def counts(self, kind: Fact, accounts: int) -> I64:
        """How many facts of a kind each of the first `accounts` accounts has; int64."""
        known = self._counts[kind][:accounts].astype(np.int64)
        return np.append(known, np.zeros(accounts - len(known), np.int64))

    def sums(self, kind: Fact, posts: I64, ordinary: Bools) -> RateSums:
        """Rate of a kind of fact among the posts of ordinary accounts; `posts` and `ordinary` by account number."""
        return rate_sums(self.counts(kind, len(posts))[ordinary], posts[ordinary])

    def finding(self, kind: Fact, members: I32, posts: I64, sums: RateSums, ordinary: Bools) -> RateFinding:
        """Compare the rate of a kind of fact among members' posts with that of ordinary accounts.

        Args:
            kind: of facts.
            members: int32, account numbers.
            posts: int64, by account number.
            sums: the rate of ordinary accounts (`sums`).
            ordinary: bool, by account number: the accounts in `sums`. Members among them are taken out.
        """
        mine, written, inside = self.counts_of(members)[kind], posts[members], ordinary[members]
        rate = sums.less(rate_sums(mine[inside], written[inside]))
        return rate_finding(mine, written, rate, self._of(kind, members) if mine.any() else _NO_FACTS)

    @property
    def counted_facts(self) -> pl.DataFrame:
        """The facts in the store without links that name their owner; columns of `FACT_LOG`, in event order."""
        if not self._log:
            return _NO_FACTS
        facts = self._all()
        return facts.filter(pl.Series(self._counted(facts), dtype=pl.Boolean)) if len(facts) else facts

    def linked_owners(self, members: I32) -> I32:
        """The opaque entity that most of each member's registry links lead to, `NO_ENTITY` where none does; int32.

        Of the links in the store, at least `TIE_LINKS` and at least half of the member's links to opaque entities
        lead to it.
        """
        owners = np.full(len(members), NO_ENTITY, np.int32)
        if self.counts_of(members)[Fact.REGISTRY_LINK].sum() >= TIE_LINKS:
            links = self._of(Fact.REGISTRY_LINK, members)
            counted = (
                links.group_by("account", "entity").len().sort(["len", "entity"], descending=[True, False])
            )
            most = counted.unique("account", keep="first", maintain_order=True)
            total = links.group_by("account").len("all")
            tied = most.join(total, on="account").filter(
                (pl.col("len") >= TIE_LINKS) & (2 * pl.col("len") >= pl.col("all"))
            )
            entity_of = dict(zip(tied["account"].to_list(), tied["entity"].to_list(), strict=True))
            owners = np.array([entity_of.get(member, NO_ENTITY) for member in members.tolist()], np.int32)
        return owners

    def any_facts_of(self, members: I32) -> bool:
        """Whether there was ever a copy without credit, a hidden mention or a counted registry link of any member."""
        counts = self.counts_of(members)
        return bool(counts[[Fact.COPY, Fact.HIDDEN_MENTION, Fact.REGISTRY_LINK]].any())

    def counts_of(self, members: I32) -> I64:
        """How many facts of each kind each member has; int64, shape (kinds, members)."""
        counts = np.zeros((len(Fact), len(members)), np.int64)
        known = members < self._counts.shape[1]
        counts[:, known] = self._counts[:, members[known]]
        return counts

    def _of(self, kind: Fact, members: I32) -> pl.DataFrame:
        opaque: Sequence[int] = np.flatnonzero(self._opaque).tolist()
        wanted = (pl.col("kind") == int(kind)) & pl.col("account").is_in(members.tolist())
        if kind is Fact.REGISTRY_LINK:
            wanted &= pl.col("entity").is_in(opaque)
        return self._all().filter(wanted)

    def _all(self) -> pl.DataFrame:
        if len(self._log) > 1:
            self._log = [pl.concat(self._log, rechunk=True)]
        return self._log[0] if self._log else _NO_FACTS
