"""What an observer reads of each account at the start of a world: names, age, followers, labels."""

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I64, Bools
from streams.simulation.background.book import START
from streams.simulation.background.cast import Cast, Shown
from streams.simulation.background.names import handles, public_ids, titles
from streams.simulation.background.people import DAY
from streams.simulation.records.rendering import Names

_UNKNOWN = 0.1
"""Share of accounts of which followers are not told."""
_FEWEST_OF_POPULAR = 50_000


def profiles(cast: Cast, rng: np.random.Generator) -> pl.DataFrame:
    """Settle how everyone appears, with what the cast says of those in a role.

    Returns:
        One row an account, by number: the columns of an account profile but `followers_count`, and `counts`
        (whether it is told).
    """
    people = cast.people
    size = len(people)
    shown = [cast.shown.get(who, _ORDINARY) for who in range(size)]
    names = titles(rng, size)
    called = handles(names, rng)
    created = -(rng.uniform(30, 4_700, size) * DAY).astype(np.int64)
    visits = np.array(people.group) == "one-day"
    created[visits] = people.begins_s[visits] - rng.integers(60, 20 * DAY, int(visits.sum()))
    popular = (people.audience >= _FEWEST_OF_POPULAR) & (rng.random(size) < 0.6)
    counts = rng.random(size) >= _UNKNOWN
    counts[sorted(cast.known)] = True
    ids = public_ids(np.arange(size), cast.seed)
    web = [one.platform != "x" for one in shown]
    counts &= ~np.array(web)
    born = np.array(
        [at if one.created_s is None else one.created_s for at, one in zip(created, shown, strict=True)]
    )
    return pl.DataFrame(
        {
            "platform": [one.platform for one in shown],
            "account_id": [one.account_id or given for one, given in zip(shown, ids, strict=True)],
            "handle": [
                None if on_web else one.handle or given
                for one, given, on_web in zip(shown, called, web, strict=True)
            ],
            "display_name": [one.display_name or given for one, given in zip(shown, names, strict=True)],
            "description": [one.description for one in shown],
            "following_count": pl.Series(people.following).zip_with(~pl.Series(web), _NO_COUNT),
            "created_at": born + START,
            "verified": [
                None if on_web else bool(one.verified if one.verified is not None else given)
                for one, given, on_web in zip(shown, popular.tolist(), web, strict=True)
            ],
            "platform_label": [one.platform_label for one in shown],
            "observed_at": np.maximum(born, 0) + START,
            "counts": counts,
        },
        schema_overrides={"description": pl.String, "platform_label": pl.String},
    )


def names_of(table: pl.DataFrame) -> Names:
    """The names in profiles, as posts need them; a site is mentioned by its domain."""
    handle = table.select(pl.coalesce("handle", "account_id"))["handle"]
    return Names(table["platform"], table["account_id"], handle)


def with_followers(table: pl.DataFrame, followers: I64) -> pl.DataFrame:
    """Profiles as they are written, with the followers at the start where they are told."""
    told: Bools = table["counts"].to_numpy()
    count = pl.Series("followers_count", np.maximum(followers, 0)).zip_with(pl.Series(told), _NO_COUNT)
    columns = [name for name in table.columns if name != "counts"]
    return table.select(columns).insert_column(columns.index("following_count"), count)


_ORDINARY = Shown()
_NO_COUNT = pl.Series([None], dtype=pl.Int64)
