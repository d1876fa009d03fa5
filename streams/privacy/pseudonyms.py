"""Names to pseudonyms: HMAC-SHA256 of platform and name under a key.

The same name has the same pseudonym, on one platform and under one key, so that everything that matched still matches.
A name is hashed once and then remembered: the cost is for each different name, not for each post.
"""

import hmac
import re

import polars as pl

from schemas.values import PSEUDONYM
from streams.privacy.keys import PseudonymKey, letters

SITES = "web"
"""The platform whose accounts are sites. Their domains are no personal names, and stay."""
_MOST_REMEMBERED = 1 << 20
"""Names that are remembered, at about 200 bytes each. Chosen, not measured."""
_LETTERS = 22
"""110 bits of the HMAC: two of a billion names get the same pseudonym with a chance below 10^-15."""
_NUMBER = re.compile(r"99\d{20}")


class Pseudonyms:
    """Makes pseudonyms under one key.

    Args:
        key: the current one.
    """

    def __init__(self, key: PseudonymKey) -> None:
        self._key = key
        self._known: dict[tuple[str, str], str] = {}

    def name(self, platform: str, name: str) -> str:
        """The pseudonym of an account id, or of a handle as `handle_form` writes it. A pseudonym stays as it is."""
        return self._of(platform, name)

    def handle(self, platform: str, handle: str) -> str:
        """The pseudonym of a handle, however it is written."""
        return self._of(platform, handle.strip().removeprefix("@").lower())

    def post(self, platform: str, post_id: str) -> str:
        """The pseudonym of a post id. Anyone could look up the author of a post by its id."""
        return self._of(f"{platform} post", post_id)

    def number(self, platform: str, number: str) -> str:
        """A number in place of the number of a post in a link; it is longer than any of a platform."""
        if _NUMBER.fullmatch(number):
            return number
        digest = hmac.digest(self._key.secret, f"{platform} number\n{number}".encode(), "sha256")
        return f"99{int.from_bytes(digest[:8], 'big'):020}"

    def names(self, platforms: pl.Series, names: pl.Series, kind: str = "") -> pl.Series:
        """Pseudonyms of a column.

        Args:
            platforms: String, of each row; those of `SITES` stay.
            names: String, account ids, handles in their form for comparing, or post ids; null stays null.
            kind: "" for accounts and handles, " post" for post ids.
        """
        pairs = pl.DataFrame({"platform": platforms, "name": names})
        different = pairs.drop_nulls().filter(pl.col("platform") != SITES).unique()
        if not len(different):
            return names
        made = [self._of(f"{platform}{kind}", name) for platform, name in different.iter_rows()]
        joined = pairs.join(
            different.with_columns(pseudonym=pl.Series(made, dtype=pl.String)),
            on=["platform", "name"],
            how="left",
            maintain_order="left",
        )
        return joined.select(pl.coalesce("pseudonym", "name").alias(names.name)).to_series()

    def _of(self, space: str, name: str) -> str:
        known = self._known.get((space, name))
        if known is not None:
            return known
        if not name or PSEUDONYM.fullmatch(name):
            return name
        digest = hmac.digest(self._key.secret, f"{space}\n{name}".encode("utf-8", "surrogatepass"), "sha256")
        made = f"p{self._key.id}_{letters(digest)[:_LETTERS]}"
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[space, name] = made
        return made


def handle_form(handle: pl.Expr) -> pl.Expr:
    """Handles in the form that is compared: without @, in Unicode form NFKC and small letters."""
    return handle.str.strip_chars().str.strip_prefix("@").str.normalize("NFKC").str.to_lowercase()
