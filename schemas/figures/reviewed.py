"""How right alerts were, by the labels that reviewers gave their networks."""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.values import Count, Unit


class ShareWithInterval(msgspec.Struct, frozen=True, kw_only=True):
    """A share of some networks, and how sure it is."""

    networks: Annotated[Count, Meta(description="Networks that it is a share of.")]
    right: Annotated[Count, Meta(description="Those of them that count.")]
    share: Annotated[Unit | None, Meta(description="`right` divided by `networks`; null: there are none.")]
    low: Annotated[
        Unit, Meta(description="Lower end of its 95% interval (Clopper-Pearson); 0 for no networks.")
    ]
    high: Annotated[Unit, Meta(description="Upper end of its 95% interval; 1 for no networks.")]


class ReviewedFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Precision by reviewed labels. Networks that nobody labelled are in none of these figures."""

    labelled: Annotated[
        dict[str, int],
        Meta(description="Networks with a label, by label; `disputed` where reviewers disagree."),
    ]
    awaiting_second: Annotated[
        Count,
        Meta(
            description="Of these, those that one reviewer confirmed and that await a second; they count as well."
        ),
    ]
    unknown: Annotated[Count, Meta(description="Labelled networks that are not among these alerts.")]
    unlabelled: Annotated[Count, Meta(description="Networks of these alerts that nobody labelled.")]
    coordinated: Annotated[
        ShareWithInterval,
        Meta(
            description="Of networks with a decided label: those labelled `confirmed_inauthentic`, "
            "`coordinated_authentic` or `benign_automation`, which do act together."
        ),
    ]
    inauthentic: Annotated[
        ShareWithInterval,
        Meta(description="Of networks with a decided label: those labelled `confirmed_inauthentic`."),
    ]
    inauthentic_of_suspected: Annotated[
        ShareWithInterval,
        Meta(
            description="Of networks with a decided label that are suspected covert: those labelled "
            "`confirmed_inauthentic`."
        ),
    ]
