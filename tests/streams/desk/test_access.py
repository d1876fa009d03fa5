"""Who may use the desk: what it refuses, seen from outside."""

import json
import socket
from pathlib import Path

import pytest

from tests.streams.conftest import Lockstep
from tests.streams.desk.conftest import few_alerts, write_alerts
from tests.streams.desk.desk_program import Client, DeskProcess, running_desk

TOKEN = "a-token-of-a-good-length"  # noqa: S105 - of a test
VERDICT = {"network_id": "net-000000", "kind": "comment", "reason": "looked at"}


def verdict_of(client: Client, **more: str) -> dict[str, str]:
    """The form of the first case, filled in."""
    page = client.get("/case?network=net-000000")
    names = ("form_token", "event_id", "seen")
    return {**{name: page.field(name) for name in names}, **VERDICT, **more}


def reviews(folder: Path) -> list[str]:
    path = folder / "alerts.reviews.jsonl"
    return path.read_text().splitlines() if path.exists() else []


pytestmark = pytest.mark.slow


def test_given_a_form_of_the_desk_then_the_verdict_is_recorded(desk: DeskProcess, tmp_path: Path) -> None:
    client = Client(desk)
    answer = client.post("/verdict", verdict_of(client))
    assert (answer.status, answer.headers["location"]) == (303, "/case?network=net-000000#log")
    assert len(reviews(tmp_path)) == 1


def test_given_a_form_that_is_sent_twice_then_it_counts_once(desk: DeskProcess, tmp_path: Path) -> None:
    client = Client(desk)
    form = verdict_of(client)
    assert [client.post("/verdict", form).status for _ in range(3)] == [303] * 3
    assert len(reviews(tmp_path)) == 1


def test_given_a_page_that_was_used_then_another_verdict_from_it_is_not_swallowed(
    desk: DeskProcess, tmp_path: Path
) -> None:
    client = Client(desk)
    form = verdict_of(client)
    client.post("/verdict", form)
    answer = client.post("/verdict", {**form, "reason": "something else"})
    assert (answer.status, "has been used for another verdict" in answer.text) == (422, True)
    again = {**form, "reason": "something else", "event_id": answer.field("event_id")}
    assert client.post("/verdict", again).status == 303
    assert [json.loads(line)["reason"] for line in reviews(tmp_path)] == ["looked at", "something else"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": " \n "}, "Give a reason"),
        ({"reason": "x" * 2_001}, "The reason is too long"),
        ({"kind": "label"}, "Choose a label"),
        ({"kind": "label", "label": "guilty"}, "no such label"),
        ({"kind": "remove"}, "Choose what to do"),
        ({"kind": "mute", "until": "soon"}, "is no end"),
        ({"kind": "mute", "until": "2001-01-01T00:00:00Z"}, "is over already"),
        ({"kind": "comment", "until": "7d"}, "can end by itself"),
        ({"kind": "allow", "account": "nobody"}, "is no account"),
        ({"kind": "undo", "reverses": "absent"}, "no verdict with that id"),
        ({"kind": "assign", "assignee": "x" * 81}, "at most 80 characters"),
        ({"event_id": "no"}, "The id of this verdict is none"),
        ({"network_id": "net-999999"}, "There is no network"),
    ],
)
def test_given_a_verdict_that_makes_no_sense_then_it_is_refused_with_the_reason(
    shared_desk: DeskProcess, fields: dict[str, str], said: str
) -> None:
    client = Client(shared_desk)
    answer = client.post("/verdict", verdict_of(client) | fields)
    assert answer.status in (404, 422)
    assert said in answer.text
    assert reviews(shared_desk.output.parent) == []


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({"Origin": "http://evil.example"}, {}),
        ({"Origin": "null"}, {}),
        ({"Origin": "-", "Sec_Fetch_Site": "cross-site"}, {}),
        ({"Origin": "-", "Sec_Fetch_Site": "same-site"}, {}),
        ({"Content_Type": "text/plain"}, {}),
        ({}, {"form_token": ""}),
        ({}, {"form_token": "0" * 64}),
    ],
)
def test_given_a_form_of_another_site_then_nothing_is_recorded(
    shared_desk: DeskProcess, headers: dict[str, str], fields: dict[str, str]
) -> None:
    client = Client(shared_desk)
    answer = client.post("/verdict", verdict_of(client) | fields, **headers)
    assert answer.status == 403
    assert reviews(shared_desk.output.parent) == []


