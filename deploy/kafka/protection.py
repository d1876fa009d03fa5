"""Passwords and certificates of a development broker with users and TLS (`broker.py --sasl-tls`).

They are made together with the data folder and stay in it: `users.json` (passwords), `tls/ca.pem` (what a client
trusts), `tls/broker.p12` (the broker's key, certificate and its chain). The key of the certificate authority is
deleted once it has signed the broker's certificate.
"""

import json
import secrets
import shutil
import subprocess
from pathlib import Path

import jars

SUPER_USER = "admin"
"""The user who may do everything, also with access control."""
CLIENTS = "CLIENTS"
"""Name of the listener for clients; names of its settings contain it in lower case."""

_VALID_DAYS = "3650"
_MECHANISMS = ("SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN", "OAUTHBEARER")
_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
_MODULES = "org.apache.kafka.common.security"


def make(folder: Path, names: list[str], keytool: str) -> None:
    """Draw a password for each user, and make the certificates.

    Args:
        folder: The data folder of the cluster.
        names: Users who may connect, besides `SUPER_USER`.
        keytool: Path of the program of that name, which comes with Java.
    """
    passwords = {user: secrets.token_urlsafe(24) for user in [SUPER_USER, *names]}
    _write_secret(users_file(folder), json.dumps(passwords))
    tls = folder / "tls"
    shutil.rmtree(tls, ignore_errors=True)  # left by a start that was interrupted
    tls.mkdir(mode=0o700)
    store_password = secrets.token_urlsafe(24)
    _write_secret(tls / "store-password", store_password)

    def call(*arguments: str) -> None:
        command = [keytool, *arguments, "-keystore", "broker.p12", "-storetype", "PKCS12"]
        command += ["-storepass:file", "store-password"]
        result = subprocess.run(  # noqa: S603 - comes with the Java found
            command, cwd=tls, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if result.returncode:
            raise jars.SetUpError(f"keytool {arguments[0]} failed: {result.stdout[-1000:].strip()}")

    key = ["-keyalg", "EC", "-groupname", "secp256r1", "-validity", _VALID_DAYS]
    authority = ["-ext", "bc:critical=ca:true,pathlen:0", "-ext", "ku:critical=keyCertSign,cRLSign"]
    addresses = ["-ext", "san=dns:localhost,ip:127.0.0.1"]
    server = [*addresses, "-ext", "ku:critical=digitalSignature", "-ext", "eku=serverAuth"]
    call("-genkeypair", "-alias", "ca", "-dname", "CN=development broker CA", *key, *authority)
    call("-genkeypair", "-alias", "broker", "-dname", "CN=localhost", "-signer", "ca", *key, *server)
    call("-exportcert", "-rfc", "-alias", "ca", "-file", "ca.pem")
    call("-delete", "-alias", "ca")
    (tls / "broker.p12").chmod(0o600)


def users_file(folder: Path) -> Path:
    """The file with the passwords: a JSON object, user to password."""
    return folder / "users.json"


def users(folder: Path) -> dict[str, str]:
    """The passwords, by user."""
    kept = json.loads(users_file(folder).read_text())
    return {str(user): str(password) for user, password in kept.items()}


def ca_file(folder: Path) -> Path:
    """The certificate that clients trust, PEM."""
    return folder / "tls" / "ca.pem"


def scram_arguments(folder: Path) -> list[str]:
    """Arguments of the format program, so that the users exist from the start."""
    return [
        f"--add-scram={mechanism}=[name={user},password={password}]"
        for user, password in users(folder).items()
        for mechanism in _SCRAM
    ]


def broker_settings(folder: Path, with_acls: bool) -> dict[str, str]:
    """The settings of the listener for clients and, with `with_acls`, of access control.

    Without access control every user may do everything. With it a user may do what ACLs allow. `SUPER_USER` may do
    everything, and so may the nodes, which are anonymous on their own listeners.

    OAUTHBEARER accepts unsigned tokens: it shows that a client sends one, but protects nothing.
    """
    of_listener = f"listener.name.{CLIENTS.lower()}"
    plain = " ".join(f'user_{user}="{password}"' for user, password in users(folder).items())
    settings = {
        "sasl.enabled.mechanisms": ",".join(_MECHANISMS),
        f"{of_listener}.scram-sha-256.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
        f"{of_listener}.scram-sha-512.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
        f"{of_listener}.plain.sasl.jaas.config": f"{_MODULES}.plain.PlainLoginModule required {plain};",
        f"{of_listener}.oauthbearer.sasl.jaas.config": f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required "
        'unsecuredLoginStringClaim_sub="broker";',
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(folder / "tls" / "broker.p12"),
        "ssl.keystore.password": (folder / "tls" / "store-password").read_text(),
        "ssl.client.auth": "none",
    }
    if with_acls:
        settings["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
        settings["super.users"] = f"User:{SUPER_USER};User:ANONYMOUS"
        settings["allow.everyone.if.no.acl.found"] = "false"
    return settings


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
