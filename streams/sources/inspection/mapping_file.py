"""A guessed mapping as a configuration file to start from, with what was not guessed as comments."""

import json
import re
from collections.abc import Mapping, Sequence

from detectors.post_columns import POSTS
from streams.sources.formats.tables.column_mapping import REQUIRED_FIELDS
from streams.sources.inspection.likeness import Guess

_WORTH_NAMING = (
    "post_id",
    "text",
    "urls",
    "hashtags",
    "mentions",
    "repost_of",
    "reply_to",
    "followers_count",
)


def mapping_file(likely: Guess, values: Mapping[str, Sequence[str]]) -> str:
    """Return the section `[source]` in TOML."""
    lines = ["# Check each line: the columns were found by their names and their first cells.", "[source]"]
    lines.append(f"platform = {_quoted(likely.platform)}")
    if likely.time_format is not None:
        doubt = "   # another pattern fits as well: check day and month" if likely.ambiguous_time else ""
        lines.append(f"time_format = {_quoted(likely.time_format)}{doubt}")
    if likely.from_text:
        lines.append(f"from_text = [{', '.join(map(_quoted, likely.from_text))}]")
    lines += ["", "[source.columns]   # field of a post = column of the file"]
    for field, column in likely.columns.items():
        lines.append(f"{field} = {_quoted(column)}")
    lines += [
        f'{field} = "..."   # required: nothing seems to hold it'
        for field in REQUIRED_FIELDS
        if field not in likely.columns
    ]
    lines += [
        f'# {field} = "..."' for field in _WORTH_NAMING if field not in likely.columns and field in POSTS
    ]
    rest = [column for column in values if column not in likely.columns.values()]
    if rest:
        lines.append(
            "# not used: " + ", ".join(re.sub(r"[\x00-\x1f\x7f]", " ", column) for column in rest[:40])
        )
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # a text of JSON is one of TOML, but for what lies beyond the basic plane, which stays as it is
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
