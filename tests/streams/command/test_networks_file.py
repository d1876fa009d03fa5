"""`--networks`: every alert has a record of its network, with the samples that the alert leaves out."""

from pathlib import Path

import msgspec

from schemas.alerts import Alert
from schemas.networks import NetworkSnapshot
from tests.streams.conftest import Lockstep
from tests.streams.small_world import small_world, write_jsonl


def test_given_more_samples_than_an_alert_has_then_the_network_of_its_revision_has_all(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "dump", small_world())
    outputs = ("--alerts", "alerts.jsonl", "--networks", "networks.jsonl", "--report", "out.html")
    done = lockstep("replay", "dump", *outputs)
    assert done.returncode == 0
    assert "networks.jsonl" in done.stderr.decode() + done.stdout.decode()
    alerts = msgspec.json.Decoder(Alert).decode_lines((tmp_path / "alerts.jsonl").read_bytes())
    networks = msgspec.json.Decoder(NetworkSnapshot).decode_lines((tmp_path / "networks.jsonl").read_bytes())
    assert [(alert.network_id, alert.revision) for alert in alerts] == [
        (network.network_id, network.revision) for network in networks
    ]
    assert any(alert.evidence_left_out for alert in alerts)
    for alert, network in zip(alerts, networks, strict=True):
        assert len(network.evidence) == len(alert.evidence) + alert.evidence_left_out
        assert {sample.object for sample in alert.evidence} <= {sample.object for sample in network.evidence}
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert all(sample.object in page for sample in networks[-1].evidence[:5])
    left_out = len(networks[-1].evidence) - 5
    assert left_out <= 0 or f"--networks FILE writes {left_out} more" in page
