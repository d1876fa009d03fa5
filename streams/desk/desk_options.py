"""The options of `lockstep desk` and `lockstep review`, as those of `streams.settings.options`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from streams.settings.options import READ, Config, RunId

_SERVING, _READING, _VERDICT = "Serving", "Reading", "Verdict"

Live = Annotated[
    bool,
    typer.Option(
        "--live",
        help="Over the topics of the live service instead of a file; verdicts go to reviews.v1.",
        rich_help_panel=_READING,
    ),
]
Reviews = Annotated[
    str | None,
    typer.Option(
        "--reviews",
        metavar="FILE",
        help="Where verdicts are kept, one review event a line; by default beside the alerts, as alerts.reviews.jsonl.",
        rich_help_panel=_READING,
    ),
]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="Your name in the log; by default that of your user account."),
]


@dataclass(frozen=True, kw_only=True)
class DeskOptions:
    """What the desk is over, and where it is served."""

    live: Live = False
    reviews: Reviews = None
    networks: Annotated[
        str | None,
        READ,
        typer.Option(
            "--networks",
            metavar="FILE",
            help="The networks that the run of these alerts wrote: all ties and all samples of evidence.",
            rich_help_panel=_READING,
        ),
    ] = None
    config: Config = None
    run_id: RunId = None
    host: Annotated[
        str | None,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help="Serve at this address instead of desk.host. Any but a loopback address needs a token or a proxy.",
            rich_help_panel=_SERVING,
        ),
    ] = None
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="PORT",
            min=0,
            max=65_535,
            help="Serve at this port instead of desk.port; 0: any free one.",
            rich_help_panel=_SERVING,
        ),
    ] = None
    name: As = None


@dataclass(frozen=True, kw_only=True)
class ReviewOptions:
    """A verdict on the command line, and where it goes."""

    alerts: Annotated[
        str | None,
        READ,
        typer.Option(
            "--alerts",
            metavar="FILE",
            help="The alerts that the network is in; the verdict is kept beside them.",
            rich_help_panel=_READING,
        ),
    ] = None
    live: Live = False
    reviews: Reviews = None
    config: Config = None
    run_id: RunId = None
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="LABEL",
            help="Say what it is: confirmed_inauthentic (needs two reviewers), coordinated_authentic, "
            "benign_automation, not_coordinated or insufficient_evidence.",
            rich_help_panel=_VERDICT,
        ),
    ] = None
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Say that you have seen it.", rich_help_panel=_VERDICT)
    ] = False
    assign: Annotated[
        str | None,
        typer.Option(
            "--assign",
            metavar="NAME",
            help="Give it to somebody; - for nobody.",
            rich_help_panel=_VERDICT,
        ),
    ] = None
    mute: Annotated[bool, typer.Option("--mute", help="Mute the network.", rich_help_panel=_VERDICT)] = False
    unmute: Annotated[
        bool, typer.Option("--unmute", help="End all mutes by reviews.", rich_help_panel=_VERDICT)
    ] = False
    allow: Annotated[
        bool,
        typer.Option(
            "--allow",
            help="Let its accounts count as open, or those of --account alone.",
            rich_help_panel=_VERDICT,
        ),
    ] = False
    disallow: Annotated[
        bool,
        typer.Option("--disallow", help="End what reviews of the network allow.", rich_help_panel=_VERDICT),
    ] = False
    escalate: Annotated[
        bool, typer.Option("--escalate", help="Ask for somebody else's decision.", rich_help_panel=_VERDICT)
    ] = False
    comment: Annotated[
        bool, typer.Option("--comment", help="Only say something.", rich_help_panel=_VERDICT)
    ] = False
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Say that it is done.", rich_help_panel=_VERDICT)
    ] = False
    reopen: Annotated[
        bool,
        typer.Option(
            "--reopen",
            help="Ask for another review; earlier labels no longer count.",
            rich_help_panel=_VERDICT,
        ),
    ] = False
    undo: Annotated[
        str | None,
        typer.Option(
            "--undo",
            metavar="EVENT",
            help="Take back an earlier verdict on the network, by its id.",
            rich_help_panel=_VERDICT,
        ),
    ] = None
    account: Annotated[
        list[str] | None,
        typer.Option(
            "--account",
            metavar="ACCOUNT",
            help="With --allow, --disallow or --mute: an account, as platform:id; may be repeated.",
            rich_help_panel=_VERDICT,
        ),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="TERM",
            help="With --mute, --allow or --label: when it ends, as 12h, 7d, 2w or a time; by the time of posts.",
            rich_help_panel=_VERDICT,
        ),
    ] = None
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="TEXT", help="Why.", rich_help_panel=_VERDICT),
    ] = None
    name: As = None
    role: Annotated[
        str, typer.Option("--role", metavar="ROLE", help="Your role: reviewer, lead, and so on.")
    ] = "reviewer"
