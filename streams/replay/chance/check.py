"""Detection on copies of a run's posts without coordination, and what was found in them."""

from dataclasses import replace
from statistics import mean

from rich.console import Console

from detectors.covertness.words import plural
from schemas.figures.backtest import ChanceFigures, FoundCount
from streams.ordering.progress_bar import ProgressBar
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.reference_inputs import ReferenceInputs
from streams.replay.chance.copied_posts import CopiedPosts, copied_follows
from streams.replay.chance.post_spool import PostSpool
from streams.replay.replay import Replay
from streams.reports.latest_alerts import LatestAlerts
from streams.settings.settings import Settings


def check_by_chance(
    spool: PostSpool,
    copies: int,
    found: FoundCount,
    settings: Settings,
    references: ReferenceInputs,
    console: Console,
    *,
    progress: bool,
) -> ChanceFigures:
    """Run detection on each copy, one after the other.

    Args:
        spool: the posts of the run.
        copies: how many, at least one.
        found: in the data themselves.
        settings: of the run.
        references: of the run.
        console: gets a line for each copy.
        progress: whether to draw a progress bar.

    Raises:
        streams.outputs.output_files.OutputError: temporary files cannot be written.
    """
    spool.finish()
    seed = settings.detection.seed
    in_copies: list[FoundCount] = []
    exchanged = 0
    for number in range(1, copies + 1):
        posts = CopiedPosts(spool, seed, number)
        follows = references.follows
        if follows is not None:
            follows = copied_follows(follows, seed, number)
        bar = ProgressBar(console, shown=progress, task=f"copy {number} of {copies}")
        with bar:
            one = _found(posts, settings, replace(references, follows=follows), bar)
        console.print(
            f"copy {number} of {copies}, without coordination: {plural(one.networks, 'network')} with "
            f"{plural(one.accounts, 'account')}"
        )
        in_copies.append(one)
        exchanged = posts.exchanged
    accounts = mean(one.accounts for one in in_copies)
    return ChanceFigures(
        in_the_data=found,
        in_copies=in_copies,
        networks=mean(one.networks for one in in_copies),
        accounts=accounts,
        account_share=accounts / found.accounts if found.accounts else None,
        exchanged_posts=exchanged,
        moved_posts=spool.rows - exchanged,
        seed=seed,
    )


def _found(
    posts: CopiedPosts, settings: Settings, references: ReferenceInputs, bar: ProgressBar
) -> FoundCount:
    run = Replay([], settings, DeadLetterLog(None, settings.input), on_progress=bar.show, sources=[posts])
    run.set_reference_data(references)
    networks = LatestAlerts()
    for alert in run.run():
        networks.add(alert)
    return FoundCount(networks=len(networks), accounts=networks.accounts)
