"""`lockstep export`: what other tools read back is what the alerts and networks say, whatever the text in them."""

import csv
import io
import json
import warnings
from pathlib import Path
from typing import Any

import igraph
import msgspec
import networkx
import polars as pl
import pytest

from schemas.alerts import Alert
from schemas.networks import NetworkSnapshot
from streams.outputs.alert_sinks import AlertSinks
from streams.outputs.brief_alert import BRIEF_MEMBERS
from tests.streams.conftest import Lockstep
from tests.streams.reports.many_cases import HOSTILE, many_alerts

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import stix2

HANDLE = "=cmd|'/c calc'!A1\x07<&>\u202e"


def written(folder: Path, alerts: list[Alert]) -> tuple[Path, Path]:
    """The files of a run with these alerts."""
    paths = folder / "alerts.jsonl", folder / "networks.jsonl"
    with paths[0].open("wb") as alerts_file, paths[1].open("wb") as networks_file:
        sinks = AlertSinks(alerts_file, networks_file)
        for alert in alerts:
            sinks.write(alert)
    return paths


@pytest.fixture
def run(tmp_path: Path) -> tuple[list[Alert], Path, Path]:
    """Six networks; the first has a hostile handle, and an older revision comes before it."""
    alerts = list(many_alerts(6, 60, suspected=2))
    first = alerts[0]
    member = msgspec.structs.replace(first.members[0], handle=HANDLE)
    newer = msgspec.structs.replace(first, revision=2, members=[member, *first.members[1:]])
    gone = msgspec.structs.replace(first, network_id="net-gone", successor_id=first.network_id)
    return [newer, *alerts[1:]], *written(tmp_path, [first, gone, newer, *alerts[1:]])


def ties_of(alerts: list[Alert]) -> set[tuple[str, frozenset[str], str]]:
    return {(a.network_id, frozenset((t.account_a, t.account_b)), t.kind) for a in alerts for t in a.ties}


def exported(lockstep: Lockstep, form: str, *files: Path, out: str = "out", text: bool = True) -> Any:
    alerts, networks = files
    done = lockstep("export", alerts, "--to", form, "--networks", networks, "--out", out)
    assert done.returncode == 0, done.stderr.decode()
    assert b"wrote 6 networks with 60 members" in done.stderr
    return Path(out)


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_a_graph_has_every_member_and_every_tie_by_kind_with_its_network(
    form: str, run: tuple[list[Alert], Path, Path], lockstep: Lockstep
) -> None:
    alerts, *files = run
    path = exported(lockstep, form, *files)
    read = networkx.read_graphml if form == "graphml" else networkx.read_gexf
    graph = read(path)
    members = {member.account_id: (alert, member) for alert in alerts for member in alert.members}
    assert set(graph.nodes) == set(members)
    for node, said in graph.nodes(data=True):
        alert, member = members[node]
        assert said["network_id"] == alert.network_id
        assert said["followers"] == member.followers
        assert said["suspected"] is ((alert.covertness or 0) >= 0.5)
        assert said["created_at"].startswith(f"{member.created_at:%Y-%m-%dT%H:%M}")
    found = {(said["network_id"], frozenset((a, b)), said["kind"]) for a, b, said in graph.edges(data=True)}
    assert found == ties_of(alerts)
    assert graph.nodes[alerts[0].members[0].account_id]["handle"] == HANDLE.replace("\x07", "")


def test_igraph_opens_the_graphml_too(run: tuple[list[Alert], Path, Path], lockstep: Lockstep) -> None:
    alerts, *files = run
    graph = igraph.Graph.Read_GraphML(str(exported(lockstep, "graphml", *files)))
    assert graph.vcount() == 60
    assert graph.ecount() == sum(len(alert.ties) for alert in alerts)
    assert set(graph.es["kind"]) == {"text", "url"}


def test_csv_has_the_tables_and_no_cell_that_a_spreadsheet_runs(
    run: tuple[list[Alert], Path, Path], lockstep: Lockstep
) -> None:
    alerts, *files = run
    members = list(csv.DictReader(exported(lockstep, "members", *files).read_text("utf-8").splitlines()))
    assert len(members) == 60
    assert members[0]["handle"] == f"'{HANDLE}"
    assert members[1]["profile"] == f"https://x.com/i/user/{members[1]['account_id']}"
    assert not [cell for row in members for cell in row.values() if cell[:1] in {"=", "+", "-", "@"}]
    edges = list(csv.DictReader(exported(lockstep, "edges", *files).read_text("utf-8").splitlines()))
    found = {
        (row["network_id"], frozenset((row["account_a"], row["account_b"])), row["kind"]) for row in edges
    }
    assert found == ties_of(alerts)


