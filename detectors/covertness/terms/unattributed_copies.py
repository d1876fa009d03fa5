"""Posts that nearly repeat a registry entity's post or article and do not say so."""

from detectors.attribution.fact_store import RateFinding
from detectors.attribution.facts import Fact
from detectors.covertness import words
from detectors.covertness.terms.post_rate import PostRateTerm
from detectors.reference.registry import Registry


class UnattributedCopies(PostRateTerm):
    """Near-copies without a mention, link or credit (`detectors.attribution.crediting`)."""

    name = "unattributed_copies"
    fact = Fact.COPY
    when_strong = "repeat a registry entity's content without credit"
    when_absent = "uncredited copies"

    def posts_that(self, finding: RateFinding, registry: Registry) -> str:
        """Whose posts they repeat."""
        owners = words.entities(registry, finding.entities) or "a registry entity"
        return f"nearly repeat {owners} without credit"
