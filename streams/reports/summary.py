"""The summary on the terminal at the end of a run, for a person who never saw the code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from detectors.covertness.words import plural
from detectors.stores import STORES, Store
from schemas.alerts import Alert, Severity
from schemas.dead_letters import DeadLetter, Reason
from schemas.evidence import Evidence
from schemas.figures.backtest import ChanceFigures
from streams.outputs.plain_text import plain
from streams.reports.by_chance import chance_sentences
from streams.reports.durations import duration
from streams.reports.latest_alerts import LatestAlerts, is_closed, nouns
from streams.reports.rule_effects import RuleTrial, trial_sentences
from streams.reports.shown_networks import Showing
from streams.reports.what_there_was import RunOverview, nothing_found, what_there_was
from streams.reports.who_and_what import what, who

SHOWN_NETWORKS = 15
EXPLAINED_NETWORKS = 3
_SAMPLES = 3
_SAMPLE_ACCOUNTS = 4
_MOST_CHARS = 4_000

REASONS = {
    Reason.MALFORMED: "not valid in this format",
    Reason.NOT_UTF8: "not UTF-8",
    Reason.OVERSIZED: "longer than a record may be",
    Reason.MISSING_FIELD: "a required field is absent",
    Reason.BAD_TIME: "time unreadable or implausible",
    Reason.ROUNDED_ID: "an id rounded by a spreadsheet",
    Reason.COLLISION: "the id of another post",
    Reason.DUPLICATE: "the same post again",
    Reason.LATE: "too far out of order",
    Reason.DELETED: "deleted before they came",
}
_STORES = {store.name: store for store in STORES}


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The figures of a run."""

    posts: int
    follows: int
    seconds: float
    first: datetime | None
    last: datetime | None
    alerts: int
    dead_letters: Mapping[Reason, int]
    examples: Mapping[Reason, DeadLetter]
    evicted_early: Mapping[str, int]
    notices: Sequence[str]
    """What the posts say about the inputs themselves, in sentences."""
    dead_letters_kept: bool
    """Whether rejected rows were written to a file."""
    others: Mapping[str, int] = field(default_factory=dict)
    """What the inputs hold that is no post, such as likes."""
    overview: RunOverview | None = None
    """What there was to look at; None where detection did not end."""
    unfinished: str | None = None
    """Why the run ended before its inputs did, and how far it came, in a sentence."""
    showing: Showing = field(default_factory=Showing)
    """Which networks are shown."""
    rule_trial: RuleTrial | None = None
    """What rules would change that are not in force yet, if that was asked for."""
    by_chance: ChanceFigures | None = None
    """What was found in copies without coordination, if that was asked for."""


def show_summary(console: Console, figures: RunFigures, networks: LatestAlerts) -> None:
    """Print the summary. Control characters in text from the data are removed first."""
    if figures.unfinished is not None:
        console.print(Text(f"Not finished: {plain(figures.unfinished, 500)}", style="bold"))
    console.print(_figures(figures, networks))
    ranked = networks.ranked()
    fitting = figures.showing.fitting(ranked, figures.last)
    shown = fitting[: figures.showing.top or SHOWN_NETWORKS]
    note = figures.showing.note(len(shown), len(fitting), len(ranked))
    if note is not None:
        console.print(Text(note))
    if shown:
        console.print()
        console.print(_table(shown))
        if len(fitting) > len(shown):
            console.print(
                f"and {len(fitting) - len(shown):,} more. --alerts FILE or --report FILE gives all of them."
            )
        for rank, alert in enumerate(shown[:EXPLAINED_NETWORKS], start=1):
            _explain(console, rank, alert)
    elif ranked:
        console.print("No network fits that.")
    elif figures.posts or figures.follows:
        console.print(
            "No network was found." if figures.overview is None else nothing_found(figures.overview)
        )
    else:
        console.print("There were no posts to look at.")
    if figures.overview is not None:
        for paragraph in what_there_was(figures.overview, len(ranked)):
            console.print()
            console.print(_indented(plain(paragraph, _MOST_CHARS)))
    if figures.others:
        counts = ", ".join(f"{plain(kind, 40)} ({count:,})" for kind, count in sorted(figures.others.items()))
        console.print(f"\nNot posts: {counts}.")
    if figures.by_chance is not None:
        _show_chance(console, figures.by_chance)
    if figures.rule_trial is not None:
        _show_trial(console, figures.rule_trial)
    _show_rejected(console, figures)
    for notice in figures.notices:
        console.print()
        console.print(Text(f"Note: {plain(notice, 500)}"))
    for store, count in figures.evicted_early.items():
        console.print(_lost(_STORES[store], count))


def _lost(store: Store, count: int) -> str:
    return (
        f"{count:,} {store.evicted_items or store.items} left memory early because the store was full, so networks "
        f"may be missing. Raise {store.setting} in --config if there is memory."
    )


