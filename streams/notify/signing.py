"""The signature of a request, by which a receiver knows who sent it, and that it is new.

It covers the time and the body: HMAC-SHA256 (RFC 2104) of `SECONDS.BODY`. A receiver refuses a request whose time is
minutes away from its own clock, so that nobody can repeat a request later.
"""

import hashlib
import hmac
from collections.abc import Sequence


def signature(keys: Sequence[bytes], at: int, body: bytes) -> str:
    """The value of the header `Lockstep-Signature`.

    Args:
        keys: of the receiver; one `v1` is written for each.
        at: seconds since 1970 UTC, of this try.
        body: of the request.
    """
    made = [hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest() for key in keys]
    return ",".join([f"t={at}", *(f"v1={one}" for one in made)])
