"""The figures of a backtest: how alerts compare with labels, and what detection finds where nobody acts together."""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.figures.reviewed import ReviewedFigures
from schemas.values import Count, Expectation, Name, Unit


class AccountFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Precision and recall of labelled accounts; those without a label are left out of every figure."""

    precision: Annotated[
        Unit | None, Meta(description="Share of the accounts found that are positive; null: none was found.")
    ]
    recall: Annotated[Unit, Meta(description="Share of the positive accounts that are found.")]
    f1: Annotated[Unit | None, Meta(description="Harmonic mean of both; null: no account was found.")]
    average_precision: Annotated[
        Unit, Meta(description="Area under the step curve of precision over recall, all accounts ranked.")
    ]
    labelled: Annotated[Count, Meta(description="Accounts with a label.")]
    positive: Annotated[Count, Meta(description="Of those, accounts that should be found.")]
    found: Annotated[Count, Meta(description="Labelled accounts found, positive or not.")]
    without_posts: Annotated[
        Count,
        Meta(description="Labelled accounts without a post in the data; they count as not found."),
    ]


class NetworkFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How well networks and labels agree."""

    count: Annotated[Count, Meta(description="Networks that did not merge into others.")]
    purity: Annotated[
        Unit | None,
        Meta(
            description="Share of labelled members that have the most frequent label of their network; "
            "null: there are none."
        ),
    ]
    labelled_accounts: Annotated[Count, Meta(description="Labelled accounts in them.")]


class SuspectedFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Precision and recall of suspected networks. Without a registry, no network can be suspected."""

    networks: Annotated[
        Count,
        Meta(description="Networks whose last alert suspects them of being covert: severity above info."),
    ]
    accounts: Annotated[Count, Meta(description="Labelled accounts in them.")]
    precision: Annotated[
        Unit | None, Meta(description="Share of these that are positive; null: no account is suspected.")
    ]
    recall: Annotated[Unit, Meta(description="Share of the positive accounts that are suspected.")]


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of event time; null when no positive account was found."""

    p50: Annotated[float | None, Meta(description="Half of the accounts took at most so long.")]
    p90: Annotated[float | None, Meta(description="Nine in ten took at most so long.")]


class FoundCount(msgspec.Struct, frozen=True, kw_only=True):
    """What detection found in one body of posts."""

    networks: Annotated[Count, Meta(description="Networks at the end, without those merged into others.")]
    accounts: Annotated[Count, Meta(description="Accounts in their last alerts, each once.")]


class ChanceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What detection finds in copies of the data from which acting together was taken out: `--check-by-chance`."""

    in_the_data: Annotated[FoundCount, Meta(description="What was found in the data themselves.")]
    in_copies: Annotated[
        list[FoundCount], Meta(description="What was found in each copy, in the order of their numbers.")
    ]
    networks: Annotated[Expectation, Meta(description="Mean number of networks found in a copy.")]
    accounts: Annotated[Expectation, Meta(description="Mean number of accounts found in a copy.")]
    account_share: Annotated[
        Expectation | None,
        Meta(
            description="Mean number of accounts found in a copy, divided by the number found in the data; "
            "null: none was found in the data."
        ),
    ]
    exchanged_posts: Annotated[
        Count,
        Meta(description="Reposts whose accounts are exchanged with others of the same author and day."),
    ]
    moved_posts: Annotated[
        Count, Meta(description="All other posts, each moved by 30 to 120 minutes, forward or back.")
    ]
    seed: Annotated[
        int, Meta(description="Seed of the copies, the setting `seed`: the same seed gives the same copies.")
    ]


class BacktestFigures(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `lockstep backtest --json` writes. All times are event times unless a field says otherwise."""

    accounts: Annotated[AccountFigures, Meta(description="Precision and recall of accounts.")]
    networks: Annotated[NetworkFigures, Meta(description="How well networks and labels agree.")]
    suspected: Annotated[SuspectedFigures, Meta(description="Precision and recall of suspected networks.")]
    time_to_detection_s: Annotated[
        Quantiles,
        Meta(
            description="Of positive accounts that were ever members: from their first post to the first alert "
            "that names them, seconds."
        ),
    ]
    first_detection_s: Annotated[
        float | None,
        Meta(
            description="From the first post of the data to the first alert of a network whose labelled members are "
            "mostly positive, seconds; null: there was none."
        ),
    ]
    alerts: Annotated[Count, Meta(description="Alerts raised: all revisions of all networks.")]
    posts: Annotated[Count, Meta(description="Posts used.")]
    dead_letters: Annotated[Count, Meta(description="Rows set aside.")]
    seconds: Annotated[
        Expectation,
        Meta(description="Wall-clock time of reading and detection, without the check by chance, seconds."),
    ]
    by_chance: Annotated[
        ChanceFigures | None, Meta(description="With `--check-by-chance`: what chance and interest made.")
    ] = None
    reviewed: Annotated[
        ReviewedFigures | None,
        Meta(description="With `--reviews`: precision of the networks that reviewers labelled."),
    ] = None
    config_hash: Annotated[Name, Meta(description="Hash of the settings that bear on detection.")]
    code_version: Annotated[Name, Meta(description="Version of Lockstep.")]
