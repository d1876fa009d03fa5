"""The ways of hiding: what changes along each curve, while everything else stays at the common setting."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from streams.simulation.planting.stealth import Style

COMMON = Style(
    operations=12, jitter_s=60, participation=0.8, copied=1.0, edits=0.03, tagged=0.0, borrowed=0.25, reposted=0.25,
    own_posts=20,
)  # fmt: skip
"""How the operations act where a curve does not say otherwise."""
SIZE = 20
"""Accounts of an operation."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is planted at one point of a curve."""

    style: Style = COMMON
    size: int = SIZE
    operations: int = 2
    """Separate groups, each of `size` accounts."""
    accounts: int = 2_000
    """All accounts of the world."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One way of hiding."""

    title: str
    unit: str
    """What the numbers of its points are."""
    points: Mapping[float, Setting]


def _styled(field: str, *values: float, **others: object) -> dict[float, Setting]:
    common = replace(COMMON, **others)  # type: ignore[arg-type] # fields by name
    return {value: Setting(replace(common, **{field: value})) for value in values}  # type: ignore[arg-type] # fields by name


_ALONE = {"borrowed": 0.0, "reposted": 0.0, "own_links": True}
"""Texts are all that the accounts have in common: each links its own site."""

CURVES: Mapping[str, Curve] = {
    "jitter": Curve(
        "Later posts", "mean delay, minutes",
        {minutes: Setting(replace(COMMON, jitter_s=minutes * 60)) for minutes in (0.2, 1, 5, 20, 60, 180)},
    ),
    "paraphrase": Curve(
        "Paraphrase", "share of words replaced, texts only", _styled("edits", 0.0, 0.1, 0.2, 0.3, 0.4, 0.6, **_ALONE)
    ),
    "own posts": Curve(
        "Dilution by own posts", "own posts of a member a week",
        {posts: Setting(replace(COMMON, own_posts=int(posts))) for posts in (0, 20, 60, 150, 400)},
    ),
    "subsets": Curve(
        "Rotating subsets", "share of the members that take part; each member acts as often",
        {
            share: Setting(replace(COMMON, participation=share, operations=round(9.6 / share)))
            for share in (0.8, 0.5, 0.3, 0.2, 0.1)
        },
    ),
    "share": Curve(
        "Share of the stream", "share of all accounts that belong to one operation",
        {
            share: Setting(COMMON, round(400 * share), 1, 400)
            for share in (0.05, 0.2, 0.4, 0.6, 0.8)
        },
    ),
}  # fmt: skip
"""By the name that `--curves` takes."""
