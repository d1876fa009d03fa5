"""The section `[source]` of a configuration: which column or field of an input holds what."""

from collections.abc import Mapping

import msgspec

from detectors.post_columns import POSTS
from schemas.checks.decoding_faults import decoding_fault
from schemas.errors import UsageError

OBJECTS = ("urls", "hashtags", "mentions", "repost_of", "reply_to", "quote_of", "media_hashes")
"""Fields of a post that name an object it shares."""
REQUIRED_FIELDS = ("account_id", "created_at")
"""Fields that a mapping must name."""
IN_TEXT = ("urls", "hashtags", "mentions")
"""Fields that a text may hold."""
_TARGETS = tuple(name for name in POSTS if name not in ("part", "deleted"))

EXAMPLE = """\
[source]
platform = "unknown"

[source.columns]   # ours = "column of the file", or a path in JSON such as "author.id" and "links[].url"
post_id = "..."
account_id = "..."
created_at = "..."
urls = "..."
"""


class ColumnMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column of a table, or field of a JSON object, holds what."""

    columns: dict[str, str]
    """Field of a post -> column of the file, or path of a field in JSON: `author.id`, `entities.urls[].expanded_url`.
    `account_id` and `created_at` are required. Without `post_id`, an id is made of all the others."""
    platform: str = "unknown"
    """Platform of every post, unless `columns` names a column for it."""
    time_format: str | None = None
    """`unix` (seconds), `unix_ms`, or a pattern such as `%d.%m.%Y %H:%M` (UTC unless it has %z). If absent, times are
    read in any form of one meaning."""
    list_separator: str | None = None
    """The separator between items of a list column. If absent, each cell shows its form by itself."""
    separators: dict[str, str] = {}
    """Field of a post -> separator of its column, where columns differ."""
    from_text: tuple[str, ...] = ()
    """Which of `urls`, `hashtags` and `mentions` are taken from the text where their column is absent or empty."""
    row_is_share: bool = False
    """Whether a post has one row for each object that it shares; `part` then distinguishes its rows."""

    def __post_init__(self) -> None:
        for section, names, allowed in (
            ("columns", self.columns, _TARGETS),
            ("separators", self.separators, OBJECTS),
            ("from_text", self.from_text, IN_TEXT),
        ):
            if unknown := sorted(set(names) - set(allowed)):
                raise ValueError(f"{section}: {', '.join(unknown)} is none of {', '.join(allowed)}")
        if missing := [name for name in REQUIRED_FIELDS if name not in self.columns]:
            raise ValueError(f"columns: {', '.join(missing)} must be given")
        if self.from_text and "text" not in self.columns:
            raise ValueError("from_text: columns must name the text")
        if not self.platform.strip():
            raise ValueError("platform: must not be empty")
        if self.time_format not in (None, "unix", "unix_ms") and "%" not in str(self.time_format):
            raise ValueError("time_format: must be unix, unix_ms or a pattern such as %d.%m.%Y %H:%M")
        if self.list_separator == "" or "" in self.separators.values():
            raise ValueError("list_separator: must not be empty; leave it out for columns of one item")

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns or paths that are read, each once."""
        return tuple(dict.fromkeys(self.columns.values()))

    @classmethod
    def from_config(cls, section: Mapping[str, object]) -> "ColumnMapping":
        """Read a `[source]` section.

        Raises:
            UsageError: the section has an unknown key, or a value of the wrong type.
        """
        try:
            return msgspec.convert(dict(section), cls)
        except msgspec.ValidationError as error:
            fault = decoding_fault(error)
            raise UsageError(f"[source] in the configuration: {fault}. An example:\n{EXAMPLE}") from error
