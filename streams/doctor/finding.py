"""The result of one check of the doctor."""

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """Result of a check."""

    OK = "ok"
    WARN = "warn"
    """It works, but less well than it could."""
    FAIL = "fail"
    """It does not work, or would give wrong results."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check and its result."""

    check: str
    """What was checked."""
    status: Status
    found: str
    """The result in words."""
    mend: str = ""
    """What to do about it; empty if nothing needs to be done."""
