"""`lockstep why`: why an account is in a network, what ties two accounts, and what is known if they are in none.

The answers come from the files that a run wrote: alerts, networks, and pairs if they are given. What accounts outside
all networks shared is known from the pairs alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from detectors.covertness.words import plural
from schemas.alerts import Alert
from schemas.errors import InputError, UsageError
from schemas.evidence import Evidence
from schemas.networks import Member, Tie
from streams.exports.alert_files import latest_alerts, with_networks
from streams.outputs.plain_text import plain

_MOST_TIES = 8
"""Ties and pairs listed for an account, the strongest first."""
_MOST_SAMPLES = 5
"""Pieces of evidence listed."""
_PAIRS = {"account_a": pl.String, "account_b": pl.String, "kind": pl.String, "window_s": pl.Int64}
_PAIRS |= {"co_shares": pl.Int64, "expected": pl.Float64, "p_value": pl.Float64, "validated": pl.Boolean}


class _Place(NamedTuple):
    """An account in a network."""

    alert: Alert
    member: Member


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a run, by their paths."""

    alerts: str
    networks: str | None
    pairs: str | None


def why(account: str, other: str | None, files: Files) -> Iterator[str]:
    """The answer, line by line.

    Args:
        account: a handle, an id, or `platform:account_id`.
        other: the second account of a pair; None: the question is about one.
        files: of the run.

    Raises:
        InputError: a file cannot be read.
        UsageError: both names lead to the same account.
    """
    alerts = latest_alerts(files.alerts)
    if files.networks is not None:
        alerts = with_networks(alerts, files.networks)
    pairs = None if files.pairs is None else _read_pairs(files.pairs)
    places = _places(alerts, account)
    keys = _keys(places, account)
    if other is None:
        yield from _about_one(account, keys, places, pairs, has_ties=files.networks is not None)
        return
    others = _places(alerts, other)
    other_keys = _keys(others, other)
    if keys & other_keys:
        raise UsageError(f"{account} and {other} are the same account. Name two accounts, or one.")
    yield from _about_two((account, other), (keys, other_keys), (places, others), pairs)


def _about_one(
    account: str, keys: set[str], places: Sequence[_Place], pairs: pl.DataFrame | None, *, has_ties: bool
) -> Iterator[str]:
    if not places:
        yield f"{plain(account)} is in no network of these alerts."
        yield from _outside(keys, pairs)
        return
    for alert, member in places:
        yield f"{_name(member)} is in {alert.network_id}: {plain(alert.headline)}."
        yield (
            f"  {member.role.value} member, membership {member.membership:.2f}, shared with the network from "
            f"{member.first_seen:%Y-%m-%d %H:%M} to {member.last_seen:%Y-%m-%d %H:%M} UTC"
        )
        ties = _by_partner(member.account_id, alert.ties)
        if ties:
            tied = len({_far_end(tie, member.account_id) for tie in ties})
            yield f"  tied to {tied:,} of {alert.member_count - 1:,} others:"
            yield from (
                f"    {_named(alert, _far_end(tie, member.account_id))}: {_tie(tie)}"
                for tie in ties[:_MOST_TIES]
            )
            if len(ties) > _MOST_TIES:
                yield f"    and {len(ties) - _MOST_TIES:,} weaker ones"
        elif has_ties:
            yield (
                "  no single pair with another member is listed: it belongs here by its co-shares with all members "
                "together"
                + (f", or by one of {alert.ties_left_out:,} ties left out" if alert.ties_left_out else "")
            )
        else:
            yield "  --networks FILE adds which members it is tied to"
        samples = [sample for sample in alert.evidence if member.account_id in sample.account_ids]
        yield from (f"  {line}" for line in _samples(samples))


def _by_partner(account: str, ties: Sequence[Tie]) -> list[Tie]:
    """The ties of an account: its partners by their strongest tie, and of each partner first what has figures."""
    of_partner: dict[str, list[Tie]] = {}
    for tie in ties:
        if account in (tie.account_a, tie.account_b):
            of_partner.setdefault(_far_end(tie, account), []).append(tie)
    return [
        tie for mine in of_partner.values() for tie in sorted(mine, key=lambda tie: tie.co_shares is None)
    ]


def _about_two(
    names: tuple[str, str],
    keys: tuple[set[str], set[str]],
    places: tuple[Sequence[_Place], Sequence[_Place]],
    pairs: pl.DataFrame | None,
) -> Iterator[str]:
    one, other = (plain(name) for name in names)
    first = {place.alert.network_id: place for place in places[0]}
    together = [
        (first[place.alert.network_id], place) for place in places[1] if place.alert.network_id in first
    ]
    for (alert, member), (_, second) in together:
        ends = {member.account_id, second.account_id}
        yield f"{_name(member)} and {_name(second)} are both in {alert.network_id}."
        ties = [tie for tie in alert.ties if {tie.account_a, tie.account_b} == ends]
        yield from (f"  {_tie(tie)}" for tie in ties)
        if not ties:
            yield "  no tie of the two alone is listed: both are tied to the same other members"
        samples = [sample for sample in alert.evidence if ends <= set(sample.account_ids)]
        yield from (f"  {line}" for line in _samples(samples))
    if not together:
        where = [
            f"{name} is in {', '.join(place.alert.network_id for place in found)}"
            if found
            else f"{name} is in none"
            for name, found in zip((one, other), places, strict=True)
        ]
        yield f"{one} and {other} are in no network together: {'; '.join(where)}."
    if pairs is not None:
        row = pl.any_horizontal(_between(keys[0], keys[1]), _between(keys[1], keys[0]))
        yield from _pair_lines(
            pairs.filter(row), pairs, "They share nothing within the windows that counts as evidence."
        )
    elif not together:
        yield "--pairs FILE, which `lockstep replay --pairs FILE` writes, has what they shared all the same."


