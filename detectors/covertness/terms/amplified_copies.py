"""Reposts of uncredited copies that reach far beyond their authors' followers."""

from detectors.arrays.dtypes import I32
from detectors.attribution.amplification import amplification
from detectors.attribution.fact_store import RateFinding
from detectors.attribution.facts import Fact
from detectors.covertness import words
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.terms.post_rate import PostRateTerm, rate_arguments
from detectors.covertness.terms.term import Subject
from detectors.reference.registry import Registry


class AmplifiedCopies(PostRateTerm):
    """Reposts that the readers of an author do not explain (`detectors.attribution.amplification`)."""

    name = "amplified_copies"
    fact = Fact.PASSED_ON
    when_strong = (
        "repost uncredited copies of a registry entity's content far beyond their authors' followers"
    )
    when_absent = "amplified copies"

    def finding(self, subject: Subject) -> RateFinding:
        """Only reposts beyond the author's followers count."""
        return amplification(subject.observations.amplified, *rate_arguments(subject, self.fact))

    def posts_that(self, finding: RateFinding, registry: Registry) -> str:
        """Whose content they repost."""
        owners = words.entities(registry, finding.entities) or "a registry entity"
        return (
            f"repost an uncredited copy of {owners} whose author has at most two followers for each account that "
            "reposts it"
        )

    def has_evidence(self, members: I32, observations: AccountObservations) -> bool:
        """Never: which reposts count is known at the end of each day only, and changes with the other members."""
        return False
