"""Settings: what a file may hold, and which messages name what it may not."""

import re
from pathlib import Path

import msgspec
import pytest

from detectors.config import DetectionConfig
from schemas.errors import UsageError
from schemas.shares import TraceKind
from streams.settings.kafka_settings import KafkaSettings, Mechanism, Protocol
from streams.settings.settings import Settings, WorkerSettings, load_settings, setting_values

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may be run with a broker named there."""
    monkeypatch.delenv("LOCKSTEP_KAFKA", raising=False)


def load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "my.toml"
    path.write_text(text)
    return load_settings(str(path))


def test_without_a_file_or_with_an_empty_one_all_is_default(tmp_path: Path) -> None:
    assert load_settings(None) == Settings() == load(tmp_path, "")


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "seed = 0\n[time]\ntick_s = 300\n[co_share.windows_s]\nurl = [60]\n[input]\nsort_rows = 5\n"
    )
    assert settings.detection.seed == 0
    assert settings.detection.time.tick_s == 300
    assert settings.detection.co_share.windows_s == {TraceKind.URL: (60,)}
    assert settings.input.sort_rows == 5
    assert settings.detection.digest != DetectionConfig().digest


def test_every_setting_has_its_name_in_the_file(tmp_path: Path) -> None:
    values = dict(setting_values(Settings()))
    assert values["time.tick_s"] == 600
    assert values["input.sort_rows"] == 500_000
    assert not any(name.startswith(("detection", "mapping", "source")) for name in values)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[gate\n", "is not valid TOML"),
        ("gates = 1", "unknown: gates. Known are: attribution, co_share, desk, engagement"),
        ("[gate]\nfoo = 1", r"\[gate\]: unknown setting foo. Known are: "),
        ("[input]\nfoo = 1", r"\[input\]: unknown setting foo. Known are: bad_share_after"),
        ("gate = 'x'", "gate: expected object, got str"),
        ("input = 3", "input: expected object, got int"),
        ("source = 3", "source: expected a section"),
        ("[source]\nfoo = 1", "foo"),
        ("[co_share.windows_s]\nlikes = [1]", "co_share.windows_s: invalid enum value 'likes'"),
        ("[time]\ntick_s = 0", "time.tick_s: give a number of at least 10"),
        ("[evidence]\nmax_pairs = -1", "evidence.max_pairs: give a number"),
        ("[traces]\nsimilarity = nan", "traces.similarity: give a number between 0 and 1"),
        ("[gate]\nfalse_discovery_rate = 1", "gate.false_discovery_rate: give a number between 0 and 1"),
        ("seed = 99999999999999999999", "seed: give a number"),
        ("[co_share]\nstrata = []", "co_share.strata: give"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        load(tmp_path, text)
    assert "my.toml" in str(caught.value)


def test_a_file_names_the_broker_of_the_live_service(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        [kafka]
        bootstrap_servers = "k1.example.org:9093, k2.example.org ,[::1]:1"
        topic_prefix = "team.lockstep."
        replication_factor = 3
        security_protocol = "sasl_ssl"
        sasl_mechanism = "SCRAM-SHA-512"
        username = "worker"
        password_file = "secret"

        [worker]
        idle_after_s = 5
        max_ahead_s = 0
        web_port = 9100
        """,
    )
    assert settings.kafka.servers == ("k1.example.org:9093", "k2.example.org:9092", "[::1]:1")
    assert settings.kafka.security_protocol is Protocol.SASL_SSL
    assert settings.kafka.sasl_mechanism is Mechanism.SCRAM_SHA_512
    assert settings.worker == WorkerSettings(idle_after_s=5.0, max_ahead_s=0, web_port=9100)
    assert settings.detection.digest == DetectionConfig().digest


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("[kafka]\nbootstrap_servers = 'a:1'\nusername = ''\n")
    path = str(tmp_path / "my.toml")
    with pytest.raises(UsageError, match=r"kafka\.username: is empty"):
        load_settings(path, {})
    (tmp_path / "my.toml").write_text("[kafka]\nbootstrap_servers = 'a:1'\n")
    assert load_settings(path, {"LOCKSTEP_KAFKA": "b:2"}).kafka.servers == ("b:2",)
    assert load_settings(None, {"LOCKSTEP_KAFKA": "b"}).kafka.servers == ("b:9092",)
    assert load_settings(path, {"LOCKSTEP_KAFKA": ""}).kafka.servers == ("a:1",)
    with pytest.raises(UsageError, match="LOCKSTEP_KAFKA: 'b:x' is no broker"):
        load_settings(path, {"LOCKSTEP_KAFKA": "b:x"})


