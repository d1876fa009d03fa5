"""Posts that name a registry entity's handle so that no link arises: `Twitter •mundo_china`."""

from detectors.attribution.fact_store import RateFinding
from detectors.attribution.facts import Fact
from detectors.covertness import words
from detectors.covertness.terms.post_rate import PostRateTerm
from detectors.reference.registry import Registry


class HiddenMentions(PostRateTerm):
    """Handles that the platform does not link (`detectors.attribution.hidden_mentions`)."""

    name = "hidden_mentions"
    fact = Fact.HIDDEN_MENTION
    when_strong = "name its handle so that no link arises"
    when_absent = "hidden mentions"

    def posts_that(self, finding: RateFinding, registry: Registry) -> str:
        """Whose handle they name."""
        owners = words.entities(registry, finding.entities) or "a registry entity"
        return f"contain a hidden mention of {owners}"
