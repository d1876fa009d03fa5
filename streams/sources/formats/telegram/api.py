"""Telegram's messages as Telethon gives them, and tools that keep them so, such as telegram-tracker."""

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from streams.sources.cells.identities import within
from streams.sources.cells.texts import count, hashtags_in, mentions_in, urls_in
from streams.sources.cells.times import times
from streams.sources.formats.json_fields import each, path, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.screening import Decoded

_PEER = struct("channel_id", "user_id", "chat_id")
_NUMBERED = r'"(from_id|to_id|peer_id)"\s*:\s*(-?\d+)'


class TelegramApi(JsonFormat):
    """Messages `{"_": "Message", ...}`. Their ids count per chat, so the chat is part of them."""

    name = "telegram-api"
    about = "messages of Telegram's API: Telethon, telegram-tracker"
    schema = struct(
        "_",
        "id",
        "date",
        "message",
        "views",
        "forwards",
        peer_id=_PEER,
        to_id=_PEER,
        from_id=_PEER,
        fwd_from=struct("channel_post", "channel_id", from_id=_PEER),
        reply_to=struct("reply_to_msg_id"),
        entities=pl.List(struct("_", "url", "offset", "length")),
        media=struct(webpage=struct("url")),
        replies=struct("replies"),
        reactions=struct(results=pl.List(struct("count"))),
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a message of the API."""
        return record.get("_") in ("Message", "MessageService", "MessageEmpty") and "id" in record

    def mended(self, lines: pl.Series) -> pl.Series:
        """Make objects of senders that older versions wrote as the number of a user."""
        return lines.str.replace_all(_NUMBERED, '"${1}":{"user_id":"${2}"}')

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        text = pl.col("message")
        chat = pl.coalesce(_number("peer_id"), _number("to_id"))
        origin = pl.coalesce(_number("fwd_from", "from_id"), path("fwd_from", "channel_id"))
        linked = pl.concat_list(
            each(pl.col("entities"), "url").fill_null([]),
            urls_in(text).fill_null([]),
            _without_scheme(frame),
            pl.concat_list(path("media", "webpage", "url")).list.drop_nulls(),
        )
        posts = frame.select(
            ROW,
            pl.col("date").alias("when"),
            pl.when(pl.col("_") != "Message").then(pl.lit("service messages")).alias("kind"),
            within(chat, pl.col("id")).alias("post_id"),
            pl.lit("telegram").alias("platform"),
            pl.coalesce(_named("from_id"), _named("peer_id"), _named("to_id")).alias("account_id"),
            times(frame["date"]).alias("created_at"),
            text.alias("text"),
            linked.list.unique(maintain_order=True).alias("urls"),
            hashtags_in(text).alias("hashtags"),
            mentions_in(text).alias("mentions"),
            within(origin, path("fwd_from", "channel_post")).alias("repost_of"),
            within(chat, path("reply_to", "reply_to_msg_id")).alias("reply_to"),
            count(pl.col("views")).alias("views"),
            count(pl.col("forwards")).alias("reposts"),
            count(path("replies", "replies")).alias("replies"),
            path("reactions", "results")
            .list.eval(count(pl.element().struct.field("count")))
            .list.sum()
            .alias("likes"),
        )
        return decoded(posts, kind="kind")


def _without_scheme(messages: pl.DataFrame) -> pl.Series:
    """Links that a text has without `https://`, such as `t.me/name/5`: Telegram says where they stand."""
    marked = pl.col("entities").list.eval(pl.element().struct.field("_") == "MessageEntityUrl").list.sum()
    rows = messages.select((marked > urls_in(pl.col("message")).list.len()).arg_true()).to_series()
    found: list[list[str]] = [[] for _ in range(len(messages))]
    for row, message, entities in zip(
        rows, messages["message"].gather(rows), messages["entities"].gather(rows), strict=True
    ):
        found[row] = [f"https://{link}" for link in _marked(message, entities) if "://" not in link]
    return pl.Series("bare", found, dtype=pl.List(pl.String))


def _marked(text: str, entities: Iterable[Mapping[str, str | None] | None]) -> Iterator[str]:
    units = text.encode("utf-16-le", "surrogatepass")  # offsets count units of UTF-16
    for one in entities:
        if one is None or one["_"] != "MessageEntityUrl":
            continue
        offset, length = str(one["offset"]), str(one["length"])
        if offset.isdecimal() and length.isdecimal():
            begin = 2 * int(offset)
            yield units[begin : begin + 2 * int(length)].decode("utf-16-le", "replace")


def _number(*names: str) -> pl.Expr:
    """The number of a peer, whatever it is."""
    return pl.coalesce(path(*names, field) for field in ("channel_id", "chat_id", "user_id"))


def _named(name: str) -> pl.Expr:
    """A peer with its kind, as Telegram Desktop writes it: `channel123`."""
    return pl.coalesce(
        pl.concat_str(pl.lit(kind), path(name, f"{kind}_id")) for kind in ("channel", "chat", "user")
    )