@pytest.mark.parametrize(
    "text",
    [
        "password = 'hunter2'",
        "sasl_plain_password = 'hunter2'",
        "client_secret = 'hunter2'",
        "oauth_token = 'hunter2'",
        "sasl_jaas_config = 'hunter2'",
        "Password = ['hunter2']",
        "bootstrap_servers = 'worker:hunter2@k1:9092'",
        "bootstrap_servers = 'k1:9092,kafka://worker:hunter2@k2'",
    ],
)
def test_a_secret_among_the_settings_is_refused_and_not_repeated(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="password_file") as caught:
        load(tmp_path, f"[kafka]\n{text}\n")
    assert "hunter2" not in str(caught.value)


SASL = "security_protocol = 'sasl_ssl'\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kafka = 3", "kafka: expected object, got int"),
        ("worker = 3", "worker: expected object, got int"),
        ("[kafka]\nfoo = 1", r"\[kafka\]: unknown setting foo. Known are: bootstrap_servers, ca_file"),
        ("[worker]\nfoo = 1", r"\[worker\]: unknown setting foo. Known are: batch_rows"),
        ("[kafka]\nbootstrap_servers = ''", "bootstrap_servers: '' is no broker"),
        ("[kafka]\nbootstrap_servers = 'a:1,'", "bootstrap_servers: '' is no broker"),
        ("[kafka]\nbootstrap_servers = 'a:0'", "bootstrap_servers: 'a:0' is no broker"),
        ("[kafka]\nbootstrap_servers = 'a:65536'", "bootstrap_servers: 'a:65536' is no broker"),
        ("[kafka]\nbootstrap_servers = '::1'", "bootstrap_servers: '::1' is no broker"),
        ("[kafka]\nbootstrap_servers = '[a]:1'", "bootstrap_servers: .* is no broker"),
        ("[kafka]\nbootstrap_servers = 'a b:1'", "bootstrap_servers: 'a b:1' is no broker"),
        ("[kafka]\nbootstrap_servers = 'kafka://a:1'", "without a scheme"),
        ("[kafka]\nbootstrap_servers = 5", "kafka.bootstrap_servers: expected str, got int"),
        (
            "[kafka]\ntopic_prefix = 'lockstep'",
            "kafka.topic_prefix: 'lockstep' cannot be the prefix of topics",
        ),
        ("[kafka]\nclient_id = 'a b'", "kafka.client_id: give"),
        ("[kafka]\nreplication_factor = 0", "kafka.replication_factor: give a number from 1 to"),
        ("[kafka]\nreplication_factor = 40_000", "kafka.replication_factor: give a number from 1 to 32,767"),
        ("[kafka]\nmax_request_bytes = 1_000_000", "kafka.max_request_bytes: give a number from"),
        ("[kafka]\nsecurity_protocol = 'tls'", "kafka.security_protocol: invalid enum value 'tls'"),
        (
            "[kafka]\nca_file = 'a'",
            "kafka.ca_file: is given, but security_protocol plaintext does not encrypt",
        ),
        ("[kafka]\nsecurity_protocol = 'ssl'\nkey_file = 'a'", "kafka.key_file: is given without cert_file"),
        (
            "[kafka]\nusername = 'a'",
            "kafka.username: is given, but security_protocol plaintext sends no name",
        ),
        ("[kafka]\nsecurity_protocol = 'ssl'\nusername = 'a'", "security_protocol ssl sends no name"),
        (f"[kafka]\n{SASL}", "kafka.sasl_mechanism: give one of SCRAM-SHA-256"),
        (f"[kafka]\n{SASL}sasl_mechanism = 'GSSAPI'", "kafka.sasl_mechanism: invalid enum value 'GSSAPI'"),
        (f"[kafka]\n{SASL}sasl_mechanism = 'PLAIN'", "kafka.username: PLAIN needs one"),
        (f"[kafka]\n{SASL}sasl_mechanism = 'OAUTHBEARER'", "kafka.oauth_token_file: OAUTHBEARER needs"),
        (
            f"[kafka]\n{SASL}sasl_mechanism = 'OAUTHBEARER'\noauth_token_file = 't'\nusername = 'a'",
            "kafka.username: OAUTHBEARER sends a token and no name",
        ),
        (
            f"[kafka]\n{SASL}sasl_mechanism = 'PLAIN'\nusername = 'a'\noauth_token_file = 't'",
            "kafka.oauth_token_file: goes with",
        ),
        (
            "[kafka]\nbootstrap_servers = 'localhost,k1.example.org'\nsecurity_protocol = 'sasl_plaintext'\n"
            "sasl_mechanism = 'PLAIN'\nusername = 'a'",
            "would send the secret where all on",
        ),
        ("[worker]\nidle_after_s = 0", "worker.idle_after_s: give a number of at least 0.01"),
        ("[worker]\nidle_after_s = nan", "worker.idle_after_s: give a number of at least 0.01"),
        ("[worker]\nsnapshot_every_s = inf", "worker.snapshot_every_s: give a number"),
        ("[worker]\nidle_after_s = '3'", "worker.idle_after_s: expected float, got str"),
        ("[worker]\nmax_ahead_s = -1", "worker.max_ahead_s: give a number of at least 0"),
        ("[worker]\nweb_port = 65_536", "worker.web_port: give a number from 0 to 65,535"),
        ("[worker]\nweb_port = true", "worker.web_port: expected int, got bool"),
        ("[worker]\nweb_host = ''", "worker.web_host: is empty"),
        ("[worker]\nshards = 3", "worker.shards: 3 is none of 0, 1, 2, 4, 8 and 16"),
        ("[worker]\nshards = 32", "worker.shards: give a number from 0 to 16"),
    ],
)
def test_what_is_wrong_about_the_live_service_is_named(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        load(tmp_path, text)
    assert "my.toml" in str(caught.value)


def test_addresses_of_posts_on_further_platforms_are_settings(tmp_path: Path) -> None:
    settings = load(tmp_path, "[permalinks]\nvk = 'https://vk.com/wall{post_id}'")
    assert settings.permalinks == {"vk": "https://vk.com/wall{post_id}"}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("vk.com/{post_id}", "permalinks.vk: give an address that begins with https://"),
        ("javascript:{post_id}", "permalinks.vk: give an address that begins with https://"),
        ("https://{handle}/1", "permalinks.vk: give an address that begins with https://"),
        ("https://vk.com/wall", "permalinks.vk: give an address with one or more of the fields"),
        ("https://vk.com/{post_id}/{name}", "permalinks.vk: give an address with one or more of the fields"),
    ],
)
def test_an_address_that_cannot_be_filled_is_refused(address: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(reason)):
        load(tmp_path, f"[permalinks]\nvk = '{address}'")


@pytest.mark.parametrize("server", ["127.0.0.1:9092", "localhost", "[::1]:9092", "127.8.0.1"])
def test_on_one_machine_a_password_may_be_sent_as_it_is(server: str, tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        f"[kafka]\nbootstrap_servers = '{server}'\nsecurity_protocol = 'sasl_plaintext'\n"
        "sasl_mechanism = 'PLAIN'\nusername = 'a'",
    )
    assert settings.kafka.sasl_mechanism is Mechanism.PLAIN


@pytest.mark.parametrize(("section", "kind"), [("kafka", KafkaSettings), ("worker", WorkerSettings)])
def test_the_page_has_every_setting_of_the_live_service_with_its_default(
    section: str, kind: type[msgspec.Struct]
) -> None:
    part = PAGE.read_text(encoding="utf-8").split(f"## `[{section}]`")[1].split("\n## ")[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| `?(.*?)`? \|", part, re.MULTILINE))
    values = {
        name.split(".")[1]: value for name, value in setting_values(Settings()) if name.startswith(section)
    }
    assert documented == {
        name: "absent" if value is None else msgspec.json.encode(value).decode()
        for name, value in values.items()
    }
    assert list(documented) == [field.name for field in msgspec.structs.fields(kind)]
