"""`--networks`: what ties pairs of members, by kind, and what an alert about copies says of the original."""

import csv
import gzip
import io
from itertools import chain
from pathlib import Path

import msgspec
import pytest

from schemas.alerts import Alert
from schemas.events import PostEvent
from schemas.networks import NetworkSnapshot
from tests.streams.conftest import Lockstep
from tests.streams.small_world import small_world, write_jsonl


def networks_of(path: Path) -> list[NetworkSnapshot]:
    return msgspec.json.Decoder(NetworkSnapshot).decode_lines(path.read_bytes())


def test_given_pairs_that_share_then_their_ties_are_those_of_the_pairs_file(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "dump", small_world())
    done = lockstep("replay", "dump", "--networks", "networks.jsonl", "--pairs", "pairs.csv")
    assert done.returncode == 0, done.stderr.decode()
    last = {network.network_id: network for network in networks_of(tmp_path / "networks.jsonl")}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "pairs.csv").read_text())))
    most: dict[tuple[str, str, str], int] = {}
    for row in rows:
        key = row["account_a"], row["account_b"], row["kind"]
        most[key] = max(most.get(key, 0), int(row["co_shares"]))
    ties = [tie for network in last.values() for tie in network.ties]
    assert any(tie.validated for tie in ties)
    for network in last.values():
        members = {member.account_id for member in network.members}
        assert all({tie.account_a, tie.account_b} <= members for tie in network.ties)
        assert len({(tie.account_a, tie.account_b, tie.kind) for tie in network.ties}) == len(network.ties)
        assert network.ties_left_out == 0
    for tie in ties:
        assert tie.account_a < tie.account_b
        if tie.co_shares is not None:
            assert tie.expected is not None
            assert tie.p_value is not None
            assert tie.co_shares <= most[tie.account_a, tie.account_b, tie.kind]


@pytest.mark.slow
def test_given_copies_of_an_agency_then_the_evidence_has_the_original_and_links_to_both(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    world = ("simulate", "diaspora-press", "--accounts", "1500", "--days", "4", "--out", "world")
    assert lockstep(*world).returncode == 0
    files = ("--registry", "world/registry.jsonl", "--accounts", "world/accounts.jsonl.gz")
    outputs = ("--alerts", "alerts.jsonl", "--networks", "networks.jsonl")
    done = lockstep("replay", "world/posts.jsonl.gz", *files, *outputs)
    assert done.returncode == 0, done.stderr.decode()
    with gzip.open(tmp_path / "world" / "posts.jsonl.gz") as file:
        posts = {post.post_id: post for post in msgspec.json.Decoder(PostEvent).decode_lines(file.read())}
    alerts = msgspec.json.Decoder(Alert).decode_lines((tmp_path / "alerts.jsonl").read_bytes())
    samples = [sample for alert in alerts for sample in alert.evidence]
    in_alerts = [
        [sample for sample in alert.evidence if sample.kind == "unattributed_copies"] for alert in alerts
    ]
    # an alert has the first original in full and names the others; the file of networks has all in full
    full = {id(found[0]) for found in in_alerts if found}
    of_networks = [
        sample
        for network in networks_of(tmp_path / "networks.jsonl")
        for sample in network.evidence
        if sample.kind == "unattributed_copies"
    ]
    assert full
    assert of_networks
    full |= {id(sample) for sample in of_networks}
    for sample in [*chain.from_iterable(in_alerts), *of_networks]:
        assert sample.entity is not None
        assert sample.entity.post_id is not None
        original = posts[sample.entity.post_id]
        if id(sample) in full:
            assert sample.entity.account_id == f"{original.platform}:{original.account_id}"
            assert sample.entity.text == (original.text or "")[:280]
            assert sample.entity.published_at == original.created_at
        links = {
            "x": f"https://x.com/i/web/status/{original.post_id}",
            "web": next(iter(original.urls or []), ""),
        }
        assert sample.entity.permalink == links[original.platform]
    on_x = [sample for sample in samples if sample.post_ids and sample.account_ids[0].startswith("x:")]
    assert on_x
    assert all(sample.permalinks == [f"https://x.com/i/web/status/{sample.post_ids[0]}"] for sample in on_x)
