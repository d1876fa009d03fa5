"""`--try-suppressions`: the same posts once more, with new rules, to see what these would mute and allow.

Rules that allow accounts change how covert a network seems, so nothing short of another run gives the answer. A rule
changes no network, so networks have the same ids in both runs.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace

import numpy as np
from rich.console import Console

from schemas.reviews import SuppressionRule
from streams.ordering.progress_bar import ProgressBar
from streams.outputs.dead_letter_log import DeadLetterLog
from streams.reference_files.reference_inputs import ReferenceInputs
from streams.replay.chance.post_spool import PostSpool
from streams.replay.replay import Replay
from streams.reports.rule_effects import NetworkCourses, RuleTrial
from streams.settings.settings import Settings
from streams.sources import SourceBatch


class SpooledPosts:
    """The posts of a run as a source, as they were.

    Args:
        spool: holds them, all of them.
    """

    format = "spool"
    time_ordered = True

    def __init__(self, spool: PostSpool) -> None:
        self.name = "the posts of the run"
        self.size: int | None = spool.rows
        self._spool = spool

    def batches(self) -> Iterator[SourceBatch]:
        """Read them once, in their order."""
        at = 0
        for posts in self._spool.posts(0, self._spool.rows):
            after = at + len(posts)
            yield SourceBatch(posts, np.arange(at, after), bytes_read=after)
            at = after


def with_new_rules(old: Sequence[SuppressionRule], new: Sequence[SuppressionRule]) -> list[SuppressionRule]:
    """All rules; a new one takes the place of an old one with its id."""
    names = {rule.rule_id for rule in new}
    return [*(rule for rule in old if rule.rule_id not in names), *new]


def try_rules(
    spool: PostSpool,
    new: Sequence[SuppressionRule],
    before: NetworkCourses,
    settings: Settings,
    references: ReferenceInputs,
    console: Console,
    *,
    progress: bool,
) -> RuleTrial:
    """Detect once more with new rules.

    Args:
        spool: the posts of the run.
        new: the rules.
        before: what the run found without them.
        settings: of the run.
        references: of the run.
        console: shows the progress.
        progress: whether to draw a progress bar.

    Raises:
        streams.outputs.output_files.OutputError: temporary files cannot be read or written.
    """
    spool.finish()
    rules = with_new_rules(references.reference_data.rules, new)
    data = copy(references.reference_data)
    data.rules = tuple(rules)
    after = NetworkCourses(rules)
    bar = ProgressBar(console, shown=progress, task="with the new rules")
    run = Replay(
        [],
        settings,
        DeadLetterLog(None, settings.input),
        on_progress=bar.show,
        sources=[SpooledPosts(spool)],
    )
    run.set_reference_data(replace(references, reference_data=data))
    with bar:
        for alert in run.run():
            after.add(alert)
    return RuleTrial(new, before, after)
