"""The work of the commands about inputs."""

import codecs
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import polars as pl
import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from detectors.covertness.words import plural
from schemas.errors import FormatError
from streams.outputs.output_files import output
from streams.outputs.plain_text import plain, plain_lines
from streams.reports.summary import REASONS
from streams.settings.settings import load_settings
from streams.sources import expand_inputs, open_source
from streams.sources.detect import HEAD_SIZE
from streams.sources.files.compressed import ByteInput
from streams.sources.formats.catalogue import EVIDENCE, catalogue
from streams.sources.inspection.findings import Findings, look
from streams.sources.inspection.likeness import Guess, guess
from streams.sources.inspection.mapping_file import mapping_file
from streams.sources.inspection.sample_columns import sample_columns

_SHOWN_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a user asked about an input."""

    path: str
    config: str | None
    format: str | None
    write: str | None
    rows: int


def show_formats(*, as_json: bool) -> None:
    """Print all formats: what they are, and what they leave detection without."""
    facts = catalogue()
    if as_json:
        listed = [
            {"name": one.name, "about": one.about, "fields": one.fields, "blind": one.blind} for one in facts
        ]
        typer.echo(msgspec.json.format(msgspec.json.encode(listed)).decode())
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("format", no_wrap=True)
    table.add_column("what it is")
    table.add_column("without")
    for one in facts:
        without = ", ".join(one.blind) if one.fields else "what the mapping does not name"
        table.add_row(one.name, one.about, without or "-")
    console = _console()
    console.print(table)
    console.print(
        "\nThe last column: what detection cannot look at in this format, whatever the input holds. The content of an "
        "input shows its format; --format overrides that."
    )


def inspect_input(asked: Inspection) -> bool:
    """Print what an input is and holds. In no known format, also write the mapping to start from.

    Returns:
        Whether posts could be read.

    Raises:
        InputError: the input cannot be read.
        UsageError: the configuration or the format is wrong.
    """
    (path,) = expand_inputs([asked.path])
    settings = load_settings(asked.config)
    console = _console()
    values = _sampled(path)
    try:
        source = open_source(path, format=asked.format, mapping=settings.mapping)
    except FormatError:
        if asked.format is not None or settings.mapping is not None or not values:
            raise
        return _inspect_unknown(console, asked, path, values)
    if asked.write is not None:
        _write(asked.write, mapping_file(guess(values), values))
    about = next((one.about for one in catalogue() if one.name == source.format), "")
    console.print(Text(f"{plain(source.name)}: format {source.format}, {about}."), soft_wrap=True)
    found = look(source)
    _show(console, found, asked.rows)
    config = f" --config {shlex.quote(asked.config)}" if asked.config else ""
    _next(console, f"lockstep replay {shlex.quote(path)}{config} --report report.html", found)
    return bool(len(found.posts)) and found.fault is None


def _inspect_unknown(console: Console, asked: Inspection, path: str, values: dict[str, list[str]]) -> bool:
    """Guess the columns, show what they give, and print or write the mapping."""
    likely = guess(values)
    text = mapping_file(likely, values)
    console.print(
        Text(f"{plain(path)}: in no known format. Its columns, and what each seems to hold:\n"),
        soft_wrap=True,
    )
    _show_columns(console, likely, values)
    if asked.write is not None:
        _write(asked.write, text)
        console.print(Text(f"\nThe mapping to start from is in {plain(asked.write)}."))
    else:
        console.print("\nThe mapping to start from (--write FILE keeps it):\n")
        console.print(
            Text("".join(f"   {line}" for line in plain_lines(text).splitlines(keepends=True))),
            soft_wrap=True,
        )
    if not likely.is_complete:
        console.print("No column seems to hold who posted, or when. Complete the mapping by hand.")
        return False
    source = open_source(path, mapping=likely.mapping())
    found = look(source)
    console.print("With this mapping:\n")
    _show(console, found, asked.rows)
    config = shlex.quote(asked.write or "my.toml")
    _next(console, f"lockstep replay {shlex.quote(path)} --config {config} --report report.html", found)
    return bool(len(found.posts))


def _sampled(path: str) -> dict[str, list[str]]:
    """The first values of each column. A pipe can be read once only, so nothing is sampled from it."""
    stream = ByteInput(path)
    if stream.size is None:
        return {}
    head = stream.peek(HEAD_SIZE).removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    return sample_columns(head) if head.strip() else {}


def _show_columns(console: Console, likely: Guess, values: dict[str, list[str]]) -> None:
    fields = {column: field for field, column in likely.columns.items()}
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("column", "holds", "for example"):
        table.add_column(name, no_wrap=name != "for example")
    for column, cells in list(values.items())[:_SHOWN_COLUMNS]:
        example = plain(cells[0], 60) if cells else "(blank)"
        table.add_row(Text(plain(column, 40)), fields.get(column, "-"), Text(example))
    console.print(Padding(table, (0, 0, 0, 3)))
    if len(values) > _SHOWN_COLUMNS:
        console.print(f"   and {len(values) - _SHOWN_COLUMNS:,} more.")


def _show(console: Console, found: Findings, rows: int) -> None:
    """Show posts and shares, and what could not be used."""
    posts = found.posts
    if len(posts):
        first, last = (datetime.fromtimestamp(seconds, UTC) for seconds in _span(posts))
        accounts = posts.select(pl.struct("platform", "account_id").n_unique()).item()
        platforms = ", ".join(plain(name, 20) for name in posts["platform"].unique().sort().head(6))
        console.print(
            Text(
                f"{'All' if found.whole else 'The first'} {plural(len(posts), 'post')}: "
                f"{plural(accounts, 'account')} on {platforms}, "
                f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC."
            ),
            soft_wrap=True,
        )
        shares = {what: found.share(what) for what in EVIDENCE}
        console.print(
            "Posts with " + ", ".join(f"{what} {_percent(share)}" for what, share in shares.items()) + ".",
            soft_wrap=True,
        )
        without = [what for what, share in shares.items() if not share]
        if without:
            console.print(f"Detection has nothing to look at for {', '.join(without)}.")
        console.print()
        console.print(Padding(_first_posts(posts.head(rows)), (0, 0, 0, 3)))
    else:
        console.print("No posts.")
    if found.others:
        console.print(
            "\nNot posts: "
            + ", ".join(f"{plain(kind, 40)} ({count:,})" for kind, count in sorted(found.others.items()))
            + "."
        )
    for reason, rejected in found.rejected.most_common():
        example = found.examples[reason]
        console.print(
            Text(
                f"\n{plural(rejected, 'row')} cannot be used: {REASONS[reason]} (record {example.position:,}: "
                f"{plain(example.detail, 200)})."
            )
        )
    if found.fault is not None:
        console.print(Text(f"\n{plain(str(found.fault))}"))


def _span(posts: pl.DataFrame) -> tuple[int, int]:
    first, last = posts.select(pl.col("created_at").min(), pl.col("created_at").max().alias("last")).row(0)
    return int(first), int(last)


def _first_posts(posts: pl.DataFrame) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("account", no_wrap=True)
    table.add_column("text")
    table.add_column("shares")
    for post in posts.iter_rows(named=True):
        shares = [f"repost of {post['repost_of']}"] if post["repost_of"] else []
        shares += [f"reply to {post['reply_to']}"] if post["reply_to"] else []
        shares += post["urls"] or []
        shares += [f"#{tag}" for tag in post["hashtags"] or []] + [
            f"@{name}" for name in post["mentions"] or []
        ]
        table.add_row(
            f"{datetime.fromtimestamp(post['created_at'], UTC):%Y-%m-%d %H:%M:%S}",
            Text(plain(post["account_id"], 28)),
            Text(plain(post["text"] or "", 60)),
            Text(plain(" ".join(shares), 80)),
        )
    return table


def _next(console: Console, command: str, found: Findings) -> None:
    if len(found.posts):
        console.print(Text(f"\nTo find networks: {plain(command)}"), soft_wrap=True)


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "under 1%"
    return f"{share:.0%}"


def _write(path: str, text: str) -> None:
    with output(path) as file:
        file.write(text.encode())


def _console() -> Console:
    return Console(highlight=False, markup=False)
