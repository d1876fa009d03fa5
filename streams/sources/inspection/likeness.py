"""Which column of an input is most like which field of a post: by its name, and by what its cells hold.

A name counts only if the cells may be what it says. The earlier it stands in `field_names`, the more it counts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

import polars as pl

from streams.sources.cells.texts import hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import EARLIEST, text_seconds, times
from streams.sources.formats.tables.column_mapping import IN_TEXT, ColumnMapping
from streams.sources.inspection.field_names import NAMES

_TIME_FORMATS = (
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%y %H:%M",
    "%m/%d/%y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y",
)
_ENOUGH = 0.9
"""Share of the cells of a column that must be what a field needs. A few may be broken."""
_TRUTHS = {"true", "false", "yes", "no", "0", "1", "0.0", "1.0", "t", "f"}
"""Whether a post is a repost, where its original is meant."""
_PLATFORM_LINKS = {
    "x": r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/\w+/status/",
    "bluesky": r"at://did:|https?://bsky\.app/profile/",
    "telegram": r"https?://t\.me/\w+/\d+",
    "tiktok": r"https?://(?:www\.)?tiktok\.com/@",
    "facebook": r"https?://(?:www\.|m\.)?facebook\.com/",
    "instagram": r"https?://(?:www\.)?instagram\.com/",
    "reddit": r"https?://(?:www\.|old\.)?reddit\.com/r/",
    "youtube": r"https?://(?:www\.)?youtube\.com/watch",
}


@dataclass(frozen=True, slots=True)
class Guess:
    """A mapping to start from."""

    columns: dict[str, str]
    """Field of a post -> column; without `account_id` or `created_at` if no column is like them."""
    platform: str
    time_format: str | None
    """Where the form of the times has several meanings, one that fits all cells."""
    ambiguous_time: bool
    """Whether another pattern fits all cells as well."""
    from_text: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether posts can be read with it."""
        return {"account_id", "created_at"} <= self.columns.keys()

    def mapping(self) -> ColumnMapping:
        """The mapping as settings have it."""
        return ColumnMapping(
            columns=self.columns,
            platform=self.platform,
            time_format=self.time_format,
            from_text=self.from_text,
        )


def guess(values: Mapping[str, Sequence[str]]) -> Guess:
    """Find for each field of a post the column that is most like it; each column is taken once.

    Args:
        values: the first values of each column, without blanks.
    """
    time_formats = {column: _time_formats(cells) for column, cells in values.items() if cells}
    scores: list[tuple[float, str, str]] = []
    for field, names in NAMES.items():
        for column, cells in values.items():
            score = _name_score(column, names)
            if score and cells and _CHECKS.get(field, _anything)(cells, time_formats[column]):
                scores.append((score, field, column))
    taken: dict[str, str] = {}
    for _, field, column in sorted(scores, key=lambda one: -one[0]):
        if field not in taken and column not in taken.values():
            taken[field] = column
    _fill_by_content(taken, values, time_formats)
    formats = time_formats.get(taken.get("created_at", ""), [])
    text = values.get(taken.get("text", ""), ())
    return Guess(
        columns={field: taken[field] for field in NAMES if field in taken},
        platform=_platform(values),
        time_format=formats[0] if formats and formats[0] else None,
        ambiguous_time=len(formats) > 1 and bool(formats[0]),
        from_text=tuple(field for field in IN_TEXT if field not in taken and _text_has(field, text)),
    )


def _name_score(column: str, names: Sequence[str]) -> float:
    """From 1, the first name exactly, to 0.1; 0: not like any of them. The end of a path counts almost as the whole."""
    words = _words(column)
    for length in range(len(words), 0, -1):
        ending = "_".join(words[-length:])
        if ending in names:
            return 1 - 0.8 * names.index(ending) / len(names) - 0.1 * (1 - length / len(words))
    return 0.0


