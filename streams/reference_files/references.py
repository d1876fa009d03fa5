"""What a run is given beside posts: registry, profiles, follow events and reviewers' rules, read before the posts."""

from dataclasses import dataclass, field

import polars as pl

from detectors.followers.follow_edges import FollowEvents
from detectors.reference.reference_data import PROFILES, ReferenceData
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.follow_events import read_follows
from streams.reference_files.profiles import read_profiles
from streams.reference_files.registry_file import read_registry
from streams.reference_files.suppressions import read_suppressions


@dataclass(frozen=True, slots=True)
class References:
    """Reference data and follow events."""

    reference_data: ReferenceData = field(default_factory=ReferenceData)
    follows: FollowEvents | None = None


def read_references(
    registry: str | None,
    accounts: str | None,
    follows: str | None,
    suppressions: str | None,
    dead_letters: DeadLetterLog,
) -> References:
    """Read the files that were named; None: there is none.

    Raises:
        InputError: a file cannot be read, or is not what it was said to be.
    """
    # the registry first: its faults show at once, and a follow file may be large
    known = read_registry(registry) if registry is not None else None
    rules = read_suppressions(suppressions) if suppressions is not None else []
    profiles = (
        read_profiles(accounts, dead_letters) if accounts is not None else pl.DataFrame(schema=PROFILES)
    )
    events = read_follows(follows, dead_letters) if follows is not None else None
    return References(ReferenceData(known, profiles, rules), events)
