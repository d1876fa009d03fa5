"""Posts that link to sites of companies or affiliates of the registry."""

from detectors.attribution.fact_store import RateFinding
from detectors.attribution.facts import Fact
from detectors.covertness import words
from detectors.covertness.terms.post_rate import PostRateTerm
from detectors.reference.registry import NO_ENTITY, Registry


class SharedInfrastructure(PostRateTerm):
    """Links to sites that do not show who owns them. Links to a state medium's own site name their source."""

    name = "shared_infrastructure"
    fact = Fact.REGISTRY_LINK
    when_strong = "link to sites of registry companies or affiliates"
    when_absent = "links to affiliates' sites"

    def posts_that(self, finding: RateFinding, registry: Registry) -> str:
        """Whose sites they link to."""
        owners = words.entities(registry, finding.entities) or "companies or affiliates of the registry"
        return f"link to sites of {owners}"

    def further(self, finding: RateFinding, registry: Registry) -> str:
        """The owner that several of these sites have in common."""
        owner = registry.lowest_common_ancestor(finding.entities) if len(finding.entities) > 1 else NO_ENTITY
        return (
            "" if owner == NO_ENTITY else f"By the registry, all of these belong to {registry.title(owner)}."
        )
