"""`lockstep desk ALERTS.jsonl`: the desk over a file of alerts. Verdicts go to a file beside it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from schemas.errors import UsageError
from streams.desk.alert_reading import read_alerts, read_networks
from streams.desk.cases.board import Board
from streams.desk.cases.saved_filters import SavedFilters
from streams.desk.desk_options import DeskOptions
from streams.desk.verdicts.review_file import ReviewFile, beside
from streams.desk.web.access import access_of
from streams.desk.web.desk import ReviewDesk
from streams.desk.web.server import application
from streams.desk.web.serving import listen, serve
from streams.outputs.permalinks import Permalinks
from streams.outputs.plain_text import plain
from streams.settings.settings import Settings


def review_path(alerts: str, reviews: str | None) -> Path:
    """The file of reviews of a file of alerts.

    Raises:
        UsageError: the alerts come from standard input, and no file is named.
    """
    if reviews is not None:
        return Path(reviews)
    if alerts == "-":
        raise UsageError("Alerts from standard input have no place beside them. Name a file with --reviews.")
    return beside(alerts)


def run_file_desk(
    alerts: str, options: DeskOptions, settings: Settings, name: str, say: Callable[[str], None]
) -> None:
    """Serve the desk until it is asked to end.

    Args:
        alerts: path of the file, or `-`.
        options: of the command.
        settings: of the program, with what the options replace.
        name: of the reviewer who starts it.
        say: called with what the user should know.

    Raises:
        InputError: a file cannot be read.
        UsageError: the address cannot be used, or would let in everybody.
    """
    path = review_path(alerts, options.reviews)
    server = listen(settings.desk.host, settings.desk.port)
    board = Board()
    try:
        access = access_of(settings.desk, name, server.getsockname()[1])
        read_alerts(board, alerts, say)
        if options.networks is not None:
            read_networks(board, options.networks, say)
        log = ReviewFile(path, board.take_review, say)
        log.open()
        kept = settings.desk.filters_file
        filters = SavedFilters(Path(kept) if kept else path.with_name(f"{path.stem}.filters.json"))
        source = f"{plain(alerts)}; verdicts go to {plain(str(path))}"
        desk = ReviewDesk(
            board, log, filters, access, Permalinks(settings.permalinks), source, refresh=log.catch_up
        )

        def ready() -> None:
            say(f"{len(board.rows):,} networks from {alerts}, {len(board.audit()):,} reviews from {path}.")
            say(f"The desk is at {access.address}. Ctrl-C ends it.")

        asyncio.run(serve(application(desk), server, ready))
    finally:
        server.close()
        board.close()
