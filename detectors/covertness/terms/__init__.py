"""Context terms: the named reasons to suspect a network, one file each.

The assessment asks each term of `TERMS` about the members of a network, in this order. A term answers with a chance or
a value, one sentence, measurements for the alert's signals and samples for its evidence. `term.py` holds the
interface; `post_rate.py` holds what the terms that count posts have in common. How to add one:
`docs/add-a-context-term.md`.
"""

from detectors.covertness.terms.amplified_copies import AmplifiedCopies
from detectors.covertness.terms.hidden_mentions import HiddenMentions
from detectors.covertness.terms.registry_followers import RegistryFollowers
from detectors.covertness.terms.shared_infrastructure import SharedInfrastructure
from detectors.covertness.terms.term import ContextTerm
from detectors.covertness.terms.unattributed_copies import UnattributedCopies
from detectors.covertness.terms.unlabelled_affiliates import UnlabelledAffiliates

TERMS: tuple[ContextTerm, ...] = (
    UnattributedCopies(),
    HiddenMentions(),
    SharedInfrastructure(),
    AmplifiedCopies(),
    RegistryFollowers(),
    UnlabelledAffiliates(),
)
"""All terms, in the order in which alerts list them."""