def test_given_the_form_of_another_session_then_nothing_is_recorded(shared_desk: DeskProcess) -> None:
    ours, theirs = Client(shared_desk), Client(shared_desk)
    form = verdict_of(theirs)
    ours.get("/")
    assert ours.post("/verdict", form).status == 403
    assert reviews(shared_desk.output.parent) == []


def test_given_a_name_that_is_made_to_lead_here_then_the_desk_does_not_answer(
    shared_desk: DeskProcess,
) -> None:
    for name in ("evil.example", f"evil.example:{shared_desk.port}", "127.0.0.1", "127.0.0.1:1"):
        assert Client(shared_desk, host=name).get("/").status == 421
    for name in (
        f"localhost:{shared_desk.port}",
        f"LOCALHOST:{shared_desk.port}",
        f"[::1]:{shared_desk.port}",
    ):
        assert Client(shared_desk, host=name).get("/").status == 200


def test_given_any_answer_then_it_runs_nothing_and_loads_nothing_of_others(shared_desk: DeskProcess) -> None:
    client = Client(shared_desk)
    for path in ("/", "/audit", "/static/desk.js", "/nothing", "/case?network=none"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
    cookie = Client(shared_desk).get("/").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_given_a_body_that_is_too_large_then_it_is_not_read(shared_desk: DeskProcess) -> None:
    client = Client(shared_desk)
    assert client.post("/verdict", verdict_of(client, reason="x" * 300_000)).status == 413


_FORM = (
    b"POST /verdict HTTP/1.1\r\nHost: %(host)s\r\nConnection: close\r\n"
    b"Content-Type: application/x-www-form-urlencoded"
)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"garbage\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: %(host)s\r\nBad Header\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /%(long)s HTTP/1.1\r\nHost: %(host)s\r\n\r\n", b"400"),
        (b"GET /?q=%%ff&page=%%F0%%9F HTTP/1.1\r\nHost: %(host)s\r\nConnection: close\r\n\r\n", b"200"),
        (
            b"GET / HTTP/1.1\r\nHost: %(host)s\r\nCookie: %(cookie)s=\xff\xfe.x\r\nConnection: close\r\n\r\n",
            b"200",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: %(host)s\r\nCookie: %(cookie)s=e30.\xc3\xa9\r\nConnection: close\r\n\r\n",
            b"200",
        ),
        (_FORM + b"; charset=nonsense\r\nContent-Length: 3\r\n\r\na=b", b"400"),
        (_FORM + b"\r\nContent-Length: 6\r\n\r\na=\xff\xfe\xfd\xfc", b"400"),
        (_FORM + b"\r\nContent-Length: 14\r\n\r\nform_token=%%ff", b"403"),
    ],
)
def test_given_what_is_no_request_then_it_is_refused_without_a_traceback(
    shared_desk: DeskProcess, sent: bytes, status: bytes
) -> None:
    host = f"127.0.0.1:{shared_desk.port}".encode()
    cookie = f"lockstep-desk-{shared_desk.port}".encode()
    with socket.create_connection(("127.0.0.1", shared_desk.port), timeout=60) as connection:
        connection.sendall(sent % {b"host": host, b"cookie": cookie, b"long": b"a" * 20_000})
        answer = connection.recv(4_096)
    assert answer.split()[1] == status, answer
    assert "Traceback" not in shared_desk.said()
    assert Client(shared_desk).get("/").status == 200


def test_given_a_changed_cookie_then_it_is_worth_nothing(shared_desk: DeskProcess) -> None:
    client = Client(shared_desk)
    client.get("/")
    assert client.cookie is not None
    name, _, value = client.cookie.partition("=")
    other = Client(shared_desk, cookie=f"{name}=x{value}")
    assert "set-cookie" in other.get("/").headers, "a new session begins"


