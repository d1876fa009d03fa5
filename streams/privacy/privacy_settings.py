"""The section `[privacy]`: whether names are replaced by pseudonyms. The key is no setting."""

from typing import Any

import msgspec

from schemas.errors import UsageError

KEY_VARIABLE = "LOCKSTEP_PSEUDONYM_KEY"
"""Environment variable; if set, it replaces the file named by `privacy.key_file`."""


class PrivacySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The section `[privacy]`: what is known of persons."""

    pseudonymise: bool = False
    """Whether account ids, handles and post ids become pseudonyms as they are read, in texts and links as well."""
    key_file: str | None = None
    """File with the key, one a line: the current one first, then earlier ones."""


def privacy_section(section: Any) -> Any:
    """The section as it is, unless it holds a key.

    Raises:
        UsageError: it holds a key, which the message does not repeat.
    """
    if isinstance(section, dict) and any(name in section for name in ("key", "keys", "secret", "salt")):
        raise UsageError(
            "privacy: do not put a key into the settings, which are printed and shared. Put it into a file and name it "
            f"with key_file, or into the environment as {KEY_VARIABLE}."
        )
    return section
