"""Traces: the kinds of object that accounts act on."""

from enum import StrEnum


class TraceKind(StrEnum):
    """What sort of thing an account acted on.

    The order of the members is part of the contract: kernels number the kinds by it. New kinds are added at the end.
    """

    REPOST = "repost"
    URL = "url"
    TEXT = "text"
    HASHTAG_SEQUENCE = "hashtag_sequence"
    MENTION = "mention"
    REPLY = "reply"
    MEDIA = "media"
    FOLLOW = "follow"
