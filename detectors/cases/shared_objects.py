"""What networks share with one another: objects on which hardly anyone else is.

Two networks of strangers meet on popular objects, so a popular object must say nothing. The weight of an object for two
networks is the share of the accounts on it that are their members:

    weight = (members of both on the object / all accounts on it) x independent share

The second factor is there because one joint post can have a link, a text and tags. Together they weigh as one. Accounts
on an object are those with a co-share of it in the pair evidence, members or not. An object of two members that nobody
else shared weighs 1; breaking news with 5,000 accounts weighs next to nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from detectors.arrays.dtypes import I32, U64, StructArray
from detectors.arrays.pair_keys import numbers_of

LEAST_SHARED = 3.0
"""Least weight of the objects that two networks share: three joint posts on which nobody else is. Chosen: one more than
a pair needs to pass the gate (`gate.min_objects`)."""
_MOST_NETWORKS = 20
"""Networks on an object above which no two of them are compared for it: then none has much of it, and the pairs to
compare grow with the square. Chosen, not measured."""


class SharedObjects(NamedTuple):
    """What two networks share, by weight."""

    first: int
    """Number of a network."""
    second: int
    """Number of the other; it is greater."""
    common: int
    """Objects that both have."""
    shared: float
    """Weight of the objects that both have."""
    least: float
    """Weight of all objects of the one that has less."""
    either: float
    """Weight of the objects that any of the two has."""


def shared_objects(rows: StructArray, keys: U64, network_of: I32) -> Iterator[SharedObjects]:
    """Compare all networks that have `LEAST_SHARED` objects in common.

    Args:
        rows: pair evidence, records of `detectors.evidence.pair_table.ROWS`.
        keys: uint64, the two account numbers of each pair.
        network_of: int32, network number of each account, -1 for none.

    Yields:
        Pairs of networks, ascending.
    """
    first, second = numbers_of(keys)
    networks = np.where(network_of[first] == network_of[second], network_of[first], -1)
    within = np.flatnonzero(networks[rows["pair"]] >= 0)
    if not len(within):
        return
    inside = _shares(rows[within], first, second).with_columns(
        pl.Series("network", np.tile(networks[rows["pair"][within]], 2))
    )
    on = inside.group_by("network", "object").agg(pl.col("account").n_unique().alias("members"))
    common = on.filter(pl.len().over("object").is_between(2, _MOST_NETWORKS)).select("network", "object")
    both = common.join(common, on="object", suffix="_other").filter(
        pl.col("network") < pl.col("network_other")
    )
    pairs = both.group_by("network", "network_other").len().filter(pl.col("len") >= LEAST_SHARED)
    if not len(pairs):
        return
    concerned = pl.concat([pairs["network"], pairs["network_other"]]).unique()
    on = on.filter(pl.col("network").is_in(concerned.implode()))
    on = on.join(_weights(rows, inside, on["object"].unique(), first, second), on="object")
    of_network = {network: frame for (network,), frame in on.partition_by("network", as_dict=True).items()}
    for network, other, _ in pairs.sort("network", "network_other").iter_rows():
        yield _compared(network, other, of_network[network], of_network[other])


def _compared(network: int, other: int, one: pl.DataFrame, two: pl.DataFrame) -> SharedObjects:
    """Two networks, given what each has: columns object, members, accounts, independent."""
    merged = one.join(two.select("object", pl.col("members").alias("others")), on="object", how="left")
    of_one = merged.with_columns(
        _weight(pl.col("members") + pl.col("others").fill_null(0)).alias("weight")
    ).sort("object")
    common = of_one.filter(pl.col("others").is_not_null())
    shared = float(common["weight"].sum())
    only_two = two.join(one.select("object"), on="object", how="anti").sort("object")
    weight_two = shared + float(only_two.select(_weight(pl.col("members")).alias("weight"))["weight"].sum())
    weight_one = float(of_one["weight"].sum())
    return SharedObjects(
        network,
        other,
        len(common),
        shared,
        min(weight_one, weight_two),
        weight_one + weight_two - shared,
    )


def _weight(members: pl.Expr) -> pl.Expr:
    return (members / pl.col("accounts")).clip(0.0, 1.0) * pl.col("independent")


def _weights(
    rows: StructArray, inside: pl.DataFrame, objects: pl.Series, first: I32, second: I32
) -> pl.DataFrame:
    """All accounts on each object, and the share of its co-shares within networks that is independent."""
    wanted = np.sort(objects.to_numpy())
    place = np.minimum(np.searchsorted(wanted, rows["object"]), len(wanted) - 1)
    everyone = _shares(rows[wanted[place] == rows["object"]], first, second)
    accounts = everyone.group_by("object").agg(pl.col("account").n_unique().alias("accounts"))
    return accounts.join(inside.group_by("object").agg(pl.col("independent").mean()), on="object")


def _shares(rows: StructArray, first: I32, second: I32) -> pl.DataFrame:
    """Both accounts of each row: columns object, account, independent; the first accounts, then the second."""
    return pl.DataFrame(
        {
            "object": np.tile(rows["object"], 2),
            "account": np.concatenate([first[rows["pair"]], second[rows["pair"]]]),
            "independent": np.tile(rows["independent"], 2).astype(np.float64),
        }
    )
