"""The options of `lockstep export`, `lockstep why` and `lockstep calibrate`, as those of `streams.settings.options`."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

import typer

from streams.settings.options import READ, WRITTEN, Config


class ExportForm(Enum):
    """What an export is for."""

    GRAPHML = "graphml"
    GEXF = "gexf"
    MEMBERS = "members"
    EDGES = "edges"
    STIX = "stix"
    PARQUET = "parquet"


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What is exported, and where it is written."""

    to: Annotated[
        ExportForm,
        typer.Option(
            "--to",
            help="graphml, gexf: a graph of all ties; members, edges: CSV; stix: STIX 2.1; parquet: a folder of four "
            "tables.",
            rich_help_panel="Writing",
            show_default=False,
        ),
    ]
    networks: Annotated[
        str | None,
        READ,
        typer.Option(
            "--networks",
            metavar="FILE",
            help="The networks that the run of these alerts wrote: all ties and all samples of evidence. Graphs and "
            "edges need it.",
            rich_help_panel="Reading",
        ),
    ] = None
    config: Config = None
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where it is written; - for standard output. A folder for parquet.",
            rich_help_panel="Writing",
        ),
    ] = "-"


@dataclass(frozen=True, kw_only=True)
class QuestionOptions:
    """The files of the run that is asked about."""

    alerts: Annotated[
        str,
        READ,
        typer.Option(
            "--alerts",
            metavar="FILE",
            help="The alerts that the run wrote.",
            rich_help_panel="Reading",
            show_default=False,
        ),
    ]
    networks: Annotated[
        str | None,
        READ,
        typer.Option(
            "--networks",
            metavar="FILE",
            help="Its networks: all ties and all samples of evidence.",
            rich_help_panel="Reading",
        ),
    ] = None
    pairs: Annotated[
        str | None,
        READ,
        typer.Option(
            "--pairs",
            metavar="FILE",
            help="Its pairs: what accounts outside all networks shared, and by how much they failed the test.",
            rich_help_panel="Reading",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class CalibrationOptions:
    """What is read beside the alerts, and what is written."""

    reviews: Annotated[
        str,
        READ,
        typer.Option(
            "--reviews",
            metavar="FILE",
            help="The audit log of reviews, one event a line.",
            rich_help_panel="Reading",
            show_default=False,
        ),
    ]
    json: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write the figures as JSON; - for standard output.",
            rich_help_panel="Writing",
        ),
    ] = None
    svg: Annotated[
        str | None,
        WRITTEN,
        typer.Option(
            "--svg",
            metavar="FILE",
            help="Draw the reliability curves.",
            rich_help_panel="Writing",
        ),
    ] = None