def _figures(figures: RunFigures, networks: LatestAlerts) -> Text:
    rate = figures.posts / figures.seconds if figures.seconds else 0.0
    line = f"{plural(figures.posts, 'post')} in {figures.seconds:,.1f} s ({rate:,.0f} posts/s)"
    if figures.follows and not figures.posts:
        line = f"{plural(figures.follows, 'follow event')} in {figures.seconds:,.1f} s"
    if figures.first is not None and figures.last is not None:
        line += f", from {figures.first:%Y-%m-%d %H:%M} to {figures.last:%Y-%m-%d %H:%M} UTC"
        line += f" ({duration(figures.last - figures.first)})"
    closed = sum(is_closed(alert) for alert in networks.ranked())
    suspected = sum(alert.severity is not Severity.INFO for alert in networks.ranked())
    line += f"\n{plural(len(networks), 'network')} in {plural(figures.alerts, 'alert')}, {suspected:,} suspected covert"
    notes = []
    if networks.cases < len(networks):
        notes.append(f"{plural(networks.cases, 'case')}, since some networks are one operation")
    if muted := sum(alert.suppression is not None for alert in networks.ranked()):
        notes.append(f"{muted:,} muted by reviewers' rules")
    if closed:
        notes.append(f"{closed:,} closed since, because they showed nothing new")
    if networks.absorbed:
        notes.append(
            f"{networks.absorbed:,} {'other was' if networks.absorbed == 1 else 'others were'} absorbed by them"
        )
    return Text(line + (f" ({'; '.join(notes)})" if notes else ""))


def _table(alerts: list[Alert]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("network", no_wrap=True)
    table.add_column("accounts", justify="right")
    table.add_column("since", no_wrap=True)
    table.add_column("together", justify="right")
    table.add_column("covert", justify="right")
    table.add_column("who", ratio=2)
    table.add_column("what", ratio=3)
    for rank, alert in enumerate(alerts, start=1):
        suspected = alert.severity is not Severity.INFO
        table.add_row(
            str(rank),
            Text(plain(alert.network_id, 40)),
            f"{alert.member_count:,}",
            f"{alert.event_time_start:%Y-%m-%d}",
            f"{alert.coordination:.2f}",
            "?" if alert.covertness is None else f"{alert.covertness:.2f}",
            Text(who(alert)),
            Text(("(closed) " if is_closed(alert) else "") + what(alert)),
            style="bold" if suspected else None,
        )
    return table


def _explain(console: Console, rank: int, alert: Alert) -> None:
    console.print()
    title = f"{rank}. {plain(alert.network_id, 40)}: {alert.member_count:,} accounts, coordination "
    title += f"{alert.coordination:.2f} of 1"
    if alert.covertness is not None:
        title += f", covertness {alert.covertness:.2f} of 1"
    console.print(Text(title, style="bold"))
    console.print(_indented(plain(alert.explanation, _MOST_CHARS)))
    for sample in alert.evidence[:_SAMPLES]:
        console.print(_indented(_sample(sample), 5))


def _sample(sample: Evidence) -> str:
    shown = [plain(account.removeprefix("unknown:"), 48) for account in sample.account_ids[:_SAMPLE_ACCOUNTS]]
    more = int(sample.observed) - len(shown)
    who = ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
    noun = nouns([sample.kind])[0].replace("_", " ")
    if (not sample.post_ids and len(sample.account_ids) == 1) or (
        sample.window_start == sample.window_end and len(sample.account_ids) == 1
    ):
        when = f"{sample.window_start:%Y-%m-%d %H:%M:%S} UTC"
        return f"\u2022 {plain(sample.object, 160)} ({noun}): {who}, {when}"
    took = sample.window_end - sample.window_start
    return (
        f"\u2022 {plain(sample.object, 160)} ({noun}): {int(sample.observed):,} members within "
        f"{duration(took)} from {sample.window_start:%Y-%m-%d %H:%M:%S} UTC: {who}"
    )


def _show_chance(console: Console, chance: ChanceFigures) -> None:
    console.print()
    console.print(Text("Checked by chance", style="bold"))
    console.print(_indented(" ".join(chance_sentences(chance))))


def _show_trial(console: Console, trial: RuleTrial) -> None:
    console.print()
    console.print(Text("New rules, tried", style="bold"))
    for sentence in trial_sentences(trial):
        console.print(_indented(plain(sentence, _MOST_CHARS)))


def _show_rejected(console: Console, figures: RunFigures) -> None:
    if not figures.dead_letters:
        return
    console.print()
    rows = sum(figures.dead_letters.values())
    console.print(f"{rows:,} {'row was' if rows == 1 else 'rows were'} not used:")
    for reason, count in sorted(figures.dead_letters.items(), key=lambda item: (-item[1], item[0].value)):
        line = f"{count:,} {REASONS[reason]} ({reason.value})"
        example = figures.examples.get(reason)
        if example is not None and example.position:
            where = f"{plain(example.source, 80)}, record {example.position:,}"
            line += f"; the first: {where}: {plain(example.detail, 160)}"
        console.print(_indented(line))
    if not figures.dead_letters_kept:
        console.print("Use --dead-letters FILE to keep them, each with its reason.")


def _indented(text: str, spaces: int = 3) -> Padding:
    return Padding(Text(text), (0, 0, 0, spaces))
