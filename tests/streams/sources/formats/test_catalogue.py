"""The list of formats: on the command line and in the docs."""

import json
from pathlib import Path

from typer.testing import CliRunner

from streams.command.program import app
from streams.sources import FORMATS

DOCS = Path(__file__).parents[4] / "docs" / "sources.md"


def listed():
    return json.loads(CliRunner().invoke(app, ["sources", "--json"]).stdout)


def test_given_the_list_of_formats_when_printed_then_each_has_what_it_is_and_what_is_missing():
    done = CliRunner().invoke(app, ["sources"])
    assert done.exit_code == 0
    assert all(name in done.stdout for name in FORMATS)
    facts = {one["name"]: one for one in listed()}
    assert list(facts) == list(FORMATS)
    assert facts["coortweet"]["blind"] == [
        "reposts", "texts", "hashtags", "mentions", "replies", "media", "followers", "reactions",
    ]  # fmt: skip
    assert facts["jsonl"]["blind"] == []
    assert facts["jetstream"]["blind"] == ["followers", "reactions"]


def test_given_the_docs_when_compared_then_they_name_every_format_and_what_it_lacks():
    rows = [line.split(" | ") for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    written = {row[0].strip("| `"): row[-1].strip("| ") for row in rows if len(row) == 5}
    assert written == {one["name"]: ", ".join(one["blind"]) or "-" for one in listed()}
