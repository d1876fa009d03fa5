"""The posts of a run, kept on disk while it goes on, for what the report shows of its networks.

Which accounts become members is known at the end only, so all posts are kept: who, when, the text, reactions and
followers. They go to a folder in the system's temporary one, about as large as the compressed dump. Memory is bounded.
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from streams.ordering.external_sort import temporary_files_fault

_ROWS = 250_000
"""Posts in a file, held in memory until then: about 100 MB. Chosen, not measured."""
_LETTERS = 1_000
"""Letters kept of a text. It bounds the folder; longer texts are cut on the page anyway."""
_REACTIONS = ("likes", "reposts", "replies", "quotes")
TIMES = 44
"""Parts into which the time of a network is cut for its timeline."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""What is shown of all accounts: the middle half and nine in ten."""


@dataclass(frozen=True, slots=True)
class AccountActivity:
    """What an account did in the data."""

    posts: int
    reactions: float | None
    """Mean reactions a post; None: unknown."""
    followers: int | None
    """At its latest post that says it."""


@dataclass(frozen=True, slots=True)
class PostShown:
    """A post of which the report shows something."""

    time: int
    """Seconds since 1970."""
    text: str | None


@dataclass(frozen=True, slots=True)
class PostDetails:
    """What is known of the posts behind the networks of a run."""

    accounts: Mapping[str, AccountActivity] = field(default_factory=dict)
    """Members, by `platform:account_id`."""
    posts: Mapping[tuple[str, str], PostShown] = field(default_factory=dict)
    """Posts that were asked for, by account and post id."""
    times: Mapping[str, list[int]] = field(default_factory=dict)
    """Times of the posts of members, seconds, ascending; at most one for each part of the data's time."""
    others: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """`followers` and `reactions`: the `QUANTILES` over all accounts that are no members. Absent: unknown of most."""


class ReportPosts:
    """Keeps the posts of a run; a context manager, at whose end a temporary folder is removed.

    Args:
        folder: where they are kept; None: in a temporary folder.
        files: of that folder, those that have the posts of the run so far. All others are removed.
    """

    def __init__(self, folder: Path | None = None, files: Sequence[str] = ()) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._place = folder
        self._held: list[pl.DataFrame] = []
        self._rows = 0
        self._files: list[Path] = [] if folder is None else [folder / Path(name).name for name in files]
        if folder is not None and folder.is_dir():
            for path in set(folder.glob("*.arrow")) - set(self._files):
                path.unlink()

    def kept(self) -> list[str]:
        """Names of the files that hold all posts so far.

        Raises:
            OutputError: they cannot be written.
        """
        if self._held:
            self._write()
        return [path.name for path in self._files]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, posts: pl.DataFrame) -> None:
        """Keep posts.

        Args:
            posts: columns of `detectors.post_columns.POSTS`; of posts whose deletion is reported, nothing is shown.

        Raises:
            OutputError: the temporary folder cannot be written.
        """
        self._held.append(
            posts.select(
                account=pl.concat_str("platform", pl.lit(":"), "account_id"),
                post_id="post_id",
                time="created_at",
                text=pl.col("text").str.slice(0, _LETTERS),
                reactions=pl.when(pl.any_horizontal(pl.col(_REACTIONS).is_not_null())).then(
                    pl.sum_horizontal(_REACTIONS)
                ),
                followers="followers_count",
                deleted="deleted",
            )
        )
        self._rows += len(posts)
        if self._rows >= _ROWS:
            self._write()

    def _write(self) -> None:
        try:
            if self._place is None:
                self._folder = tempfile.TemporaryDirectory(prefix="lockstep-report-")
                self._place = Path(self._folder.name)
            self._place.mkdir(exist_ok=True)
            path = self._place / f"{len(self._files)}.arrow"
            pl.concat(self._held).write_ipc(path, compression="lz4")
        except (OSError, pl.exceptions.ComputeError) as error:
            raise temporary_files_fault("the posts that the report shows", error) from error
        self._files.append(path)
        self._held, self._rows = [], 0

    def details(self, members: Iterable[str], wanted: Iterable[tuple[str, str]]) -> PostDetails:
        """What the report shows of some accounts and posts.

        Args:
            members: accounts of networks, as `platform:account_id`.
            wanted: account and id of each post whose text is shown.
        """
        if self._held:
            self._write()
        if not self._files:
            return PostDetails()
        posts = pl.scan_ipc(self._files)
        reports = posts.filter(pl.col("deleted").fill_null(value=False))
        posts = posts.join(reports, on=["account", "post_id"], how="anti")
        of_members = pl.LazyFrame({"account": sorted(set(members))}, schema={"account": pl.String})
        figures = _figures(posts)
        mine = figures.join(of_members.collect(), on="account", how="semi")
        others = figures.join(of_members.collect(), on="account", how="anti")
        return PostDetails(
            accounts={
                account: AccountActivity(count, reactions, followers)
                for account, count, reactions, followers in mine.iter_rows()
            },
            posts=_posts(posts, wanted),
            times=_times(posts.join(of_members, on="account", how="semi")),
            others=_others(others),
        )


def _figures(posts: pl.LazyFrame) -> pl.DataFrame:
    """Posts, reactions and followers of each account; the shares of one post count once."""
    return (
        posts.group_by("account", "post_id")
        .agg(pl.col("time", "reactions", "followers").last())
        .group_by("account")
        .agg(
            posts=pl.len(),
            reactions=pl.col("reactions").mean(),
            followers=pl.col("followers").sort_by("time").drop_nulls().last(),
        )
        .collect(engine="streaming")
    )


def _posts(posts: pl.LazyFrame, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], PostShown]:
    places = pl.LazyFrame(
        list(wanted), schema={"account": pl.String, "post_id": pl.String}, orient="row"
    ).unique()
    found = posts.join(places, on=["account", "post_id"], how="semi")
    rows = found.select("account", "post_id", "time", "text").collect(engine="streaming")
    return {(account, post_id): PostShown(time, text) for account, post_id, time, text in rows.iter_rows()}


def _times(posts: pl.LazyFrame) -> dict[str, list[int]]:
    """Times of posts by account; one for each part of the time, so that a busy account stays short."""
    span = posts.select(start=pl.col("time").min(), end=pl.col("time").max()).collect(engine="streaming")
    if not len(span) or span["start"][0] is None:
        return {}
    width = max((span["end"][0] - span["start"][0]) // (TIMES * 10), 1)
    rows = (
        posts.group_by("account", part=pl.col("time") // width)
        .agg(time=pl.col("time").min())
        .group_by("account")
        .agg(pl.col("time").sort())
        .collect(engine="streaming")
    )
    return dict(rows.iter_rows())


def _others(figures: pl.DataFrame) -> dict[str, tuple[float, ...]]:
    """Quantiles of what is known of more than half of the accounts."""
    known: dict[str, tuple[float, ...]] = {}
    for name in ("followers", "reactions"):
        values = figures[name].drop_nulls()
        if len(values) * 2 > len(figures):
            known[name] = tuple(float(values.quantile(q, "linear") or 0.0) for q in QUANTILES)
    return known
