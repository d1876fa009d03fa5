"""Plain words for a network's context: each term with what was seen and what ordinary accounts would give."""

from detectors.attribution.fact_store import RateFinding
from detectors.engagement.obscurity import NetworkObscurity
from detectors.followers.follower_overlap import Enrichment
from detectors.reference.registry import Registry

_MOST_NAMED = 3


def obscurity(found: NetworkObscurity, members: int) -> str:
    """Followers and reactions against accounts that post as much."""
    parts = []
    if found.followers_median is not None and found.followers_peer_median is not None:
        parts.append(
            f"half of the members have {number(found.followers_median)} followers or fewer, where accounts that post "
            f"as much have {number(found.followers_peer_median)}"
        )
    if found.reactions_per_post is not None and found.peer_reactions_per_post is not None:
        parts.append(
            f"their posts get {number(found.reactions_per_post)} reactions each, where those of such accounts get "
            f"{number(found.peer_reactions_per_post)}"
        )
    what = "; ".join(parts) or "followers and reactions are known of too few accounts to compare"
    known = f" (known of {found.known_members} of {members})" if found.known_members < members else ""
    return f"{what[0].upper()}{what[1:]}{known}."


def registry_followers(found: Enrichment, registry: Registry, followers: tuple[int, ...]) -> str:
    """Who of the registry follows members."""
    who = named(registry, followers)
    verb = "follows" if found.distinct == 1 else "follow"
    if not found.observed:
        return f"No account of the registry is seen to follow a member, where {number(found.expected)} would by chance."
    return (
        f"{plural(found.distinct, 'account')} of the registry ({who}) {verb} "
        f"members, {plural(found.observed, 'follow')} in all, where accounts of their size would have "
        f"{number(found.expected)}."
    )


def shared_followers(pairs: int, shared: int, expected: float) -> str:
    """Members that the same accounts of the registry follow."""
    return (
        f"{plural(pairs, 'pair')} of members {'shares' if pairs == 1 else 'share'} {plural(shared, 'follower')} of the "
        f"registry, where {number(expected)} would be by chance."
    )


def copies(found: RateFinding, registry: Registry) -> str:
    """Unattributed copies as a share of the output."""
    return _share(
        found,
        f"nearly repeat an earlier post or article of {named(registry, found.entities) or 'a registry entity'} "
        "without a mention, link or credit",
    )


def amplified(found: RateFinding, registry: Registry) -> str:
    """Reposts of copies that their author's followers do not account for."""
    return _share(
        found,
        f"pass on a copy of {named(registry, found.entities) or 'a registry entity'} without credit whose author has "
        "less than two followers for each account that passed it on",
    )


def hidden_mentions(found: RateFinding, registry: Registry) -> str:
    """Handles written so that the platform does not link them."""
    return _share(
        found,
        f"name the handle of {named(registry, found.entities) or 'a registry entity'} in a way that the platform does "
        "not link",
    )


def infrastructure(found: RateFinding, registry: Registry) -> str:
    """Links into domains of companies and affiliates, and where these meet."""
    said = _share(
        found,
        f"link to sites of {named(registry, found.entities) or 'companies or affiliates of the registry'}",
    )
    if len(found.entities) > 1:
        meeting = registry.lowest_common_ancestor(found.entities)
        if meeting >= 0:
            said += f" By the registry these owners meet in {registry.title(meeting)}."
    return said


def rhythm(pairs: int, observed: int, expected: float) -> str:
    """Pairs that post in the same minutes."""
    return (
        f"{plural(pairs, 'pair')} of members posted in the same minute {observed:,} times, half an hour or more apart, "
        f"where their habits would give {number(expected)}."
    )


def paths(registry: Registry, entities: tuple[int, ...]) -> str:
    """How entities hang together, by the registry."""
    told = [registry.relation(at) for at in entities[:_MOST_NAMED] if len(registry.path(at)) > 1]
    return f"By the registry: {'; '.join(told)}." if told else ""


def named(registry: Registry, entities: tuple[int, ...]) -> str:
    """The first few entities by name."""
    names = [registry.entities[at].name for at in entities[:_MOST_NAMED]]
    more = len(entities) - len(names)
    if more > 0:
        names.append(f"{more} more")
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def number(value: float) -> str:
    """A count or a mean as a reader wants it."""
    if value >= 10 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}" if value >= 0.01 else "less than 0.01"


def plural(count: int, noun: str) -> str:
    """`1 account`, `2 accounts`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def chance(p: float) -> str:
    """A chance as `1 in N`."""
    return f"1 in {1 / p:,.0f}" if p > 1e-9 else "less than 1 in a billion"


def _share(found: RateFinding, what: str) -> str:
    share = found.observed / found.posts if found.posts else 0.0
    return (
        f"{found.observed:,} of the members' {found.posts:,} posts ({share:.0%}) {what}; ordinary accounts would have "
        f"{number(found.expected)} among as many."
    )
