"""Members that belong to companies or affiliates of the registry, with profiles that do not show it."""

from detectors.arrays.dtypes import I32
from detectors.covertness import words
from detectors.covertness.account_observations import AccountObservations
from detectors.covertness.terms.term import Answer, EvidenceSource, NotAssessed, Subject, TermResult
from detectors.reference.registry import NO_ENTITY


class UnlabelledAffiliates:
    """The share of such members (`detectors.reference.affiliation`). The registry states it, so there is no chance."""

    name = "unlabelled_affiliates"
    source = EvidenceSource.TIES
    when_strong = "belong in part to companies or affiliates of the registry without showing it"
    when_absent = "unlabelled affiliates"

    def assess(self, subject: Subject) -> Answer:
        """Count them. The registry can show a tie but cannot rule one out, so none found says nothing."""
        affiliation = subject.affiliation
        hidden = affiliation.unlabelled & ~subject.is_open
        if not hidden.any():
            return NotAssessed(None)
        ties = list(dict.fromkeys(affiliation.tie[affiliation.tie != NO_ENTITY].tolist()))
        summary = (
            f"The registry ties {int(hidden.sum())} of {words.plural(len(subject.members), 'member')} to "
            f"{words.entities(subject.registry, ties)}; their profiles do not show it. "
            + words.paths(subject.registry, ties)
        ).strip()
        return TermResult(float(hidden.mean()), None, summary, seen=True)

    def has_evidence(self, members: I32, observations: AccountObservations) -> bool:
        """Whether a member is in the registry. Ties by links are evidence of shared infrastructure already."""
        return observations.any_in_registry(members)
