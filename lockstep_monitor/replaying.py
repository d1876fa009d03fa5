"""`replay`: frames or files in, a result out."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from rich.console import Console

from lockstep_monitor.frames_in import write_records
from lockstep_monitor.result import Result
from schemas.alerts import Alert
from streams.outputs.brief_alert import brief
from streams.outputs.permalinks import Permalinks
from streams.replay.local_run import local_run, settings_of
from streams.replay.replay import Replay
from streams.replay.run_options import RunOptions
from streams.reports.report import queued
from streams.settings.options import DetectingOptions, ReadingOptions, WritingOptions

Frame: TypeAlias = object
"""A frame of polars (eager or lazy) or of pandas; pandas need not be installed."""
Source: TypeAlias = str | Path | Frame


def replay(
    posts: Source | Sequence[str | Path],
    *,
    columns: Mapping[str, str] | None = None,
    platform: str | None = None,
    registry: str | Path | None = None,
    accounts: Source | None = None,
    follows: Source | None = None,
    suppressions: str | Path | None = None,
    config: str | Path | None = None,
    exact: bool = False,
    progress: bool = True,
) -> Result:
    """Find networks among posts, as `lockstep replay` does.

    Args:
        posts: a frame with a row for each post, or the path of a dump, or several paths. A frame has the fields of
            PostEvent as columns: `post_id`, `platform`, `account_id`, `created_at`, and what else is known of `text`,
            `lang`, `urls`, `hashtags`, `mentions`, `repost_of`, `likes` and so on. Times without a zone are UTC.
        columns: the name of the frame's column by field, where it differs: `{"post_id": "id"}`.
        platform: of all posts of a frame without such a column.
        registry: path of known entities; without it, nothing is said of covertness.
        accounts: profiles, as a path or a frame with the fields of AccountProfile.
        follows: follow events, as a path or a frame with the fields of FollowEvent.
        suppressions: path of reviewers' rules.
        config: path of settings in TOML.
        exact: pair every share with every other; slow on viral objects.
        progress: show how far the run is.

    Raises:
        LockstepError: an argument is wrong (UsageError), or an input cannot be read or used (InputError).
    """
    with tempfile.TemporaryDirectory(prefix="lockstep-") as made:
        folder = Path(made)
        page = folder / "report.html"
        options = RunOptions(
            inputs=_inputs(posts, folder, columns, platform),
            reading=ReadingOptions(
                config=_path(config),
                registry=_path(registry),
                accounts=_file_of(accounts, folder, "accounts"),
                follows=_file_of(follows, folder, "follows"),
                suppressions=_path(suppressions),
            ),
            detecting=DetectingOptions(exact=exact),
            writing=WritingOptions(report=str(page), no_progress=not progress),
        )
        raised: list[Alert] = []

        def note(alert: Alert, run: Replay) -> None:
            raised.append(brief(alert))

        outcome = local_run(options, Console(stderr=True, quiet=not progress), note)
        for failure in outcome.failures:
            raise failure
        return Result(
            posts=outcome.figures.posts,
            rejected={reason.value: count for reason, count in outcome.figures.dead_letters.items()},
            _latest=queued(outcome.networks),
            _alerts=raised,
            _links=Permalinks(settings_of(options).permalinks),
            _page=page.read_bytes(),
        )


def _inputs(
    posts: Source | Sequence[str | Path],
    folder: Path,
    columns: Mapping[str, str] | None,
    platform: str | None,
) -> list[str]:
    if isinstance(posts, str | Path):
        return [str(posts)]
    if isinstance(posts, Sequence):
        return [str(path) for path in posts]
    path = folder / "posts.jsonl"
    write_records(posts, path, "posts", columns, platform)
    return [str(path)]


def _file_of(source: Source | None, folder: Path, use: str) -> str | None:
    if source is None or isinstance(source, str | Path):
        return _path(source)
    path = folder / f"{use}.jsonl"
    write_records(source, path, use)
    return str(path)


def _path(path: str | Path | None) -> str | None:
    return None if path is None else str(path)
