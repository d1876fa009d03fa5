"""`lockstep export`: alerts and their networks in the form that another tool reads."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from detectors.covertness.words import plural
from schemas.alerts import Alert
from schemas.errors import UsageError
from streams.exports.alert_files import latest_alerts, with_networks
from streams.exports.csv_tables import write_csv
from streams.exports.tables import edges_table, evidence_table, members_table, networks_table
from streams.outputs.brief_alert import BRIEF_MEMBERS, SMALL
from streams.outputs.output_files import STDOUT, OutputError, check_outputs, output
from streams.outputs.permalinks import Permalinks
from streams.settings.export_options import ExportForm, ExportOptions
from streams.settings.options import FileUse, named_files
from streams.settings.settings import load_settings

_SHOW_MEMBERS = frozenset({ExportForm.MEMBERS, ExportForm.PARQUET, ExportForm.STIX})
_NEED_TIES = frozenset({ExportForm.GRAPHML, ExportForm.GEXF, ExportForm.EDGES})


def export(alerts_path: str, options: ExportOptions) -> str:
    """Read the alerts, write the export, and say what was written.

    Args:
        alerts_path: of a file of alerts.
        options: of the command.

    Returns:
        A sentence for the user.

    Raises:
        UsageError: an option is wrong, or the form needs the file of networks; nothing was written.
        InputError: a file cannot be read.
        OutputError: the export cannot be written.
    """
    if options.to in _NEED_TIES and options.networks is None:
        raise UsageError(
            f"--to {options.to.value} needs --networks FILE: ties are in the file of networks, which `lockstep replay "
            "--networks FILE` writes."
        )
    links = Permalinks(load_settings(options.config).permalinks)
    alerts = latest_alerts(alerts_path)
    read = [alerts_path, *named_files(FileUse.READ, options).values()]
    if options.to is not ExportForm.PARQUET:
        check_outputs({"--out": options.out}, read)
    elif options.out == STDOUT:
        raise UsageError("--to parquet writes four files: give --out a folder.")
    if options.networks is not None:
        alerts = with_networks(alerts, options.networks)
    if options.to is ExportForm.PARQUET:
        _write_parquet(Path(options.out), alerts, links)
    else:
        with output(options.out) as file:
            _writer(options.to, links)(file, alerts)
    left_out = sum(alert.ties_left_out for alert in alerts) if options.networks else 0
    where = "" if options.out == STDOUT else f" to {options.out}"
    more = f"; {left_out:,} weaker ties are not in the file of networks" if left_out else ""
    in_brief = sum(len(alert.members[BRIEF_MEMBERS:]) for alert in alerts if alert.member_count > SMALL)
    if in_brief and options.networks is None and options.to in _SHOW_MEMBERS:
        more = f"; --networks FILE adds followers and age of {plural(in_brief, 'member')}"
    members = sum(len(alert.members) for alert in alerts)
    return f"wrote {plural(len(alerts), 'network')} with {plural(members, 'member')}{where}{more}"


def _writer(form: ExportForm, links: Permalinks) -> Callable[[BinaryIO, Sequence[Alert]], None]:
    if form is ExportForm.MEMBERS:
        return lambda file, alerts: write_csv(file, members_table(alerts, links))
    if form is ExportForm.EDGES:
        return lambda file, alerts: write_csv(file, edges_table(alerts))
    if form is ExportForm.STIX:
        from streams.exports.stix_bundle import write_stix  # noqa: PLC0415 - stix2 takes half a second to load

        return write_stix
    from streams.exports.graph_files import write_gexf, write_graphml  # noqa: PLC0415 - XML for these alone

    return write_graphml if form is ExportForm.GRAPHML else write_gexf


def _write_parquet(folder: Path, alerts: Sequence[Alert], links: Permalinks) -> None:
    """Write `networks.parquet`, `members.parquet`, `edges.parquet` and `evidence.parquet`."""
    tables = {
        "networks": networks_table(alerts),
        "members": members_table(alerts, links),
        "edges": edges_table(alerts),
        "evidence": evidence_table(alerts, links),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.write_parquet(folder / f"{name}.parquet")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}.") from error
