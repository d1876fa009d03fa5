"""`lockstep review`: one verdict from the command line, to the file beside the alerts or to `reviews.v1`."""

from collections.abc import Callable, Iterable
from datetime import datetime

from detectors.reference.network_review import NetworkReview
from schemas.errors import InputError, UsageError
from schemas.reviews import ReviewEvent, ReviewKind, ReviewLabel
from streams.desk.alert_reading import AlertHead, heads_of
from streams.desk.cases.terms import term_start
from streams.desk.desk_options import ReviewOptions
from streams.desk.file_desk import review_path
from streams.desk.verdicts.review_file import ReviewFile
from streams.desk.verdicts.verdict import (
    Decision,
    JudgedNetwork,
    Reviewer,
    VerdictError,
    end_of,
    event_of,
    taking_back,
)
from streams.settings.settings import Settings

NOBODY = "-"
_FLAGS = {
    "acknowledge": ReviewKind.ACKNOWLEDGE,
    "mute": ReviewKind.MUTE,
    "unmute": ReviewKind.UNMUTE,
    "allow": ReviewKind.ALLOW,
    "disallow": ReviewKind.DISALLOW,
    "escalate": ReviewKind.ESCALATE,
    "comment": ReviewKind.COMMENT,
    "resolve": ReviewKind.RESOLVE,
    "reopen": ReviewKind.REOPEN,
}
_WITH_ACCOUNTS = frozenset({ReviewKind.MUTE, ReviewKind.ALLOW, ReviewKind.DISALLOW})


def review(
    network_id: str, options: ReviewOptions, settings: Settings, name: str, say: Callable[[str], None]
) -> ReviewEvent:
    """Record a verdict.

    Args:
        network_id: the network.
        options: of the command.
        settings: of the program.
        name: of the reviewer.
        say: called with what the user should know.

    Returns:
        What was recorded.

    Raises:
        UsageError: the options ask for no verdict or several, or lack something.
        InputError: there is no such network, or a file cannot be read.
        VerdictError: the verdict makes no sense, or could not be recorded.
        BrokerError: the brokers cannot be reached.
    """
    kind = _kind(options)
    if options.live == (options.alerts is not None):
        raise UsageError("Name the alerts with --alerts FILE, or the live service with --live.")
    by = Reviewer(name, options.role)
    if options.alerts is not None:
        return _to_file(network_id, kind, options, options.alerts, by, say)
    from streams.desk.live_review import to_topic  # noqa: PLC0415 - without --live, Kafka need not be installed

    def decided(latest: AlertHead | None, known: NetworkReview, place: str) -> ReviewEvent:
        about = _subject(network_id, latest, place)
        event_time = term_start(None if latest is None else latest.event_time_end)
        return event_of(_verdict(kind, options, known, event_time), about, by)

    return to_topic(network_id, decided, settings, say)


def _to_file(
    network_id: str,
    kind: ReviewKind,
    options: ReviewOptions,
    alerts: str,
    by: Reviewer,
    say: Callable[[str], None],
) -> ReviewEvent:
    newest: datetime | None = None
    latest: AlertHead | None = None
    for head in heads_of(alerts, say):
        newest = max(head.event_time_end, newest or head.event_time_end)
        if head.network_id == network_id and (latest is None or head.revision >= latest.revision):
            latest = head
    known = NetworkReview()
    log = ReviewFile(
        review_path(alerts, options.reviews),
        lambda event: known.take(event) if event.network_id == network_id else None,
        say,
    )
    log.open()
    about = _subject(network_id, latest, alerts)
    event = event_of(_verdict(kind, options, known, term_start(newest)), about, by)
    log.record_now([event], None)
    say(f"{event.kind.value} of {network_id} recorded in {log.path}, as {event.event_id}.")
    return event


def _subject(network_id: str, latest: AlertHead | None, place: str) -> JudgedNetwork:
    if latest is None:
        raise InputError(f"{place}: has no alert about {network_id}.")
    return JudgedNetwork(network_id, latest.alert_id, latest.revision)


def _kind(options: ReviewOptions) -> ReviewKind:
    """The one verdict that the options ask for.

    Raises:
        UsageError: they ask for none or several, or lack what it needs.
    """
    asked = [(f"--{name}", kind) for name, kind in _FLAGS.items() if getattr(options, name)]
    for name, kind in (
        ("label", ReviewKind.LABEL),
        ("assign", ReviewKind.ASSIGN),
        ("undo", ReviewKind.UNDO),
    ):
        if getattr(options, name) is not None:
            asked.append((f"--{name}", kind))
    if not asked:
        raise UsageError(
            f"Say what to do: --label, --assign, --undo, {', '.join(f'--{name}' for name in _FLAGS)}."
        )
    if len(asked) > 1:
        raise UsageError(f"One verdict at a time: {_listed(name for name, _ in asked)} are several.")
    ((name, kind),) = asked
    if options.label is not None and options.label not in set(ReviewLabel):
        raise UsageError(f"--label: {options.label!r} is none of {', '.join(ReviewLabel)}.")
    if options.account and kind not in _WITH_ACCOUNTS:
        raise UsageError(f"--account goes with --mute, --allow or --disallow, not with {name}.")
    if options.reason is None and kind is not ReviewKind.ACKNOWLEDGE:
        raise UsageError("--reason is missing: whoever reads the log later needs it.")
    return kind


def _verdict(
    kind: ReviewKind, options: ReviewOptions, known: NetworkReview, event_time: datetime
) -> Decision:
    reason = options.reason or "seen"
    if options.undo is not None:
        return taking_back(known, options.undo, reason)
    try:
        ends = None if options.until is None else end_of(options.until, event_time)
    except VerdictError as error:
        raise UsageError(f"--until: {error}") from error
    return Decision(
        kind,
        reason,
        label=None if options.label is None else ReviewLabel(options.label),
        assignee=None if options.assign == NOBODY else options.assign,
        account_ids=options.account or (),
        expires_at=ends,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