def test_members_have_their_followers_from_the_file_of_networks_and_the_command_says_how_many_lack_them(
    tmp_path: Path, lockstep: Lockstep
) -> None:
    alerts, networks = written(tmp_path, list(many_alerts(2, 60)))
    lacking = 60 - 2 * BRIEF_MEMBERS
    rows = {}
    for name, more in (("brief", []), ("whole", ["--networks", networks])):
        done = lockstep("export", alerts, "--to", "members", "--out", name, *more)
        said = f"--networks FILE adds followers and age of {lacking} members" in done.stderr.decode()
        assert said is (name == "brief")
        rows[name] = list(csv.DictReader((tmp_path / name).read_text("utf-8").splitlines()))
    assert [row["account_id"] for row in rows["brief"]] == [row["account_id"] for row in rows["whole"]]
    assert all(row["first_seen"] for row in rows["brief"])
    assert [sum(not row["followers"] for row in rows[name]) for name in rows] == [lacking, 0]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "|x", "%x"]
)
def test_every_beginning_that_a_spreadsheet_runs_is_marked_as_text(cell: str) -> None:
    from streams.exports.csv_tables import write_csv

    file = io.BytesIO()
    write_csv(file, pl.DataFrame({"cell": [cell, "plain = 1", None]}))
    rows = list(csv.reader(io.StringIO(file.getvalue().decode(), newline="")))
    assert rows[1:3] == [[f"'{cell}"], ["plain = 1"]]


def test_stix_is_read_back_with_accounts_groupings_and_sightings_and_is_always_the_same(
    run: tuple[list[Alert], Path, Path], lockstep: Lockstep
) -> None:
    alerts, *files = run
    path = exported(lockstep, "stix", *files)
    bundle = stix2.parse(path.read_text("utf-8"), version="2.1")
    kinds: dict[str, list[Any]] = {}
    for made in bundle.objects:
        kinds.setdefault(made.type, []).append(made)
    assert {account.user_id for account in kinds["user-account"]} == {
        member.account_id[2:] for alert in alerts for member in alert.members
    }
    assert {grouping.name for grouping in kinds["grouping"]} == {alert.headline for alert in alerts}
    assert len(kinds["grouping"]) == len(alerts)
    assert sum(grouping.context == "suspicious-activity" for grouping in kinds["grouping"]) == 2
    ids = {made.id for made in bundle.objects}
    for sighting in kinds["sighting"]:
        assert {sighting.sighting_of_ref, *sighting.observed_data_refs} <= ids
    first = path.read_bytes()
    assert exported(lockstep, "stix", *files).read_bytes() == first


def test_parquet_has_four_tables_and_the_evidence_links_to_posts_and_originals(
    run: tuple[list[Alert], Path, Path], lockstep: Lockstep
) -> None:
    alerts, *files = run
    folder = exported(lockstep, "parquet", *files, out="tables")
    tables = {path.stem: pl.read_parquet(path) for path in folder.iterdir()}
    assert {name: len(table) for name, table in tables.items()} == {
        "networks": 6,
        "members": 60,
        "edges": sum(len(alert.ties) for alert in alerts),
        "evidence": sum(len(sample.account_ids) for alert in alerts for sample in alert.evidence),
    }
    copies = tables["evidence"].filter(kind="unattributed_copies")
    assert copies["original_text"].null_count() == 0
    assert copies["permalink"].str.starts_with("https://x.com/i/web/status/").all()
    assert tables["networks"]["explanation"].str.ends_with(HOSTILE).all()


def test_without_the_networks_tables_of_members_work_and_graphs_say_what_they_need(
    run: tuple[list[Alert], Path, Path], lockstep: Lockstep
) -> None:
    _, alerts, _ = run
    done = lockstep("export", alerts, "--to", "members")
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 61
    for form in ("graphml", "gexf", "edges"):
        done = lockstep("export", alerts, "--to", form)
        assert done.returncode == 2
        assert b"--networks FILE" in done.stderr


def test_what_is_no_alert_or_of_another_run_is_named(
    run: tuple[list[Alert], Path, Path], lockstep: Lockstep, tmp_path: Path
) -> None:
    _, alerts, networks = run
    (tmp_path / "bad.jsonl").write_bytes(alerts.read_bytes() + b'{"a": 1}\n')
    done = lockstep("export", "bad.jsonl", "--to", "members")
    assert done.returncode == 1
    assert b"bad.jsonl: line 9 is not an alert" in done.stderr
    lines = networks.read_bytes().splitlines(keepends=True)
    (tmp_path / "other.jsonl").write_bytes(b"".join(lines[:-1]))
    done = lockstep("export", alerts, "--to", "edges", "--networks", "other.jsonl")
    assert done.returncode == 1
    assert b"other.jsonl: has no revision" in done.stderr
    done = lockstep("export", alerts, "--to", "members", "--out", alerts)
    assert done.returncode == 2


def test_the_files_of_a_real_run_are_exported(lockstep: Lockstep, world: Path) -> None:
    outputs = ("--alerts", "a.jsonl", "--networks", "n.jsonl")
    assert lockstep("replay", world, *outputs).returncode == 0
    networks = msgspec.json.Decoder(NetworkSnapshot).decode_lines(Path("n.jsonl").read_bytes())
    done = lockstep("export", "a.jsonl", "--to", "graphml", "--networks", "n.jsonl", "--out", "g.graphml")
    assert done.returncode == 0, done.stderr.decode()
    graph = networkx.read_graphml("g.graphml")
    assert {said["network_id"] for _, said in graph.nodes(data=True)} <= {n.network_id for n in networks}
    assert graph.number_of_edges() > 0
    done = lockstep("export", "a.jsonl", "--to", "stix")
    assert json.loads(done.stdout)["type"] == "bundle"
