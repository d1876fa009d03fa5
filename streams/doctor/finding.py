"""What one check of the doctor says."""

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """How it stands."""

    OK = "ok"
    WARN = "warn"
    """It works, but worse than it could."""
    FAIL = "fail"
    """It does not work, or would give wrong results."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check."""

    check: str
    """What was looked at."""
    status: Status
    found: str
    """What was found, in words."""
    mend: str = ""
    """What to do about it; empty where nothing needs to be done."""
