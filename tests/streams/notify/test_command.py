"""`lockstep notify` over a file, as a user runs it."""

import json
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from schemas.alerts import Severity
from schemas.service.topics import replay_prefix
from tests.streams.conftest import Lockstep
from tests.streams.notify.conftest import FakeReceiver, alert_of

KEY = "0123456789abcdef-key"


def files(folder: Path, url: str, *receivers: str) -> tuple[Path, Path]:
    """A file of alerts of a replay, and settings."""
    (folder / "key").write_text(KEY)
    (folder / "url").write_text(url)
    alerts = folder / "alerts.jsonl"
    with alerts.open("wb") as file:
        for alert in (
            alert_of("a", 1, Severity.LOW, mode="replay"),
            alert_of("a", 2, Severity.HIGH, mode="replay"),
            alert_of("b", 1, Severity.INFO, mode="replay"),
        ):
            file.write(msgspec.json.encode(alert) + b"\n")
    config = folder / "my.toml"
    sections = [
        f"[notify.receivers.{one}]\nurl_file = '{folder}/url'\nsecret_file = '{folder}/key'\nallow_private = true\n"
        for one in receivers
    ]
    config.write_text(
        "[notify]\nfirst_wait_s = 0.01\ntries = 3\n"
        f"dead_letters = '{folder}/dead.jsonl'\nstate_file = '{folder}/state.sqlite'\n" + "\n".join(sections)
    )
    return alerts, config


def test_given_a_file_then_each_receiver_gets_one_digest_that_says_it_is_of_a_replay(
    lockstep: Lockstep, server: FakeReceiver, tmp_path: Path
) -> None:
    alerts, config = files(tmp_path, server.url, "one", "two")
    done = lockstep("notify", alerts, "--config", config)
    assert (done.returncode, done.stdout) == (0, b""), done.stderr.decode()
    assert "2 of 2 receivers have the message." in done.stderr.decode()
    bodies = [json.loads(got.body) for got in server.got]
    assert sorted(body["receiver"] for body in bodies) == ["one", "two"]
    for body in bodies:
        assert (body["kind"], body["mode"]) == ("digest", "replay")
        assert [(one["network_id"], one["revision"]) for one in body["networks"]] == [("a", 2)]


def test_given_a_dry_run_then_the_messages_are_printed_and_nothing_is_sent(
    lockstep: Lockstep, server: FakeReceiver, tmp_path: Path
) -> None:
    alerts, config = files(tmp_path, server.url, "one")
    (tmp_path / "key").unlink()
    done = lockstep("notify", alerts, "--config", config, "--dry-run")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["network_count"] == 1
    assert server.got == []


def test_given_a_receiver_that_fails_then_the_status_is_1_and_each_try_is_reported(
    lockstep: Lockstep, server: FakeReceiver, tmp_path: Path
) -> None:
    server.answers = [lambda: web.Response(status=500)]
    alerts, config = files(tmp_path, server.url, "one")
    done = lockstep("notify", alerts, "--config", config)
    said = done.stderr.decode()
    assert done.returncode == 1
    assert said.count("notification failed") == 2 and "1 of 1 receivers did not take the message" in said
    assert json.loads((tmp_path / "dead.jsonl").read_text())["tries"] == 3
    assert KEY not in said


def test_given_a_test_then_a_message_about_no_alert_arrives(
    lockstep: Lockstep, server: FakeReceiver, tmp_path: Path
) -> None:
    _, config = files(tmp_path, server.url, "one")
    assert lockstep("notify", "--test", "--config", config).returncode == 0
    assert json.loads(server.got[0].body)["kind"] == "test"


@pytest.mark.parametrize(
    "arguments", [[], ["--live", "--test"], ["x.jsonl", "--live"], ["--test", "--dry-run"]]
)
def test_given_not_exactly_one_source_then_it_is_wrong_usage(
    lockstep: Lockstep, arguments: list[str]
) -> None:
    assert lockstep("notify", *arguments).returncode == 2


def test_given_no_receiver_or_a_replay_then_it_is_wrong_usage(lockstep: Lockstep, tmp_path: Path) -> None:
    alerts, config = files(tmp_path, "http://127.0.0.1:1/")
    done = lockstep("notify", alerts, "--config", config)
    assert done.returncode == 2 and b"there is no receiver" in done.stderr
    config.write_text(f'[kafka]\ntopic_prefix = "{replay_prefix("r")}"')
    done = lockstep("notify", "--live", "--config", config)
    assert done.returncode == 2 and b"page nobody" in done.stderr


def test_given_a_file_that_holds_no_alerts_then_the_line_is_named(
    lockstep: Lockstep, server: FakeReceiver, tmp_path: Path
) -> None:
    alerts, config = files(tmp_path, server.url, "one")
    alerts.write_bytes(alerts.read_bytes() + b'{"no":"alert"}\n')
    done = lockstep("notify", alerts, "--config", config)
    assert done.returncode == 1 and b"line 4 is not an alert" in done.stderr
    assert server.got == []
