"""Keys of pseudonyms: from a file or the environment, and shown nowhere."""

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from schemas.errors import UsageError
from streams.privacy.privacy_settings import KEY_VARIABLE, PrivacySettings

_KEY_BYTES = 32
_KEY = re.compile(r"[0-9a-fA-F]{64,}")
_ID_LETTERS = 4


class PseudonymKey:
    """One key. Its id is part of every pseudonym made with it, and says nothing about the key.

    Args:
        secret: at least 32 random bytes.
    """

    __slots__ = ("id", "secret")

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.id = letters(hashlib.blake2b(secret, digest_size=8, person=b"lockstep key id").digest())[
            :_ID_LETTERS
        ]

    def __repr__(self) -> str:
        return f"<key {self.id}>"


def letters(data: bytes) -> str:
    """Bytes as small letters and digits."""
    return base64.b32encode(data).decode().rstrip("=").lower()


def new_key() -> str:
    """A new key, as it is written to a file."""
    return secrets.token_hex(_KEY_BYTES)


def keys_of(settings: PrivacySettings, environ: Mapping[str, str] = os.environ) -> list[PseudonymKey]:
    """The keys: the current one first, then earlier ones, which serve to find names again.

    Raises:
        UsageError: there is none, or one cannot be read.
    """
    text = environ.get(KEY_VARIABLE)
    where = KEY_VARIABLE
    if text is None:
        if settings.key_file is None:
            raise UsageError(
                f"privacy.key_file: pseudonyms need a key. `lockstep pseudonyms key --out FILE` makes one; name "
                f"the file here, or give the key in the environment as {KEY_VARIABLE}."
            )
        where = f"privacy.key_file: {settings.key_file}"
        try:
            text = Path(settings.key_file).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise UsageError(f"{where}: cannot be read: {reason}.") from error
    lines = text.split()
    if not lines or not all(_KEY.fullmatch(line) and len(line) % 2 == 0 for line in lines):
        # the content is not repeated: it may be a secret all the same
        raise UsageError(f"{where}: holds no key. A key is a line of 64 hexadecimal digits or more.")
    keys = [PseudonymKey(bytes.fromhex(line)) for line in lines]
    if len({key.id for key in keys}) != len(keys):
        raise UsageError(f"{where}: two keys have the same id. Leave one out, or make another.")
    return keys
