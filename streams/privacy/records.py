"""Records with pseudonyms: posts, profiles, follow events, registry, rules, reviews and labels.

All of them go through the same names, so that what matched before still matches. What stays in the clear, because
detection needs it or because it names an institution: the names of registry entities and their handles, which posts may
mention without a link; display names and descriptions of profiles, which no alert shows; domains of sites.
"""

from collections.abc import Iterable, Sequence

import msgspec
import polars as pl

from schemas.dead_letters import DeadLetter
from schemas.registry import RegistryAccount, RegistryEntity
from schemas.reviews import ReviewEvent, SuppressionRule
from schemas.values import PSEUDONYM, platform_name
from streams.privacy.keys import keys_of
from streams.privacy.privacy_settings import PrivacySettings
from streams.privacy.pseudonyms import SITES, Pseudonyms, handle_form
from streams.privacy.texts import NamesInTexts

_POST_IDS = ("post_id", "repost_of", "reply_to", "quote_of")


class PseudonymRecords:
    """Puts pseudonyms into records.

    Args:
        pseudonyms: under the current key.
    """

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._texts = NamesInTexts(pseudonyms)

    def posts(self, posts: pl.DataFrame) -> pl.DataFrame:
        """Posts with the columns of `detectors.post_columns.POSTS`."""
        if not len(posts):
            return posts
        platforms = posts["platform"]
        columns = [
            self._pseudonyms.names(platforms, posts["account_id"]),
            *(self._pseudonyms.names(platforms, posts[name], " post") for name in _POST_IDS),
            self._texts.texts(posts["text"], platforms),
            self._texts.links(posts["urls"]),
            self._mentions(posts),
        ]
        return posts.with_columns(columns)

    def _mentions(self, posts: pl.DataFrame) -> pl.Series:
        """Mentions are handles, or ids: both have the same form, but for ids with capitals."""
        mentions = posts["mentions"]
        rows = (
            posts.select("platform", "mentions")
            .with_row_index("row")
            .filter(pl.col("mentions").list.len() > 0)
        )
        if not len(rows):
            return mentions
        each = rows.explode("mentions")
        each = each.with_columns(
            mentions=self._pseudonyms.names(each["platform"], self._handles(each["mentions"]))
        )
        lists = each.group_by("row", maintain_order=True).agg("mentions")
        return (
            posts.select("mentions")
            .with_row_index("row")
            .join(lists, on="row", how="left", maintain_order="left")
            .select(pl.coalesce("mentions_right", "mentions").alias("mentions"))
            .to_series()
        )

    def _handles(self, names: pl.Series) -> pl.Series:
        """Handles in the form that is compared."""
        return names.to_frame("name").select(handle_form(pl.col("name"))).to_series()

    def profiles(self, profiles: pl.DataFrame) -> pl.DataFrame:
        """Profiles with the columns of `detectors.reference.reference_data.PROFILES`, and any others."""
        if not len(profiles):
            return profiles
        parts = profiles.select(
            platform=pl.col("account").str.extract("^([^:]*):"),
            name=pl.col("account").str.replace("^[^:]*:", ""),
        )
        names = self._pseudonyms.names(parts["platform"], parts["name"])
        return profiles.with_columns(
            pl.Series("account", parts["platform"] + ":" + names),
            self._pseudonyms.names(parts["platform"], self._handles(profiles["handle"])).alias("handle"),
            self._texts.texts(profiles["description"], parts["platform"]),
        )

    def profile_fields(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Profiles with the fields of `AccountProfile` as columns."""
        account = pl.concat_str("platform", pl.lit(":"), "account_id")
        made = self.profiles(rows.select("handle", "description", account=account))
        return rows.with_columns(
            made["handle"], made["description"], account_id=made["account"].str.replace("^[^:]*:", "")
        )

    def follows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Follow events with the columns platform, follower_id and followee_id."""
        return rows.with_columns(
            self._pseudonyms.names(rows["platform"], rows[name]) for name in ("follower_id", "followee_id")
        )

    def account(self, account: str) -> str:
        """An account as `platform:account_id`; without a platform it stays."""
        platform, colon, name = account.partition(":")
        if not colon or platform == SITES:
            return account
        return f"{platform}:{self._pseudonyms.name(platform_name(platform), name)}"

    def registry(self, entities: Iterable[RegistryEntity]) -> list[RegistryEntity]:
        """Entities of the registry. Handles stay beside their pseudonyms: texts may have them without an @."""
        return [
            msgspec.structs.replace(entity, accounts=self._accounts(entity.accounts)) for entity in entities
        ]

    def _accounts(self, accounts: Sequence[RegistryAccount]) -> list[RegistryAccount]:
        made: list[RegistryAccount] = []
        for account in accounts:
            platform = platform_name(account.platform)
            if platform == SITES:
                made.append(account)
                continue
            handle = account.handle
            made.append(
                RegistryAccount(
                    platform=platform,
                    account_id=account.account_id and self._pseudonyms.name(platform, account.account_id),
                    handle=handle and self._pseudonyms.handle(platform, handle),
                )
            )
            if handle and not PSEUDONYM.fullmatch(handle.lower()):
                made.append(RegistryAccount(platform=platform, handle=handle))
        return list(dict.fromkeys(made))

    def rule(self, rule: SuppressionRule) -> SuppressionRule:
        """A rule. Reviewers may have written pseudonyms already; they stay."""
        return msgspec.structs.replace(rule, account_ids=[self.account(name) for name in rule.account_ids])

    def review(self, review: ReviewEvent) -> ReviewEvent:
        """A review, likewise."""
        return msgspec.structs.replace(
            review, account_ids=[self.account(name) for name in review.account_ids]
        )


def without_content(letter: DeadLetter) -> DeadLetter:
    """A dead letter without the row: what could not be read may have names anywhere."""
    return msgspec.structs.replace(letter, raw="")


def pseudonym_records(settings: PrivacySettings) -> PseudonymRecords | None:
    """What puts pseudonyms into records; None if the settings ask for none.

    Raises:
        UsageError: there is no key.
    """
    if not settings.pseudonymise:
        return None
    return PseudonymRecords(Pseudonyms(keys_of(settings)[0]))
