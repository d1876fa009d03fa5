"""Steps that an alert suggests: all of them reversible, none of them carried out by the program."""

from detectors.covertness.covertness import Covertness
from schemas.alerts import Action, SuggestedAction, Suppression

_WEEK_H = 7 * 24
"""After a week a review that did not happen is asked for by a newer revision."""
_MONTH_H = 30 * 24
_TIES = {"registry_followers", "unlabelled_affiliates"}
"""Terms that tie members to an entity in a way that a label can state."""


def suggested_actions(covert: Covertness, muted: Suppression | None) -> list[SuggestedAction]:
    """Steps for a person to consider; none for a muted network."""
    if muted is not None:
        return []
    actions = [
        _action(
            Action.REVIEW,
            _WEEK_H,
            "A person should check the evidence, and first look for an open reason to act together.",
        )
    ]
    if covert.suspected:
        actions.append(
            _action(
                Action.WATCH,
                _MONTH_H,
                "What the members do next, and who follows them, can strengthen or clear the suspicion.",
            )
        )
    if _TIES.intersection(covert.strong):
        actions.append(
            _action(
                Action.LABEL,
                _MONTH_H,
                "If a review confirms a tie to a registry entity, a label can show readers what the profile does not.",
            )
        )
    return actions


def _action(action: Action, hours: int, rationale: str) -> SuggestedAction:
    return SuggestedAction(action=action, reversible=True, expires_in_h=hours, rationale=rationale)
