"""Checks that the brokers can be reached. If not, one sentence says why and what to do.

Clients of aiokafka log why they cannot connect, and raise an error without the reason. So the brokers are asked first,
in the same way as clients do, and the error has the reason.
"""

import asyncio
import logging
import os
import socket
import ssl

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.protocol.metadata import MetadataRequest

from schemas.errors import LockstepError
from streams.live.broker.connection import Connection, client_arguments
from streams.settings.kafka_settings import Mechanism

PATIENCE_S = 10.0
"""Seconds that a broker has for an answer. Chosen, not measured."""

FAULTS = (errors.KafkaError, OSError)
"""What a client of aiokafka raises when a broker, or the network to it, has a fault."""

# without a handler, Python would print the logs of aiokafka between our messages
logging.getLogger("aiokafka").addHandler(logging.NullHandler())


class BrokerError(LockstepError):
    """A broker cannot be reached, refuses access, or refuses a request (exit status 1)."""


async def check_broker(connection: Connection, patience_s: float = PATIENCE_S) -> None:
    """Make sure that a broker answers, and that one of the addresses that brokers advertise can be reached.

    Raises:
        BrokerError: no broker answers, or no advertised address can be reached; with the reason for each.
    """
    answers = await asyncio.gather(
        *(_brokers(server, connection, patience_s) for server in connection.settings.servers),
        return_exceptions=True,
    )
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, Exception):
            raise answer
    advertised = [answer for answer in answers if not isinstance(answer, BaseException)]
    if advertised:
        await _reach_advertised(advertised[0], connection, patience_s)
        return
    faults = [answer for answer in answers if isinstance(answer, BaseException)]
    reasons = (
        f"{server} {reason_of(fault, connection)}"
        for server, fault in zip(connection.settings.servers, faults, strict=True)
    )
    raise BrokerError(f"Kafka: {' '.join(reasons)}") from faults[0]


def broker_error(error: BaseException, connection: Connection, doing: str) -> BrokerError:
    """The error for what went wrong after a broker had been reached, in words. `doing` names the request."""
    return BrokerError(
        f"Kafka: {doing}: {', '.join(connection.settings.servers)} {reason_of(error, connection)}"
    )


async def _brokers(server: str, connection: Connection, patience_s: float) -> list[str]:
    """Ask a broker for the addresses of all brokers."""
    open_connection = await connect(server, connection, patience_s)
    try:
        # without topics: a broker may create a topic that is asked for by name
        answer = await open_connection.send(MetadataRequest([]))
        if not answer.brokers and connection.token is not None:
            # aiokafka does not notice that a token was refused; the broker then gives empty answers
            raise errors.SaslAuthenticationFailed
        return [_address(host, port) for _, host, port, *_ in answer.brokers]
    finally:
        await open_connection.close()


async def _reach_advertised(brokers: list[str], connection: Connection, patience_s: float) -> None:
    if set(brokers) & set(connection.settings.servers):
        return
    for broker in brokers:
        try:
            await (await connect(broker, connection, patience_s)).close()
        except Exception:  # noqa: S112 - an unknown program may answer anything
            continue
        return
    raise BrokerError(
        f"Kafka: {', '.join(connection.settings.servers)} answers, but says that the brokers are at "
        f"{', '.join(brokers) or 'no address'}, where none can be reached. Set advertised.listeners of the brokers to "
        "addresses that this machine can reach."
    )


async def connect(server: str, connection: Connection, patience_s: float) -> AIOKafkaConnection:
    """A connection to one broker, for questions of our own."""
    arguments = client_arguments(connection, "check")
    ((host, port, _),) = collect_hosts([server])
    return await create_conn(
        host,
        port,
        request_timeout_ms=int(patience_s * 1_000),
        **{name: value for name, value in arguments.items() if name != "bootstrap_servers"},
    )


def reason_of(error: BaseException, connection: Connection) -> str:
    """What went wrong, as the rest of a sentence that begins with the name of the broker."""
    protocol = connection.settings.security_protocol.value
    who = f"user {connection.settings.username}" if connection.settings.username else "this client"
    # aiokafka wraps the reason why a connection was closed
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and len(chain) < 8:
        chain.append(cause)
    for fault in chain:
        if isinstance(fault, ssl.SSLCertVerificationError):
            return (
                f"shows a certificate that cannot be trusted: {fault.verify_message}. Check kafka.ca_file, and that "
                "the certificate names this host."
            )
        if isinstance(fault, ssl.SSLError):
            reason = f" ({fault.reason.lower().replace('_', ' ')})" if fault.reason else ""
            return (
                f"does not agree on TLS{reason}. Check kafka.security_protocol, now {protocol}, the port, and whether "
                "it asks for a certificate (kafka.cert_file)."
            )
        if isinstance(fault, socket.gaierror):
            return "is unknown: no address for this name. Check kafka.bootstrap_servers."
        if isinstance(fault, ConnectionRefusedError):
            return "cannot be reached: nothing answers there. Is the broker running, and is this its port?"
        if isinstance(fault, errors.UnsupportedSaslMechanismError):
            return f"does not accept {_mechanism(connection)}. Check kafka.sasl_mechanism."
        if isinstance(fault, errors.SaslAuthenticationFailed):
            return f"does not let {who} in. {_proof(connection)}"
        if isinstance(fault, errors.AuthenticationFailedError):
            return f"was not asked: {fault.args[0] if fault.args else fault}"
        if isinstance(fault, errors.IllegalSaslStateError):
            return f"asks for no name, or in another way than {protocol}. Check kafka.security_protocol."
        if isinstance(
            fault,
            errors.TopicAuthorizationFailedError
            | errors.ClusterAuthorizationFailedError
            | errors.GroupAuthorizationFailedError,
        ):
            return (
                f"does not allow this to {who}. The rights of each role are in docs/operations/security.md."
            )
        if isinstance(fault, TimeoutError | errors.RequestTimedOutError):
            return f"does not answer in time. Check the address, and kafka.security_protocol, now {protocol}."
        if isinstance(fault, errors.KafkaConnectionError | ConnectionError | EOFError) and fault is chain[-1]:
            return (
                f"closed the connection. Check kafka.security_protocol, now {protocol}, and that this is the port of "
                "a Kafka broker for it."
            )
        if isinstance(fault, OSError):
            return f"cannot be reached: {os.strerror(fault.errno) if fault.errno else fault}."
    if isinstance(error, errors.KafkaError):
        return f"refused: {str(getattr(error, 'description', None) or error).rstrip('.')}."
    return "gives an answer that makes no sense: it does not know the password, or is not a Kafka broker."


def _mechanism(connection: Connection) -> str:
    mechanism = connection.settings.sasl_mechanism
    return mechanism.value if mechanism is not None else "clients without a name"


def _proof(connection: Connection) -> str:
    if connection.settings.sasl_mechanism is Mechanism.OAUTHBEARER:
        return "The token may have expired: check kafka.oauth_token_file."
    return "Check kafka.username and the password."


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
