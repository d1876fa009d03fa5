"""How groups act: four levels of stealth for covert groups, and the styles of open groups."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """How a group acts."""

    operations: int
    """Times a week that members post together; a scenario may multiply it."""
    jitter_s: float
    """Mean delay of a member's post after the start of an operation, seconds."""
    participation: float
    """Probability that a member takes part in an operation."""
    copied: float
    """Probability that a member copies the operation's text; otherwise it uses its own words."""
    edits: float
    """Share of words that differ between copies."""
    tagged: float
    """Share of operations with two new hashtags."""
    borrowed: float = 0.0
    """Share of operations on an article that other people share too."""
    reposted: float = 0.0
    """Share of the other operations in which one member posts and the others repost it."""
    own_links: bool = False
    """Each member links the text on its own site, as newspapers do with an agency's article."""
    own_posts: int = 0
    """Everyday posts a week of each member, as camouflage."""
    registry_followers: int = 0
    """About how many registry accounts follow a member, if any do."""
    half_credits: float = 0.0
    """Share of copies that name the source in a way that the platform does not turn into a mention."""
    registry_links: float = 0.0
    """Share of posts with an own link that leads to a site of a company in the registry."""


STEALTH = (
    Style(12, 10, 0.95, 1.0, 0.0, 0.4, 0.0, 0.25, False, 10, 3, 0.25, 0.5),
    Style(10, 60, 0.8, 0.99, 0.03, 0.4, 0.0, 0.25, False, 20, 3, 0.2, 0.4),
    Style(8, 300, 0.6, 0.93, 0.08, 0.4, 0.5, 0.25, False, 40, 2, 0.15, 0.3),
    Style(6, 1800, 0.4, 0.6, 0.15, 0.4, 0.5, 0.25, False, 60, 1, 0.1, 0.15),
)
"""Stealth 0-3: ever later, fewer and more varied posts; from 2 on, half of them are on what is popular anyway."""

OPEN = {
    "fans": (60, 5, Style(8, 240, 0.5, 0.5, 0.0, 1.0, reposted=0.4)),
    "newsroom": (12, 2, Style(40, 600, 0.6, 0.85, 0.03, 0.1, own_links=True)),
    "company": (5, 5, Style(30, 15, 0.9, 0.9, 0.0, 0.2)),
}
"""Openly coordinated groups: accounts in a group, number of groups, style."""