@pytest.mark.parametrize(
    ("settings", "environment", "said"),
    [
        ('host = "0.0.0.0"', {}, "nothing asks who they are"),
        ('host = "192.0.2.1"', {}, "cannot be served"),
        ('host = "0.0.0.0"', {"LOCKSTEP_DESK_TOKEN": TOKEN}, "desk.origins: name the addresses"),
        ('host = "127.0.0.1"', {"LOCKSTEP_DESK_TOKEN": "short"}, "the token is too short"),
        ('token_file = "absent"', {}, "absent: cannot be read"),
        ('token = "a-token-of-a-good-length"', {}, "do not put the token into the settings"),
        ('origins = ["desk.example.org"]', {}, "is no address of a site"),
        ('user_header = "a b"', {}, "is no name of a header"),
        ('proxies = ["proxy.example.org"]', {}, "is no IP address"),
    ],
)
def test_given_settings_that_would_let_everybody_in_then_the_desk_does_not_start(
    lockstep: Lockstep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
    environment: dict[str, str],
    said: str,
) -> None:
    write_alerts(tmp_path / "alerts.jsonl", few_alerts())
    (tmp_path / "desk.toml").write_text(f"[desk]\nport = 0\n{settings}\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = lockstep("desk", "alerts.jsonl", "--config", "desk.toml")
    assert done.returncode == 2, done.stderr
    assert said in done.stderr.decode().replace("\n", " ")
    assert TOKEN not in done.stderr.decode()


def test_given_a_token_then_only_who_knows_it_sees_anything(tmp_path: Path) -> None:
    alerts = write_alerts(tmp_path / "alerts.jsonl", few_alerts())
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    config = tmp_path / "desk.toml"
    config.write_text(f'[desk]\ntoken_file = "{tmp_path}/token"\n')
    with running_desk(tmp_path, alerts, "--config", config) as desk:
        client = Client(desk)
        for path in ("/", "/case?network=net-000000", "/audit.jsonl", "/changes"):
            answer = client.get(path)
            assert (answer.status, answer.body) == (303, b""), path
        page = client.get("/sign-in?next=/audit")
        form = {"form_token": page.field("form_token"), "name": "ben", "role": "lead", "next": "/audit"}
        wrong = client.post("/sign-in", {**form, "token": "a-token-of-a-good-lengtH"})
        assert (wrong.status, "This is not the token" in wrong.text) == (403, True)
        assert client.get("/").status == 303
        right = client.post("/sign-in", {**form, "token": TOKEN})
        assert (right.status, right.headers["location"]) == (303, "/audit")
        assert "ben" in client.get("/").text
        assert client.post("/verdict", verdict_of(client)).status == 303
        assert '"actor":"ben","role":"lead"' in reviews(tmp_path)[0]
        token = client.get("/").field("form_token")
        assert client.post("/sign-out", {"form_token": token}).status == 303
        client.cookie = None
        assert client.get("/").status == 303
        elsewhere = Client(desk)
        page = elsewhere.get("/sign-in?next=//evil.example/")
        form = {**form, "form_token": page.field("form_token"), "token": TOKEN, "next": "//evil.example/"}
        assert elsewhere.post("/sign-in", form).headers["location"] == "/"
    assert TOKEN not in desk.said()


def test_given_a_proxy_then_it_alone_says_who_comes(tmp_path: Path) -> None:
    alerts = write_alerts(tmp_path / "alerts.jsonl", few_alerts())
    config = tmp_path / "desk.toml"
    config.write_text('[desk]\nuser_header = "X-Forwarded-User"\n')
    with running_desk(tmp_path, alerts, "--config", config) as desk:
        assert Client(desk).get("/").status == 403
        client = Client(desk, headers={"X-Forwarded-User": "cyd"})
        assert client.post("/verdict", verdict_of(client)).status == 303
        assert '"actor":"cyd"' in reviews(tmp_path)[0]
        # somebody else with the same cookie is somebody else
        other = Client(desk, headers={"X-Forwarded-User": "dan"}, cookie=client.cookie)
        assert other.post("/verdict", verdict_of(other)).status == 303
        assert '"actor":"dan"' in reviews(tmp_path)[1]
    config.write_text('[desk]\nuser_header = "X-Forwarded-User"\nproxies = ["192.0.2.7"]\n')
    with running_desk(tmp_path, alerts, "--config", config) as desk:
        assert Client(desk, headers={"X-Forwarded-User": "cyd"}).get("/").status == 403


def test_given_a_desk_that_is_asked_to_end_then_it_ends_in_order(desk: DeskProcess) -> None:
    Client(desk).get("/")
    assert desk.stop() == 0


def test_given_wrong_usage_then_it_says_what_is_wrong(lockstep: Lockstep, alerts: Path) -> None:
    for arguments, said in (
        (("desk",), "Name a file of alerts, or give --live."),
        (("desk", alerts, "--live"), "Name a file of alerts, or give --live."),
        (("desk", "--live", "--reviews", "x.jsonl"), "go with a file of alerts"),
    ):
        done = lockstep(*arguments)
        assert (done.returncode, said in done.stderr.decode()) == (2, True), done.stderr
    assert lockstep("desk", "absent.jsonl", "--port", "0").returncode == 1
