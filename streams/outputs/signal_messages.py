"""Signals as messages: the topic of each, and its key."""

import msgspec

from detectors.signals import SignalRecord
from schemas.figures.signals import AccountEngagement, PairSynchrony
from schemas.service.topic import Topic
from schemas.service.topics import ENGAGEMENT, FOLLOWERS, SYNCHRONY
from streams.outputs.line_file import Lines

_encoder = msgspec.json.Encoder()


def topic_of(signal: SignalRecord) -> Topic:
    """The topic of a signal."""
    if isinstance(signal, PairSynchrony):
        return SYNCHRONY
    return ENGAGEMENT if isinstance(signal, AccountEngagement) else FOLLOWERS


def key_of(signal: SignalRecord) -> str:
    """The key of the message: what the signal is about. A later message with the same key replaces it."""
    if isinstance(signal, PairSynchrony):
        return f"{signal.account_a} {signal.account_b}"
    return signal.account_id


def write_signals(file: Lines, signals: list[SignalRecord]) -> None:
    """Write signals as JSON lines, each with its topic: `{"topic": "synchrony.v1", "record": {...}}`."""
    for signal in signals:
        file.write(_encoder.encode({"topic": topic_of(signal).name, "record": signal}) + b"\n")
    file.flush()
