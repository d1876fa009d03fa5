"""The commands that take alerts to people and learn from them, and their help texts: notify and calibrate."""

from typing import Annotated

import typer

from schemas.errors import UsageError
from streams.command.faults import reported_faults
from streams.command.option_groups import grouped
from streams.outputs.plain_text import plain_lines
from streams.settings.calibration_options import CalibrationOptions
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