def _outside(keys: set[str], pairs: pl.DataFrame | None) -> Iterator[str]:
    """What is known of an account outside all networks."""
    if pairs is None:
        yield "Give --pairs FILE, which `lockstep replay --pairs FILE` writes, to see how near it came."
        return
    mine = pairs.filter(pl.col("account_a").is_in(keys) | pl.col("account_b").is_in(keys))
    yield from _pair_lines(
        mine,
        pairs,
        "It has no pair with evidence: it shared no two separate objects with any other account in time.",
    )


def _pair_lines(mine: pl.DataFrame, pairs: pl.DataFrame, none: str) -> Iterator[str]:
    """Pairs against chance, and how far they are from the pairs that passed."""
    if not len(mine):
        yield none
        return
    weakest = (
        pairs.filter("validated")
        .group_by("account_a", "account_b")
        .agg(pl.col("p_value").min())["p_value"]
        .max()
    )
    yield f"Pairs with most evidence ({len(mine):,} rows of the file of pairs):"
    for row in mine.sort("p_value", "account_a", "account_b").head(_MOST_TIES).iter_rows(named=True):
        verdict = "passes the gate" if row["validated"] else _failed_by(row["p_value"], weakest)
        yield (
            f"  {plain(row['account_a'])} and {plain(row['account_b'])}: {plural(row['co_shares'], 'object')} "
            f"({row['kind']}) within {row['window_s']:,} s, by chance {row['expected']:.3g}, "
            f"p {row['p_value']:.2g}: {verdict}"
        )


def _failed_by(p_value: float, weakest: object) -> str:
    if not isinstance(weakest, float):
        return "does not pass the gate; no pair of this run does"
    if p_value > weakest > 0.0:
        times = f"{p_value / weakest:,.0f} times smaller"
        return f"does not pass the gate; the weakest pair that does has p {weakest:.2g}, {times}"
    return "does not pass the gate, which also allows for shared interest and counts separate occasions"


def _read_pairs(path: str) -> pl.DataFrame:
    try:
        table = pl.read_csv(path, schema_overrides=_PAIRS)
        return table.select(*_PAIRS)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path}: is no file of pairs as `lockstep replay --pairs` writes: {reason}"
        ) from error


def _between(keys: set[str], others: set[str]) -> pl.Expr:
    return pl.col("account_a").is_in(keys) & pl.col("account_b").is_in(others)


def _places(alerts: Sequence[Alert], name: str) -> list[_Place]:
    """Where a name leads: as `platform:account_id`, as an id, or as a handle with or without @."""
    bare = name.removeprefix("@").lower()
    return [
        _Place(alert, member)
        for alert in alerts
        for member in alert.members
        if name in (member.account_id, member.account_id.partition(":")[2])
        or bare == (member.handle or "").lower()
    ]


def _keys(places: Sequence[_Place], name: str) -> set[str]:
    """The accounts as the file of pairs may name them."""
    found = {place.member.account_id for place in places} or {name}
    return found | {key.removeprefix("unknown:") for key in found}


def _named(alert: Alert, account: str) -> str:
    handle = next((member.handle for member in alert.members if member.account_id == account), None)
    return plain(f"@{handle} ({account})" if handle else account)


def _name(member: Member) -> str:
    return plain(f"@{member.handle} ({member.account_id})" if member.handle else member.account_id)


def _far_end(tie: Tie, account: str) -> str:
    return tie.account_b if tie.account_a == account else tie.account_a


def _tie(tie: Tie) -> str:
    """A tie in words, against chance."""
    if tie.co_shares is None:
        return f"tied by {tie.kind.replace('_', ' ')}"
    chance = "" if tie.expected is None else f", by chance {tie.expected:.3g}"
    window = "" if tie.window_s is None else f" within {tie.window_s:,} s"
    p = "" if tie.p_value is None else f", p {tie.p_value:.2g}"
    passed = "the pair passes the gate" if tie.validated else "the pair does not pass the gate alone"
    return f"{plural(tie.co_shares, 'object')} ({tie.kind}){window}{chance}{p}: {passed}"


def _samples(samples: Sequence[Evidence]) -> Iterator[str]:
    if samples:
        yield "in the evidence:"
    for sample in samples[:_MOST_SAMPLES]:
        link = f" {plain(sample.permalinks[0])}" if sample.permalinks else ""
        yield (
            f"  {sample.window_start:%Y-%m-%d %H:%M:%S} {sample.kind.replace('_', ' ')}, "
            f"{sample.observed:,.0f} members, by chance {sample.expected:.2g}: {plain(sample.object, 120)}{link}"
        )
    if len(samples) > _MOST_SAMPLES:
        yield f"  and {len(samples) - _MOST_SAMPLES:,} more"
