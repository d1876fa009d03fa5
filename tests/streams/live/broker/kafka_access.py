"""Settings of each kind of access to a broker, for tests."""

from pathlib import Path
from typing import Any

from streams.settings.kafka_settings import KafkaSettings, Mechanism, Protocol

TLS = Path(__file__).parents[3] / "fixtures" / "tls"
PASSWORD = "correct-horse"  # noqa: S105 - what must not be seen
SCRAM: dict[str, Any] = {"sasl_mechanism": Mechanism.SCRAM_SHA_512, "username": "worker"}


def settings_of(kind: str, files: dict[str, Any]) -> KafkaSettings:
    """Settings of one way to come: a protocol, or a protocol and a mechanism."""
    protocol, _, mechanism = kind.partition(" ")
    given: dict[str, Any] = {"security_protocol": Protocol(protocol)}
    if mechanism == "OAUTHBEARER":
        given |= {"sasl_mechanism": Mechanism(mechanism), "oauth_token_file": files["oauth_token_file"]}
    elif mechanism:
        given |= {
            "sasl_mechanism": Mechanism(mechanism),
            "username": "worker",
            "password_file": files["password_file"],
        }
    return KafkaSettings(**given)


KINDS = [
    "plaintext",
    "ssl",
    *(f"sasl_plaintext {mechanism}" for mechanism in Mechanism),
    *(f"sasl_ssl {mechanism}" for mechanism in Mechanism),
]
