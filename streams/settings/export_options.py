"""The options of `lockstep export` and `lockstep why`, as those of `streams.settings.options`."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

import typer

from streams.settings.options import READ, Config


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
