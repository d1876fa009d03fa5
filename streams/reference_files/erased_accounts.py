"""`--erased`: accounts that are to be left out, one a line."""

from schemas.errors import InputError
from schemas.values import account_name
from streams.privacy.records import PseudonymRecords
from streams.reference_files.whole_files import text_of_file
from streams.sources.files.compressed import ByteInput

_MOST_BYTES = 256 << 20
"""Bytes of the largest file: some ten million accounts. Chosen, not measured."""


def read_erased(path: str | None, names: PseudonymRecords | None = None) -> frozenset[str]:
    """Accounts as `platform:account_id`; empty lines and those that begin with `#` are passed over.

    Args:
        path: of the file; None: there is none.
        names: puts pseudonyms into them; None: names stay.

    Raises:
        InputError: the file cannot be read, is no text, or a line names no account.
    """
    if path is None:
        return frozenset()
    accounts = set()
    text = text_of_file(ByteInput(path), _MOST_BYTES, "a file of erased accounts")
    for number, line in enumerate(text.splitlines(), 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        platform, colon, account_id = account_name(name).partition(":")
        if not (platform and colon and account_id):
            raise InputError(
                f"--erased: line {number:,} of {path} names no account. Give each as platform:account_id, such as "
                "x:2244994945."
            )
        known = f"{platform}:{account_id}"
        accounts.add(known if names is None else names.account(known))
    return frozenset(accounts)
