"""What attribution found, kept by account: counts for the base rates, and the posts themselves for the evidence."""

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
"""Columns of facts that are held."""
_NO_FACTS = pl.DataFrame(schema=FACT_LOG)
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class RateFinding:
    """A count of members' posts against what ordinary accounts do."""

    observed: int
    posts: int
    """Posts by the members."""
    expected: float
    p: float
    samples: pl.DataFrame
    """The latest of these posts, at most `SAMPLES`: columns account, time, post_id, kind, entity, origin, detail."""
    entities: tuple[int, ...]
    """Entities concerned, the most frequent first."""


SAMPLES = 6
TIE_LINKS = 3


def rate_finding(mine: I64, written: I64, ordinary: RateSums, concerned: pl.DataFrame) -> RateFinding:
    """What members did, against ordinary accounts.

    Args:
        mine: int64, count of each member.
        written: int64, posts of each member.
        ordinary: of accounts that are not members.
        concerned: the posts counted, so far as they are held: columns of `FACT_LOG`.
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

    Counts are kept for good (4 bytes an account and kind), the facts themselves for `keep_days` and at most
    `max_facts`, about 200 bytes each; the oldest leave early, and are counted.

    Args:
        keep_days: as in `EvidenceConfig`; 0: for ever.
        max_facts: facts held.
        opaque: bool, by entity: whether links into its domains leave open whose they are. Those of state media
            and party organs name their owner; those of companies and affiliates do not.
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
        """Facts that left before their time for want of room."""

    def __len__(self) -> int:
        return sum(len(frame) for frame in self._log)

    def add(self, facts: pl.DataFrame, accounts: I32, times: I64, post_ids: pl.Series) -> None:
        """Take facts in event order.

        Args:
            facts: columns of `detectors.attribution.facts.FACTS`; `row` counts from the start of the other arguments.
            accounts: int32, account number of each post.
            times: int64, seconds.
            post_ids: String.
        """
        if not len(facts):
            return
        rows = facts["row"].to_numpy()
        # made of columns: a handful of facts comes with every tick, and an expression costs more than they do
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
        """Go on under another registry.

        What is held of entities that are gone is forgotten, and counted no more. Facts that had left before stay in the
        counts, whomever they were about.

        Args:
            renumbered: int32, by entity: its number in the other registry, `NO_ENTITY` if it is not there.
            opaque: of the other registry.
        """
        held = self._all()
        self._count(held, -1)
        self._opaque = opaque
        entity = pl.Series(renumbered[held["entity"].to_numpy()], dtype=pl.Int32)
        held = held.with_columns(entity=entity).filter(entity != NO_ENTITY)
        self._log = [held] if len(held) else []
        self._count(held, 1)

    def _count(self, log: pl.DataFrame, by: int) -> None:
        """Count facts, or take them out of the counts again."""
        kinds, who, counted = log["kind"].to_numpy(), log["account"].to_numpy(), self._counted(log)
        np.add.at(self._counts, (kinds[counted], who[counted]), by)

    def _counted(self, log: pl.DataFrame) -> Bools:
        """Which facts count; links that name their owner are citations."""
        others = log["kind"].to_numpy() != Fact.REGISTRY_LINK
        return np.asarray(others | self._opaque[log["entity"].to_numpy()])

    def age(self, now: int) -> None:
        """Let go of facts older than `keep_days` at event time `now`, seconds."""
        held = self._all()
        if self._keep_days:
            held = held.filter(pl.col("time") >= now - self._keep_days * _DAY_S)
        if len(held) > self._max_facts:
            self.evicted_early += len(held) - self._max_facts
            held = held.tail(self._max_facts)
        self._log = [held] if len(held) else []

    def counts(self, kind: Fact, accounts: int) -> I64:
        """Facts of one kind of each of the first `accounts` accounts; int64."""
        known = self._counts[kind][:accounts].astype(np.int64)
        return np.append(known, np.zeros(accounts - len(known), np.int64))

    def sums(self, kind: Fact, posts: I64, ordinary: Bools) -> RateSums:
        """How often ordinary accounts' posts are so; both arguments by account number."""
        return rate_sums(self.counts(kind, len(posts))[ordinary], posts[ordinary])

    def finding(self, kind: Fact, members: I32, posts: I64, sums: RateSums, ordinary: Bools) -> RateFinding:
        """What `members` did, against ordinary accounts.

        Args:
            kind: of facts.
            members: int32, account numbers.
            posts: int64, by account number.
            sums: of ordinary accounts.
            ordinary: bool, by account number: whose sums these are. Members among them are taken out.
        """
        mine, written, inside = self.counts_of(members)[kind], posts[members], ordinary[members]
        rate = sums.less(rate_sums(mine[inside], written[inside]))
        return rate_finding(mine, written, rate, self._of(kind, members) if mine.any() else _NO_FACTS)

    @property
    def counted_facts(self) -> pl.DataFrame:
        """The facts held that count, links that name their owner left out; columns of `FACT_LOG`, in event order."""
        held = self._all()
        return held.filter(pl.Series(self._counted(held), dtype=pl.Boolean))

    def linked_owners(self, members: I32) -> I32:
        """The opaque entity that each member's links into the registry lead to, `NO_ENTITY` where none stands out.

        It has at least `TIE_LINKS` links in the evidence held, and half of the member's links of this kind.
        """
        found = np.full(len(members), NO_ENTITY, np.int32)
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
            found = np.array([entity_of.get(member, NO_ENTITY) for member in members.tolist()], np.int32)
        return found

    def any_facts_of(self, members: I32) -> bool:
        """Whether a copy, a hidden mention or a link was ever found about members."""
        counts = self.counts_of(members)
        return bool(counts[[Fact.COPY, Fact.HIDDEN_MENTION, Fact.REGISTRY_LINK]].any())

    def counts_of(self, members: I32) -> I64:
        """Facts of each kind of each member; int64, shape (kinds, members)."""
        counts = np.zeros((len(Fact), len(members)), np.int64)
        known = members < self._counts.shape[1]
        counts[:, known] = self._counts[:, members[known]]
        return counts

    def _of(self, kind: Fact, members: I32) -> pl.DataFrame:
        opaque: Sequence[int] = np.flatnonzero(self._opaque).tolist()
        asked = (pl.col("kind") == int(kind)) & pl.col("account").is_in(members.tolist())
        if kind is Fact.REGISTRY_LINK:
            asked &= pl.col("entity").is_in(opaque)
        return self._all().filter(asked)

    def _all(self) -> pl.DataFrame:
        if len(self._log) > 1:
            self._log = [pl.concat(self._log, rechunk=True)]
        return self._log[0] if self._log else _NO_FACTS
