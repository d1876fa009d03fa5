"""Names in texts and links: mentions, addresses of profiles and posts, and e-mail addresses.

A text is cut at each name, and put together again with pseudonyms. Only names that differ are looked at one by one.
What is no mention and no link stays: a name that is merely written in a text is not found.
"""

import re

import polars as pl

from streams.privacy.pseudonyms import Pseudonyms

_CUT = "\ue000"
"""A character for private use; it is taken out of texts first."""
_MANY_PARTS = (
    "bluesky",
    "mastodon",
    "instagram",
    "tiktok",
    "threads",
    "youtube",
    "pixelfed",
    "misskey",
    "pleroma",
)
"""Platforms whose handles have dots, or a server behind another @. Elsewhere a mention ends at the first of these."""
_HOSTS = {
    "x.com": "x", "twitter.com": "x", "mobile.twitter.com": "x", "nitter.net": "x", "fxtwitter.com": "x",
    "vxtwitter.com": "x", "instagram.com": "instagram", "facebook.com": "facebook", "m.facebook.com": "facebook",
    "fb.com": "facebook", "t.me": "telegram", "telegram.me": "telegram", "tiktok.com": "tiktok",
    "youtube.com": "youtube", "m.youtube.com": "youtube", "reddit.com": "reddit", "old.reddit.com": "reddit",
    "bsky.app": "bluesky", "threads.net": "threads", "threads.com": "threads", "vk.com": "vk", "m.vk.com": "vk",
    "linkedin.com": "linkedin",
}  # fmt: skip
_NO_NAMES = {
    "x": "i|home|search|hashtag|explore|intent|share|settings|login|signup|tos|privacy|about|compose|messages|web",
    "instagram": "p|reel|reels|tv|explore|accounts|about|directory|web|tags",
    "facebook": "watch|groups|events|sharer|sharer.php|share|story.php|permalink.php|photo|photo.php|photos|reel|reels|"
    "video.php|videos|hashtag|login|help|marketplace|gaming|pages|pg|l.php|media|plugins|dialog|profile.php|people",
    "telegram": "joinchat|addstickers|addlist|addemoji|proxy|share|c|iv|socks|login|boost|giftcode|invoice|bg",
    "vk": "wall|video|photo|feed|search|im|app|club|public|doc|topic|clips|away.php|share.php",
}
"""First parts of a path that name no account, where accounts have the first part to themselves."""
_IN_PATH = {
    "youtube": r"^/(?:(?:channel|user|c)/|(?=@))",
    "reddit": r"^/(?:user|u)/",
    "tiktok": r"^/(?=@)",
    "threads": r"^/(?=@)",
    "bluesky": r"^/profile/",
    "linkedin": r"^/in/",
    "telegram": r"^/(?:s/)?",
    "instagram": r"^/(?:stories/)?",
}
_SERVER = re.compile(r"^/(?:@|users/|web/@)([\w.-]+(?:@[\w.-]+)?)(?=/|$)", re.IGNORECASE)
"""A profile on a server of the fediverse, which may have any host."""
_LINK = re.compile(r"^(https?://)?(?:www\.)?([\w.-]+)(:\d+)?([^?#]*)(.*)$", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"(?<=/)\d+(?!\w)")
_END = re.compile(r"[.,;:!?)\]}\u00bb\u2026\u3002\uff0c]+$")
"""Marks at the end of a link in a text are not part of it."""
_AT_URI = re.compile(r"^at://([^/]+)(.*)$", re.DOTALL)
_FACEBOOK_ID = re.compile(r"(?<=[?&]id=)\d+")
_SHORT = "|".join(re.escape(host) for host in sorted(_HOSTS, key=len, reverse=True))
_MARKED = r"\w+(?:[.\-]\w+)*(?:@\w+(?:[.\-]\w+)*)?"
_ADDRESS = r"[\w.+\-]+@\w[\w\-]*(?:\.\w[\w\-]*)+"


def _names_in(mention: str) -> str:
    """Pattern of everything in a text that may have a name: links, profiles without https, e-mail, mentions."""
    return (
        rf"(?i:https?://[^\s<>\"'\u3000-\u303f]+|at://[^\s<>\"']+|\b(?:www\.)?(?:{_SHORT})/[^\s<>\"'\u3000-\u303f]+"
        rf"|{_ADDRESS}|[@\uff20]{mention})"
    )


