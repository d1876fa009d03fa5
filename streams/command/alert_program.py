"""The commands that take alerts to people and learn from them, and their help texts.

They are notify, desk, review and calibrate.
"""

import getpass
import sys
from typing import Annotated

import msgspec
import typer

from schemas.errors import UsageError
from streams.command.faults import reported_faults
from streams.command.option_groups import grouped
from streams.desk.desk_options import DeskOptions, ReviewOptions
from streams.heartbeat import heartbeat
from streams.outputs.plain_text import plain, plain_lines
from streams.settings.export_options import CalibrationOptions
from streams.settings.options import Config

with_alerts = typer.Typer()
"""The main program shows these commands beside its own."""


@with_alerts.command()
def notify(
    alerts: Annotated[
        str | None,
        typer.Argument(
            metavar="[ALERTS]",
            help="A file of alerts: each receiver gets one digest of it. - for standard input.",
            show_default=False,
        ),
    ] = None,
    config: Config = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Follow the alerts of the live service, until SIGTERM or Ctrl-C."),
    ] = False,
    test: Annotated[
        bool, typer.Option("--test", help="Send each receiver a message that is about no alert.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With ALERTS: print what would be sent, and send nothing.")
    ] = False,
) -> None:
    """Notify receivers of alerts by signed webhooks: a case tool, a chat, a pager.

    The settings name receivers, in sections [notify.receivers.NAME]. docs/operations/notifications.md describes them.
    """
    with reported_faults():
        if (alerts is not None) + live + test != 1:
            raise UsageError("give one of these: a file of alerts, --live, or --test.")
        if dry_run and alerts is None:
            raise UsageError("--dry-run goes with a file of alerts.")
        if live:
            from streams.live.service import notify_command  # noqa: PLC0415 - --help need not wait for it

            status = notify_command.notify(config)
            if status:
                raise typer.Exit(status)
            return
        from streams.notify import batch  # noqa: PLC0415 - nor for this

        said = (
            batch.try_receivers(config)
            if alerts is None
            else batch.notify_of_file(alerts, config, dry_run=dry_run)
        )
        typer.echo(plain_lines(said), err=True)


@with_alerts.command()
@grouped
def calibrate(
    alerts: Annotated[
        str,
        typer.Argument(
            metavar="ALERTS",
            help="A file of alerts with all their revisions, plain or compressed; - for standard input.",
            show_default=False,
        ),
    ],
    options: CalibrationOptions,
) -> None:
    """Turn scores into probabilities, learnt from the labels that reviewers gave.

    docs/calibrate.md explains the figures. Few verdicts give wide intervals, or no curve.
    """
    with reported_faults():
        from streams.calibration.calibrate import calibrate as run  # noqa: PLC0415 - --help need not wait for it
        from streams.outputs.terminal import text_console  # noqa: PLC0415 - nor for this

        run(alerts, options, text_console(stderr=True))


@with_alerts.command()
@grouped
def desk(
    options: DeskOptions,
    alerts: Annotated[
        str | None,
        typer.Argument(
            metavar="[ALERTS]",
            help="A file of alerts that `lockstep replay --alerts` wrote, plain or compressed; none with --live.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Review alerts in a browser: a queue, each case with its evidence, verdicts and their log.

    It serves this machine alone, unless the settings say otherwise. docs/desk.md describes it.
    """
    with reported_faults():
        if options.live == (alerts is not None):
            raise UsageError("Name a file of alerts, or give --live.")
        if options.live and (options.reviews or options.networks):
            raise UsageError(
                "--reviews and --networks go with a file of alerts. With --live, topics have both."
            )
        from streams.settings.settings import for_run, load_settings  # noqa: PLC0415 - --help need not wait for it

        settings = for_run(load_settings(options.config), options.run_id)
        given = {"host": options.host, "port": options.port}
        served = msgspec.structs.replace(
            settings.desk, **{name: value for name, value in given.items() if value is not None}
        )
        settings = msgspec.structs.replace(settings, desk=served)
        name = _reviewer(options.name)
        if alerts is None:
            from streams.desk.live_desk import run_live_desk  # noqa: PLC0415 - without --live, Kafka need not be there

            run_live_desk(settings, name, _say)
        else:
            from streams.desk.file_desk import run_file_desk  # noqa: PLC0415 - --help need not wait for it

            run_file_desk(alerts, options, settings, name, _say)


@with_alerts.command()
@grouped
def review(
    network: Annotated[
        str,
        typer.Argument(metavar="NETWORK", help="Id of the network, as in its alert.", show_default=False),
    ],
    options: ReviewOptions,
) -> None:
    """Record one verdict on a network without a browser; it is printed as a line of JSON.

    Each verdict needs a reason. docs/desk.md says what each of them does.
    """
    with reported_faults():
        from streams.desk.review_command import review as record  # noqa: PLC0415 - --help need not wait for it
        from streams.settings.settings import for_run, load_settings  # noqa: PLC0415 - nor for this

        settings = for_run(load_settings(options.config), options.run_id)
        event = record(network, options, settings, _reviewer(options.name), _say)
        typer.echo(msgspec.json.encode(event).decode())


def _reviewer(name: str | None) -> str:
    """The name of the reviewer: as given, or that of the user account.

    Raises:
        UsageError: neither is there.
    """
    if name is None:
        try:
            name = getpass.getuser()
        except (OSError, KeyError) as error:
            raise UsageError("--as: this user account has no name. Give yours.") from error
    name = plain(name, 80)
    if not name:
        raise UsageError("--as: give a name.")
    return name


def _say(line: str) -> None:
    heartbeat.end()  # from now on the command speaks, or waits to be asked
    typer.echo(plain_lines(line), err=True)
    sys.stderr.flush()
