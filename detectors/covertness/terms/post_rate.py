"""What the terms that count posts have in common: members' posts of one kind against those of ordinary accounts."""

from typing import Any

from detectors.arrays.dtypes import I32
from detectors.attribution.fact_store import RateFinding
from detectors.attribution.facts import Fact
from detectors.covertness import words
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.terms.term import (
    NO_REGISTRY,
    Answer,
    EvidenceSource,
    Measurement,
    NotAssessed,
    Sample,
    Subject,
    TermResult,
    strength,
)
from detectors.reference.registry import Registry
from schemas.evidence import EntityTie

_LEAST_POSTS = 5
"""Posts of all members together below which what they publish is not assessed.

Chosen like the least posts for obscurity (`detectors.engagement.obscurity`): so few posts show no habit. Not measured.
"""
_SOME = 0.5
"""Such posts of ordinary accounts from which it says something that the members have none: half or more is rather one
than none."""


class PostRateTerm:
    """A term that counts posts of one kind. A subclass names the kind and describes such posts."""

    name: str
    source = EvidenceSource.CONTENT
    when_strong: str
    when_absent: str
    fact: Fact

    def posts_that(self, finding: RateFinding, registry: Registry) -> str:
        """Completes "24 of 96 posts ...", for example "link to sites of Norte House"."""
        raise NotImplementedError

    def finding(self, subject: Subject) -> RateFinding:
        """The members' posts of this kind against the baseline."""
        return subject.observations.facts.finding(self.fact, *rate_arguments(subject, self.fact))

    def further(self, finding: RateFinding, registry: Registry) -> str:
        """A further sentence for the summary; empty by default."""
        return ""

    def has_evidence(self, members: I32, observations: AccountObservations) -> bool:
        """Whether members ever wrote such a post."""
        return bool(observations.facts.counts_of(members)[self.fact].any())

    def assess(self, subject: Subject) -> Answer:
        """Assess the rate of such posts."""
        if not len(subject.registry):
            return NotAssessed(NO_REGISTRY)
        if int(subject.accounts.posts[subject.not_open].sum()) < _LEAST_POSTS:
            return NotAssessed(f"what they publish (fewer than {_LEAST_POSTS} posts)")
        finding = self.finding(subject)
        summary = self._summary(finding, subject.registry)
        if not finding.observed:
            return TermResult(strength(finding.p), finding.p, summary, seen=False)
        measurement = Measurement(
            self.name,
            finding.observed,
            finding.expected,
            finding.posts,
            finding.p,
            strength(finding.p),
            summary,
        )
        return TermResult(
            strength(finding.p),
            finding.p,
            summary,
            seen=True,
            measurements=(measurement,),
            samples=_samples(finding, subject.registry),
        )

    def _summary(self, finding: RateFinding, registry: Registry) -> str:
        """The finding in a sentence or two. That there is none is said in short, unless ordinary accounts have some."""
        observed = f"{finding.observed:,}" if finding.observed else "None"
        said = f"{observed} of {words.plural(finding.posts, 'post')} {self.posts_that(finding, registry)}"
        if finding.observed or finding.expected >= _SOME:
            said += f"; of as many posts by ordinary accounts, {words.number(finding.expected)} would"
        return f"{said}. {self.further(finding, registry)}".rstrip()


def rate_arguments(subject: Subject, fact: Fact) -> tuple[Any, ...]:
    """Members, posts by account, the rate of ordinary accounts, and who these are: arguments of a rate finding."""
    baseline = subject.baseline
    posts = subject.accounts.posts[: len(baseline.ordinary)]
    return subject.not_open, posts, baseline.sums[fact], baseline.ordinary


def _samples(finding: RateFinding, registry: Registry) -> tuple[Sample, ...]:
    """The latest of these posts."""
    expected = finding.expected / max(finding.posts, 1)
    return tuple(
        Sample(
            row["account"],
            _object(row, registry),
            row["time"],
            expected,
            row["post_id"],
            _entity(row, registry),
        )
        for row in finding.samples.iter_rows(named=True)
    )


def _entity(fact: dict[str, Any], registry: Registry) -> EntityTie:
    """Whose post, handle or site it is and, for a copy, the original."""
    entity = registry.entities[fact["entity"]]
    return EntityTie(
        entity_id=entity.entity_id,
        name=entity.name,
        kind=entity.kind,
        account_id=fact["origin_account"],
        post_id=fact["origin"],
        text=fact["origin_text"],
        permalink=fact["origin_link"],
        published_at=None if fact["origin_time"] is None else words.utc(fact["origin_time"]),
    )


def _object(fact: dict[str, Any], registry: Registry) -> str:
    """What the member wrote or reposted, whose it is and, for a copy, the post that was copied."""
    act = f"repost of post {fact['detail']}" if fact["kind"] == Fact.PASSED_ON else fact["detail"]
    original = f", post {fact['origin']}" if fact["origin"] else ""
    return f"{act} [{registry.relation(fact['entity'])}{original}]"
