"""Canonical posts and labels on disk: those of `streams.simulation`, for every benchmark."""

from streams.simulation.records.canonical import (
    POST_ID_BASE,
    TIME_FORMAT,
    Label,
    read_labels,
    write_labels,
    write_posts,
)

__all__ = ["POST_ID_BASE", "TIME_FORMAT", "Label", "read_labels", "write_labels", "write_posts"]