class NamesInTexts:
    """Puts pseudonyms into texts and links.

    Args:
        pseudonyms: of the current key.
    """

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    def texts(self, texts: pl.Series, platforms: pl.Series) -> pl.Series:
        """Texts with pseudonyms in place of names; null stays null.

        Args:
            texts: String.
            platforms: String, of each text: mentions are names on it.
        """
        rows = pl.DataFrame({"text": texts, "platform": platforms}).with_row_index("row")
        # most texts name nobody
        rows = rows.filter(pl.col("text").str.contains(r"[@\x{ff20}/]"))
        if not len(rows):
            return texts
        many = pl.col("platform").is_in(_MANY_PARTS)
        parts = [
            self._rewritten(rows.filter(mask), _names_in(mention))
            for mask, mention in ((many, _MARKED), (~many, r"\w+"))
        ]
        done = pl.concat(parts)
        return texts.scatter(done["row"], done["text"])

    def _rewritten(self, rows: pl.DataFrame, pattern: str) -> pl.DataFrame:
        """Columns row and text, of rows that have names."""
        text = pl.col("text")
        rows = rows.with_columns(text.str.replace_all(_CUT, "", literal=True)).with_columns(
            found=text.str.replace_all(_CUT, "", literal=True).str.extract_all(pattern)
        )
        rows = rows.filter(pl.col("found").list.len() > 0)
        if not len(rows):
            return rows.select("row", "text")
        pieces = rows.select(
            "row",
            "platform",
            piece=text.str.replace_all(pattern, _CUT).str.split(_CUT),
            found=pl.concat_list("found", pl.lit("")),
        ).explode("piece", "found")
        different = pieces.select("platform", "found").unique()
        made = [self._replacement(platform, found) for platform, found in different.iter_rows()]
        pieces = pieces.join(
            different.with_columns(made=pl.Series(made, dtype=pl.String)),
            on=["platform", "found"],
            how="left",
            maintain_order="left",
        )
        return pieces.group_by("row", maintain_order=True).agg(
            text=pl.concat_str("piece", "made").str.join("")
        )

    def links(self, links: pl.Series) -> pl.Series:
        """Links, each with pseudonyms in place of names; lists and nulls stay what they are.

        Args:
            links: List[String].
        """
        different = links.explode().drop_nulls().unique()
        likely = different.filter(different.str.contains(rf"(?i)(?:{_SHORT})|/@|/users/|^at://"))
        changes = {link: made for link in likely.to_list() if (made := self.link(link)) != link}
        if not changes:
            return links
        return links.list.eval(pl.element().replace(changes))

    def link(self, link: str) -> str:
        """One link. Of a profile, and of a post below it, the name becomes a pseudonym and numbers become others."""
        if at := _AT_URI.match(link):
            return f"at://{self._pseudonyms.name('bluesky', at[1])}{at[2]}"
        parts = _LINK.match(link)
        if parts is None:
            return link
        host, path, rest = (parts[group] or "" for group in (2, 4, 5))
        platform = _HOSTS.get(host.lower())
        if platform is None:
            known = _SERVER.match(path)
            if known is None:
                return link
            path = self._named("mastodon", path, known.start(1), known[1])
        else:
            path = self._on(platform, path)
            if platform == "facebook":
                rest = _FACEBOOK_ID.sub(lambda found: self._pseudonyms.number("facebook", found[0]), rest)
        start = parts.start(4)
        return f"{link[:start]}{path}{rest}"

    def _on(self, platform: str, path: str) -> str:
        """A path on a known platform."""
        if platform == "x" and re.match(r"^/i/(?:web/)?status(?:es)?/\d", path, re.IGNORECASE):
            return _NUMBER.sub(lambda found: self._pseudonyms.number(platform, found[0]), path)
        before = re.match(_IN_PATH.get(platform, "^/"), path, re.IGNORECASE)
        if before is None:
            return path
        name = re.match(r"@?([^/]+)", path[before.end() :])
        if name is None or re.fullmatch(_NO_NAMES.get(platform, "(?!)"), name[1], re.IGNORECASE):
            return path
        if platform in ("telegram",) and name[1].startswith("+"):
            return path
        return self._named(platform, path, before.end() + name.start(1), name[1])

    def _named(self, platform: str, path: str, begin: int, name: str) -> str:
        """A path with another name, and with other numbers behind it."""
        behind = path[begin + len(name) :]
        behind = _NUMBER.sub(lambda found: self._pseudonyms.number(platform, found[0]), behind)
        return f"{path[:begin]}{self._name(platform, name)}{behind}"

    def _name(self, platform: str, name: str) -> str:
        # ids of channels and of Bluesky have capitals of meaning; handles have none
        is_id = (platform == "youtube" and name.startswith("UC")) or name.startswith("did:")
        return self._pseudonyms.name(platform, name) if is_id else self._pseudonyms.handle(platform, name)

    def _replacement(self, platform: str, found: str) -> str:
        """What stands in a text in place of a name or link."""
        if not found:
            return ""
        if found[0] in "@\uff20":
            return found[0] + self._pseudonyms.handle(platform, found[1:])
        if "://" in found or "/" in found:
            end = _END.search(found)
            return self.link(found) if end is None else self.link(found[: end.start()]) + end[0]
        return self._pseudonyms.handle(platform, found)