def _words(column: str) -> list[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", column)
    return [word for word in re.split(r"[\W_]+", spaced.lower()) if word]


def _fill_by_content(
    taken: dict[str, str], values: Mapping[str, Sequence[str]], time_formats: Mapping[str, list[str]]
) -> None:
    """Find what no name gave by what the cells hold: times, long texts, links, names that come again."""
    left = {column: cells for column, cells in values.items() if cells and column not in taken.values()}
    if "created_at" not in taken:
        column = next((name for name in left if time_formats[name]), None)
        if column is not None:
            taken["created_at"] = column
            del left[column]
    if "text" not in taken:
        texts = {name: mean(map(len, cells)) for name, cells in left.items() if _is_prose(cells)}
        if texts:
            taken["text"] = max(texts, key=lambda name: texts[name])
            del left[taken["text"]]
    if "urls" not in taken:
        column = next((name for name, cells in left.items() if _has_links(cells)), None)
        if column is not None:
            taken["urls"] = column
            del left[column]
    if "account_id" not in taken:
        names = {name: len(set(cells)) for name, cells in left.items() if _comes_again(cells)}
        if names:
            taken["account_id"] = max(names, key=lambda name: names[name])


def _time_formats(cells: Sequence[str]) -> list[str]:
    """Ways to read the cells as times: an empty text for one that needs no pattern, else patterns that fit."""
    column = pl.Series("cell", list(cells))
    if _are_plausible(times(column)):
        return [""]
    if not column.str.contains(r"^\d{1,2}[/-]\d{1,2}[/-]\d{2,4}\b").all():
        return []
    return [pattern for pattern in _TIME_FORMATS if _are_plausible(text_seconds(column, pattern))]


def _are_plausible(seconds: pl.Series) -> bool:
    good = ((seconds >= EARLIEST) & (seconds < 4_102_444_800)).fill_null(value=False)
    return len(good) > 0 and float(good.mean() or 0) >= _ENOUGH  # type: ignore[arg-type]  # of booleans: a number


def _share(cells: Sequence[str], pattern: str) -> float:
    return sum(re.search(pattern, cell) is not None for cell in cells) / len(cells)


def _has_links(cells: Sequence[str], _times: object = None) -> bool:
    return _share(cells, r"(?i)https?://|www\.|^[\w-]+(?:\.[\w-]+)+/") >= 0.5


def _is_prose(cells: Sequence[str], _times: object = None) -> bool:
    return _share(cells, r"\w\s+\w") >= 0.5 and mean(map(len, cells)) >= 12


def _is_time(_cells: Sequence[str], time_formats: list[str]) -> bool:
    return bool(time_formats)


def _is_count(cells: Sequence[str], _times: object = None) -> bool:
    return _share(cells, r"^\d[\d,.]*$") >= _ENOUGH


def _is_id(cells: Sequence[str], _times: object = None) -> bool:
    return _share(cells, r"\s.*\s") < 0.1 and len(set(cells)) > 0.9 * len(cells)


def _comes_again(cells: Sequence[str]) -> bool:
    """Whether these may be accounts: short words, more than one, most of which come more than once."""
    different = len(set(cells))
    return (
        _is_name(cells)
        and not _is_count(cells)
        and 1 < different < 0.9 * len(cells)
        and _share(cells, r"[A-Za-z\d]") > 0.5
    )


def _is_name(cells: Sequence[str], _times: object = None) -> bool:
    return _share(cells, r"(?i)^https?://") < 0.5 and mean(map(len, cells)) < 80


def _is_reference(cells: Sequence[str], _times: object = None) -> bool:
    return _share(cells, r"^\S+$") >= _ENOUGH and not set(map(str.lower, cells)) <= _TRUTHS


def _is_text(cells: Sequence[str], _times: object = None) -> bool:
    return not _is_count(cells) and _share(cells, r"(?i)^https?://\S+$") < 0.5


def _is_word(cells: Sequence[str], _times: object = None) -> bool:
    return mean(map(len, cells)) < 20 and len(set(cells)) <= max(20, len(cells) // 4)


def _anything(_cells: Sequence[str], _times: object = None) -> bool:
    return True


_CHECKS: Mapping[str, Callable[[Sequence[str], list[str]], bool]] = {
    "post_id": _is_id,
    "account_id": _is_name,
    "created_at": _is_time,
    "text": _is_text,
    "urls": _has_links,
    "repost_of": _is_reference,
    "reply_to": _is_reference,
    "quote_of": _is_reference,
    "platform": _is_word,
    "lang": _is_word,
    **dict.fromkeys(
        ("followers_count", "following_count", "likes", "reposts", "replies", "quotes", "views"), _is_count
    ),
}


def _text_has(field: str, cells: Sequence[str]) -> bool:
    read = {"urls": urls_in, "hashtags": hashtags_in, "mentions": mentions_in}[field]
    found = pl.select(read(pl.lit(pl.Series("cell", list(cells), dtype=pl.String)))).to_series()
    return bool((found.list.len() > 0).any())


def _platform(values: Mapping[str, Sequence[str]]) -> str:
    """The platform to which a column of links leads in nearly all cells."""
    for cells in values.values():
        for platform, pattern in _PLATFORM_LINKS.items():
            if len(cells) >= 1 and _share(cells, pattern) >= _ENOUGH and len(set(cells)) > 0.5 * len(cells):
                return platform
    return "unknown"
