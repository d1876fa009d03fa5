"""The profile of each account at the start of a world: names, creation time, followers, labels."""

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, Bools
from streams.simulation.background.cast import Cast, ShownProfile
from streams.simulation.background.names import handles, public_ids, titles
from streams.simulation.background.people import DAY
from streams.simulation.background.world_log import START
from streams.simulation.records.rendering import Names

_UNKNOWN = 0.1
"""Share of accounts whose profile does not show the number of followers."""
_FEWEST_OF_POPULAR = 50_000


def profiles(cast: Cast, rng: np.random.Generator) -> pl.DataFrame:
    """Draw the profile of every account; for accounts with a role the cast sets a part of it.

    Returns:
        One row for each account, by number: the columns of an account profile except `followers_count`, and `counts`
        (whether the profile shows that number).
    """
    people = cast.people
    size = len(people)
    shown_profiles = [cast.profiles.get(who, _ORDINARY) for who in range(size)]
    names = titles(rng, size)
    called = handles(names, rng)
    created = -(rng.uniform(30, 4_700, size) * DAY).astype(np.int64)
    visits = np.array(people.group) == "one-day"
    created[visits] = people.begins_s[visits] - rng.integers(60, 20 * DAY, int(visits.sum()))
    popular = (people.audience >= _FEWEST_OF_POPULAR) & (rng.random(size) < 0.6)
    counts = rng.random(size) >= _UNKNOWN
    counts[sorted(cast.followers_known)] = True
    ids = public_ids(np.arange(size), cast.seed)
    web = [profile.platform != "x" for profile in shown_profiles]
    counts &= ~np.array(web)
    born = np.array(
        [
            drawn if profile.created_s is None else profile.created_s
            for drawn, profile in zip(created, shown_profiles, strict=True)
        ]
    )
    return pl.DataFrame(
        {
            "platform": [profile.platform for profile in shown_profiles],
            "account_id": [
                profile.account_id or given for profile, given in zip(shown_profiles, ids, strict=True)
            ],
            "handle": [
                None if on_web else profile.handle or given
                for profile, given, on_web in zip(shown_profiles, called, web, strict=True)
            ],
            "display_name": [
                profile.display_name or given for profile, given in zip(shown_profiles, names, strict=True)
            ],
            "description": [profile.description for profile in shown_profiles],
            "following_count": pl.Series(people.following).zip_with(~pl.Series(web), _NO_COUNT),
            "created_at": born + START,
            "verified": [
                None if on_web else bool(profile.verified if profile.verified is not None else given)
                for profile, given, on_web in zip(shown_profiles, popular.tolist(), web, strict=True)
            ],
            "platform_label": [profile.platform_label for profile in shown_profiles],
            "observed_at": np.maximum(born, 0) + START,
            "counts": counts,
        },
        schema_overrides={"description": pl.String, "platform_label": pl.String},
    )


def names_of(table: pl.DataFrame) -> Names:
    """The names in profiles, for posts; a site is mentioned by its domain."""
    handle = table.select(pl.coalesce("handle", "account_id"))["handle"]
    return Names(table["platform"], table["account_id"], handle)


def with_followers(table: pl.DataFrame, followers: I64) -> pl.DataFrame:
    """Profiles for writing, with the followers at the start where the profile shows them."""
    is_shown: Bools = table["counts"].to_numpy()
    count = pl.Series("followers_count", np.maximum(followers, 0)).zip_with(pl.Series(is_shown), _NO_COUNT)
    columns = [name for name in table.columns if name != "counts"]
    return table.select(columns).insert_column(columns.index("following_count"), count)


_ORDINARY = ShownProfile()
_NO_COUNT = pl.Series([None], dtype=pl.Int64)
