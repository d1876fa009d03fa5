"""What the check by chance says, in sentences for a reader of the summary and of the report."""

from schemas.figures.backtest import ChanceFigures


def chance_sentences(figures: ChanceFigures) -> list[str]:
    """Say what was found in the copies, what that means for the data, and what a copy is; an entry for each."""
    copies = len(figures.in_copies)
    found = figures.in_the_data
    on_average = " on average" if copies > 1 else ""
    compared = (
        f"In {_many(copies, 'copy', 'copies')} of these posts in which nobody acts together, detection found"
        f"{on_average} {_found(figures.networks, figures.accounts)}; in the posts themselves, "
        f"{_found(found.networks, found.accounts)}."
    )
    return [compared, _meaning(figures), *_what_a_copy_is(figures)]


def _meaning(figures: ChanceFigures) -> str:
    if figures.account_share is None:
        return "Nothing was found in the posts, so there is no share to give."
    if not figures.accounts:
        return "So nothing suggests that chance or shared interest put any of these accounts into a network."
    if figures.account_share >= 1.0:
        return "So chance or shared interest may have put all of these accounts into networks."
    share = f"about {figures.account_share:.1%}"
    return f"So chance or shared interest may have put {share} of these accounts into networks."


def _what_a_copy_is(figures: ChanceFigures) -> list[str]:
    exchanged, moved = figures.exchanged_posts, figures.moved_posts
    parts = []
    if exchanged:
        parts.append(
            f"{_many(exchanged, 'repost', 'reposts')} exchanged their accounts with other reposts of the same author "
            "and day"
        )
    if moved:
        others = "other " if exchanged else ""
        parts.append(f"{_many(moved, f'{others}post', f'{others}posts')} moved by 30 to 120 minutes")
    return [
        f"In a copy, {' and '.join(parts)}.",
        "What accounts share over many hours remains in the copies, and a large group that alone reposts an author "
        "counts as shared interest. Other causes, such as posting on the same schedule, are not measured.",
    ]


def _found(networks: float, accounts: float) -> str:
    return f"{_many(networks, 'network', 'networks')} with {_many(accounts, 'account', 'accounts')}"


def _many(count: float, one: str, several: str) -> str:
    """A count or a mean with its noun."""
    shown = f"{count:,.0f}" if count == int(count) else f"{count:,.1f}"
    return f"{shown} {one if shown == '1' else several}"
