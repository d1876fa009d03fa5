"""The command line: commands and help texts. `streams.command.replay_commands` does their work.

The commands of the live service are in `streams.command.live_program`, exit statuses in `streams.command.faults`.
"""

import gc
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from streams.command.alert_program import with_alerts
from streams.command.completion import answer_shell, completing
from streams.command.faults import exit_on_failures, reported_faults
from streams.command.ingest_program import ingest
from streams.command.live_program import live
from streams.command.option_groups import grouped
from streams.command.reference.pseudonym_program import pseudonyms
from streams.command.reference.registry_program import registry
from streams.command.source_program import sources
from streams.outputs.plain_text import plain_lines
from streams.replay.state.state_options import StateOptions
from streams.settings.export_options import ExportOptions, QuestionOptions
from streams.settings.options import (
    Config,
    DetectingOptions,
    FigureOptions,
    Inputs,
    InputsIfAny,
    LabelOptions,
    ReadingOptions,
    WritingOptions,
)
from streams.settings.showing_options import ShowingOptions
from streams.settings.simulation_options import SimulationOptions
from streams.version import VERSION

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lockstep {VERSION}")
        raise typer.Exit


@app.callback()
def lockstep(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Find accounts that act together while pretending not to."""


@app.command()
@grouped
def replay(
    reading: ReadingOptions,
    detecting: DetectingOptions,
    writing: WritingOptions,
    showing: ShowingOptions,
    keeping: StateOptions,
    inputs: InputsIfAny = None,
) -> None:
    """Replay dumps of posts and raise the alerts that a live run would have raised.

    With --follows alone it replays follow events: which accounts follow the same others together.
    Results go to the named files or to standard output, and a summary goes to standard error.
    """
    with reported_faults():
        from streams.command import replay_commands as commands  # noqa: PLC0415 - a second of loading that --help need not wait for

        options = commands.RunOptions(inputs or [], reading, detecting, writing, showing, keeping.state)
        exit_on_failures(commands.replay(options))


@app.command()
@grouped
def backtest(
    inputs: Inputs,
    labels: LabelOptions,
    reading: ReadingOptions,
    detecting: DetectingOptions,
    figures: FigureOptions,
    writing: WritingOptions,
    showing: ShowingOptions,
) -> None:
    """Replay dumps of labelled accounts and measure precision, recall and time to detection.

    docs/backtest.md explains each figure.
    """
    with reported_faults():
        from streams.command import replay_commands as commands  # noqa: PLC0415 - a second of loading that --help need not wait for

        options = commands.RunOptions(inputs, reading, detecting, writing, showing, more=(labels, figures))
        exit_on_failures(commands.backtest(options, labels, figures))


@app.command()
@grouped
def export(
    alerts: Annotated[
        str,
        typer.Argument(
            metavar="ALERTS",
            help="A file of alerts that `lockstep replay --alerts` wrote, plain or compressed; - for standard input.",
            show_default=False,
        ),
    ],
    options: ExportOptions,
) -> None:
    """Export the latest alert of each network to other tools: graphs, tables or STIX.

    docs/export.md describes the forms.
    """
    with reported_faults():
        from streams.exports.export import export as write_export  # noqa: PLC0415 - --help need not wait for it

        typer.echo(plain_lines(write_export(alerts, options)), err=True)


@app.command()
@grouped
def why(
    account: Annotated[
        str,
        typer.Argument(metavar="ACCOUNT", help="A handle, an id, or platform:id.", show_default=False),
    ],
    options: QuestionOptions,
    other: Annotated[
        str | None,
        typer.Argument(metavar="[OTHER]", help="A second account: what ties the two?", show_default=False),
    ] = None,
) -> None:
    """Say why an account is in a network, or what ties two accounts, and how near they came if they are in none."""
    with reported_faults():
        from streams.exports.account_questions import Files  # noqa: PLC0415 - --help need not wait for it
        from streams.exports.account_questions import why as answer  # noqa: PLC0415 - nor for this

        for line in answer(account, other, Files(options.alerts, options.networks, options.pairs)):
            typer.echo(line)


def _list_scenarios(wanted: bool) -> None:
    if wanted:
        from streams.simulation.scenarios import SCENARIOS  # noqa: PLC0415 - --help need not wait for it

        for name, scenario in SCENARIOS.items():
            typer.echo(f"{name:<16}{scenario.summary}")
        raise typer.Exit


@app.command()
@grouped
def simulate(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO",
            help="diaspora-press, troll-farm, spam-amplifier, paid-placement or quiet; --list describes them.",
            show_default=False,
        ),
    ],
    world: SimulationOptions,
    scenarios: Annotated[
        bool,
        typer.Option(
            "--list", help="Describe the scenarios and exit.", callback=_list_scenarios, is_eager=True
        ),
    ] = False,
) -> None:
    """Simulate posts, followers, profiles and a registry, with planted networks and the truth about them.

    docs/simulate.md describes the files.
    """
    with reported_faults():
        from streams.simulation.folder import write_world  # noqa: PLC0415 - --help need not wait for it
        from streams.simulation.scenarios import Plan  # noqa: PLC0415 - nor for this

        plan = Plan(scenario, world.seed, world.accounts, world.days, world.stealth, world.posts)
        written = write_world(plan, Path(world.out))
        typer.echo(plain_lines(f"{world.out}: {written}"), err=True)


@app.command()
def doctor(
    config: Config = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Check the live service as well: brokers, topics, rights, clocks, saved state, metrics.",
        ),
    ] = False,
    registry: Annotated[
        str | None,
        typer.Option("--registry", metavar="FILE", help="Check this registry of entities as well."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check the environment and the settings, and show how to correct what is wrong.

    The exit status is 1 if a check failed.
    """
    with reported_faults():
        from streams.command import replay_commands as commands  # noqa: PLC0415 - a second of loading that --help need not wait for

        if not commands.doctor(config, registry=registry, live=live, as_json=json):
            raise typer.Exit(1)


@app.command(name="compile")
def compile_all(
    *,
    for_replays: Annotated[
        bool, typer.Option("--for-replays", help="Only what every replay uses, which is most of it.")
    ] = False,
) -> None:
    """Compile the kernels ahead, so that no run waits for it; `make setup` does this.

    It takes a minute or two once, and a second when they are compiled. A replay compiles what every replay
    uses before it begins, and a worker all. It also writes Python's byte code of the program.
    """
    with reported_faults():
        from streams.command import compile_command  # noqa: PLC0415 - --help need not wait for it

        if not compile_command.compile_all(for_replays=for_replays):
            raise typer.Exit(1)


app.add_typer(completing)
app.add_typer(sources)
app.add_typer(pseudonyms, name="pseudonyms")
app.add_typer(registry, name="registry")
app.add_typer(live)
app.add_typer(with_alerts)
app.add_typer(ingest, name="ingest")


def main() -> None:
    """Run the program; every expected error is a message and an exit status."""
    # streams that the caller has closed: read nothing, print nothing
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    # igraph loads matplotlib where it is installed, which takes a second; nothing here draws with it
    sys.modules["matplotlib"] = None  # type: ignore[assignment]
    # what is loaded stays: Python's search for garbage in it, each 700 objects, is 4% of a short replay (measured)
    gc.set_threshold(10_000)
    # on SIGTERM, too, temporary files are removed
    signal.signal(signal.SIGTERM, _terminated)
    answer_shell()
    app()


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
