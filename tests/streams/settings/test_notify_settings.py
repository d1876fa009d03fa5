"""The section `[notify]`: receivers with their addresses and keys, which are never settings."""

import re
from pathlib import Path

import msgspec
import pytest

from schemas.errors import UsageError
from streams.notify.receivers import Receiver, receivers_of
from streams.settings.notify_settings import NotifySettings, ReceiverSettings
from streams.settings.settings import load_settings

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"
KEY = "0123456789abcdef-key"


def load(tmp_path: Path, text: str) -> NotifySettings:
    path = tmp_path / "my.toml"
    path.write_text(text)
    return load_settings(str(path), {}).notify


def one(tmp_path: Path, text: str, **environ: str) -> Receiver:
    (receiver,) = receivers_of(load(tmp_path, f"[notify.receivers.my-desk]\n{text}"), environ)
    return receiver


def test_the_page_has_every_setting_with_its_default() -> None:
    part = PAGE.read_text(encoding="utf-8").split("## `[notify]`")[1].split("\n## ")[0]
    tables = part.split("In each section")
    for table, kind in zip(tables, (NotifySettings, ReceiverSettings), strict=True):
        documented = dict(re.findall(r"^\| `(\w+)` \| `?(.*?)`? \|", table, re.MULTILINE))
        defaults = msgspec.to_builtins(kind())
        assert documented == {
            name: "absent" if value is None else msgspec.json.encode(value).decode()
            for name, value in defaults.items()
        }


def test_a_key_and_an_address_come_from_files_or_from_the_environment_which_wins(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://hooks.example/secret-path\n")
    (tmp_path / "key").write_text(f"{KEY}\n{KEY}-old\n")
    text = f"url_file = '{tmp_path}/url'\nsecret_file = '{tmp_path}/key'"
    receiver = one(tmp_path, text)
    assert receiver.url == "https://hooks.example/secret-path"
    assert receiver.keys == (KEY.encode(), f"{KEY}-old".encode())
    environ = {
        "LOCKSTEP_NOTIFY_SECRET_MY_DESK": f"{KEY}-new",
        "LOCKSTEP_NOTIFY_URL_MY_DESK": "https://other.example/",
    }
    receiver = one(tmp_path, text, **environ)
    assert (receiver.url, receiver.keys) == ("https://other.example/", (f"{KEY}-new".encode(),))
    assert KEY not in repr(receiver) and "other.example" not in repr(receiver)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("url = 'https://a.example/'", "needs a key to sign with"),
        ("secret_file = 'key'", "has no address"),
        ("url = 'http://a.example/'\nsecret_file = 'key'", "plain http"),
        ("url = 'https://me:pw@a.example/'\nsecret_file = 'key'", "has a login in it"),
        ("url = 'ftp://a.example/'\nsecret_file = 'key'", "its address is none"),
        ("url = 'https://[::1'\nsecret_file = 'key'", "its address is none"),
        ("url = 'https://a.example:99999/'\nsecret_file = 'key'", "its address is none"),
        ("url = 'https://127.0.0.1/'\nsecret_file = 'key'", "this machine"),
        ("url = 'https://10.1.2.3/'\nsecret_file = 'key'", "private network"),
        ("url = 'https://[::ffff:10.1.2.3]/'\nsecret_file = 'key'", "private network"),
        ("url = 'https://169.254.169.254/'\nsecret_file = 'key'\nallow_private = true", "no receiver has"),
        ("url = 'https://[fe80::1]/'\nsecret_file = 'key'\nallow_private = true", "no receiver has"),
        ("url = 'https://0.0.0.0/'\nsecret_file = 'key'\nallow_private = true", "no receiver has"),
        ("url = 'https://a.example/'\nsecret_file = 'short'", "16 characters or more"),
        ("url = 'https://a.example/'\nsecret_file = 'absent'", "cannot be read"),
        ("url = 'https://a.example/'\nurl_file = 'url'", "beside url_file"),
        ("form = 'slack'\nurl = 'https://a.example/'", "Slack-compatible"),
        ("secret = 'abc'", "do not put a secret into the settings"),
        ("daily_at = '24:00'", "no time of day"),
        ("novelty = 'some'", "novelty"),
        ("nosuch = 1", "unknown setting nosuch"),
    ],
)
def test_what_cannot_work_is_refused_with_the_name_of_the_receiver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("key").write_text(KEY)
    Path("short").write_text("short")
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        one(tmp_path, text)
    assert "notify.receivers.my-desk" in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("name", ["Desk", "a_b", "-a", "a" * 41])
def test_a_name_that_cannot_be_one_of_a_variable_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="small letters"):
        load(tmp_path, f"[notify.receivers.{name}]")


@pytest.mark.parametrize("text", ["notify = 3", "[notify]\nreceivers = 3", "[notify]\nreceivers.a = 3"])
def test_a_section_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="notify"):
        load(tmp_path, text)


def test_a_link_needs_the_network(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="network_id"):
        load(tmp_path, "[notify]\nlink = 'https://desk.example/'")
