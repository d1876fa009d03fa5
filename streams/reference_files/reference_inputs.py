"""What a run reads besides posts, and before them: registry, profiles, follow events and reviewers' rules."""

from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from detectors.arrays.hashing import hash_strings
from detectors.followers.follow_edges import FollowEvents
from detectors.reference.reference_data import PROFILES, ReferenceData
from detectors.reference.registry import Registry
from detectors.traces.traces import ACCOUNT_KEYS
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.privacy.records import PseudonymRecords
from streams.reference_files.follow_events import read_follows
from streams.reference_files.profiles import read_profiles
from streams.reference_files.registry_file import read_registry
from streams.reference_files.reviews_file import rules_of_reviews
from streams.reference_files.suppressions import read_suppressions
from streams.settings.options import ReadingOptions


@dataclass(frozen=True, slots=True)
class ReferenceInputs:
    """Reference data and follow events."""

    reference_data: ReferenceData = field(default_factory=ReferenceData)
    follows: FollowEvents | None = None


def read_reference_inputs(
    files: ReadingOptions,
    dead_letters: DeadLetterLog,
    names: PseudonymRecords | None = None,
    erased: Collection[str] = (),
) -> ReferenceInputs:
    """Read the reference files that the options name.

    Args:
        files: of these, `registry`, `accounts`, `follows`, `suppressions` and `reviews`.
        dead_letters: where profiles and follow events go that cannot be used.
        names: puts pseudonyms into all of them; None: names stay.
        erased: accounts whose profiles and follows are left out, as `platform:account_id`.

    Raises:
        InputError: a file cannot be read, or is not what its option says.
    """
    # the registry first: its faults show at once, and a follow file may be large
    registry = read_registry(files.registry) if files.registry is not None else None
    rules = read_suppressions(files.suppressions) if files.suppressions is not None else []
    if files.reviews is not None:
        rules += rules_of_reviews(files.reviews)
    profiles = (
        read_profiles(files.accounts, dead_letters)
        if files.accounts is not None
        else pl.DataFrame(schema=PROFILES)
    )
    if names is not None:
        registry = Registry.of(names.registry(registry.entities)) if registry is not None else None
        rules = [names.rule(rule) for rule in rules]
        profiles = names.profiles(profiles)
    follows = read_follows(files.follows, dead_letters, names) if files.follows is not None else None
    if erased:
        gone = pl.Series(sorted(erased))
        profiles = profiles.filter(~pl.col("account").is_in(gone.implode()))
        follows = None if follows is None else follows.without(hash_strings(gone, ACCOUNT_KEYS))
    return ReferenceInputs(ReferenceData(registry, profiles, rules), follows)
