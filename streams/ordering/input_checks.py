"""What the first posts of each input say about it: signs that posts, accounts or times are not what they seem.

They stop nothing; the summary of a run lists them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import polars as pl

_LOOKED_AT = 20_000
"""Posts of each input that are looked at."""
_LEAST = 20
"""Posts, ids or accounts of which a share means something. Chosen, not measured."""
_MOST = 0.5
"""Share above which a sign is no chance: one id in a hundred ends in two zeros, one time in 3,600 at a whole hour."""
_TWINS = 0.2
"""Share of posts that another account has at the same second with the same words. Chosen, not measured."""
_FEDERATED = ("mastodon", "fediverse", "pleroma", "misskey", "lemmy", "pixelfed")
_EXACT_DIGITS = 15
_DOUBLE_DIGITS = 17
"""Digits that a spreadsheet keeps, and that a number in JavaScript can have."""


@dataclass(slots=True)
class _Sampled:
    """Posts of one input."""

    posts: int = 0
    dates: int = 0
    hours: int = 0
    long_ids: dict[str, int] = field(default_factory=lambda: {"post_id": 0, "account_id": 0})
    cut_ids: dict[str, int] = field(default_factory=lambda: {"post_id": 0, "account_id": 0})
    example: dict[str, str] = field(default_factory=dict)
    federated: int = 0
    twins: int = 0


class InputChecks:
    """Looks at the first posts of every input."""

    not_state: ClassVar[frozenset[str]] = frozenset()
    _inputs: dict[str, _Sampled]
    _dropped: dict[str, int]

    def __init__(self) -> None:
        self._inputs = {}
        self._dropped = {}

    def open(self, name: str) -> None:
        """An input is about to be read."""
        self._inputs.setdefault(name, _Sampled())

    def drop(self, name: str, references: int) -> None:
        """Count references to other posts that were dropped because they are rounded."""
        if references:
            self._dropped[name] = self._dropped.get(name, 0) + references

    def see(self, name: str, posts: pl.DataFrame) -> None:
        """Look at posts of one input, with the columns `detectors.post_columns.POSTS`."""
        sampled = self._inputs.setdefault(name, _Sampled())
        if sampled.posts >= _LOOKED_AT or not len(posts):
            return
        posts = posts[: _LOOKED_AT - sampled.posts]
        sampled.posts += len(posts)
        created = pl.col("created_at")
        dates, hours = posts.select(
            (created % 86_400 == 0).sum(), (created % 3_600 == 0).sum().alias("hours")
        ).row(0)
        sampled.dates += dates
        sampled.hours += hours
        for column in sampled.long_ids:
            self._see_ids(sampled, column, posts[column])
        federated = posts.filter(
            pl.col("platform").is_in(_FEDERATED) & (pl.col("text").str.len_bytes() > _LEAST)
        )
        if len(federated):
            sampled.federated += len(federated)
            several = pl.col("account_id").n_unique().over("created_at", "text") > 1
            sampled.twins += federated.select(several.sum()).item()

    def notices(self) -> Iterator[str]:
        """What there is to say, in sentences."""
        for name, sampled in self._inputs.items():
            if not sampled.posts:
                yield f"{name} holds no post that can be used."
            yield from _rounding(name, sampled)
            for count, what, missing in (
                (sampled.dates, "dates alone", "times of day"),
                (sampled.hours, "whole hours", "minutes and seconds"),
            ):
                if sampled.posts >= _LEAST and count > _MOST * sampled.posts:
                    yield (
                        f"{name}: most times are {what}, so many posts seem to be of one second, and coordination "
                        f"within minutes cannot be seen. Export {missing} too."
                    )
                    break
            if sampled.federated >= _LEAST and sampled.twins > _TWINS * sampled.federated:
                yield (
                    f"{name}: {sampled.twins:,} of {sampled.federated:,} posts have the same words at the same second "
                    "as a post of another account. They look like posts of one person as several servers show them; "
                    "networks of such accounts are none. Give accounts as name@domain, and posts by their uri."
                )
        for name, count in self._dropped.items():
            yield (
                f"{name}: {count:,} ids of reposted, answered or quoted posts are rounded, such as 1.72E+18, and were "
                "left out. Export again with ids as text."
            )

    def _see_ids(self, sampled: _Sampled, column: str, ids: pl.Series) -> None:
        name = pl.col("id")
        long = ids.alias("id").to_frame().filter(name.str.contains(r"^\d{17,20}$"))
        if not len(long):
            return
        sampled.long_ids[column] += len(long)
        # doubles of this size are multiples of 128 or more
        double = (name.cast(pl.UInt64, strict=False) % 128 == 0).fill_null(value=False)
        cut = long.filter(name.str.slice(_DOUBLE_DIGITS).str.contains("^0+$") | double)
        sampled.cut_ids[column] += len(cut)
        if len(cut):
            sampled.example.setdefault(column, cut["id"][0])


def _rounding(name: str, sampled: _Sampled) -> Iterator[str]:
    for column, noun in (("account_id", "account"), ("post_id", "post")):
        cut, long = sampled.cut_ids[column], sampled.long_ids[column]
        if long >= _LEAST and cut > _MOST * long:
            digits = sampled.example[column]
            what = "a spreadsheet" if digits[_EXACT_DIGITS:].strip("0") == "" else "a program"
            yield (
                f"{name}: {noun} ids such as {digits} are rounded: {what} has cut off their last digits, and several "
                f"{noun}s may count as one. Export again with ids as text."
            )
