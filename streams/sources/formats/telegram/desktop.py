"""Chats that Telegram Desktop exported as JSON: one chat, or all chats of an account."""

from collections.abc import Mapping

import msgspec
import polars as pl

from streams.sources.cells.identities import within
from streams.sources.cells.texts import count
from streams.sources.cells.times import times
from streams.sources.files.json_scan import WITHIN
from streams.sources.formats.json_fields import filled, path, struct
from streams.sources.formats.json_format import ROW, JsonFormat, decoded
from streams.sources.formats.text_keys import text_keys
from streams.sources.screening import Decoded

_PIECES = r'[{,]\s*"text"\s*:\s*\['
_ENTITIES = r'[{,]\s*"text_entities"\s*:'


class TelegramDesktop(JsonFormat):
    """Messages. Their ids count per chat, so the chat is part of them.

    A forwarded message names whose the original is, but not which: forwards of one name with one text are of one
    original. Times without `date_unixtime`, in exports before 2022, are those of the computer that exported.
    """

    name = "telegram-desktop"
    about = "chats exported by Telegram Desktop as JSON"
    schema = struct(
        "id",
        "type",
        "date",
        "date_unixtime",
        "from",
        "from_id",
        "actor_id",
        "forwarded_from",
        "forwarded_from_id",
        "reply_to_message_id",
        text_entities=pl.List(struct("type", "text", "href")),
        reactions=pl.List(struct("count")),
        **{WITHIN: struct("name", "type", "id")},
    )

    @classmethod
    def fits(cls, record: Mapping[str, object]) -> bool:
        """Whether this is a message of an export."""
        return (
            record.get("type") in ("message", "service")
            and {"id", "date"} <= record.keys()
            and bool({"from_id", "from", "actor", "actor_id"} & record.keys())
        )

    def mended(self, lines: pl.Series) -> pl.Series:
        """Give older exports `text_entities`: their `text` is a text, or a list of texts and objects."""
        old = lines.str.contains(_ENTITIES).not_()
        if not old.any():
            return lines
        rows = old.arg_true()
        return lines.scatter(rows, [_with_entities(line) for line in lines.gather(rows)])

    def posts(self, frame: pl.DataFrame) -> Decoded:
        """Make posts."""
        pieces = pl.col("text_entities")
        chat = path(WITHIN, "id")
        frame = frame.with_columns(
            pl.coalesce(filled(pl.col("date_unixtime")), "date").alias("when"),
            pieces.list.eval(pl.element().struct.field("text").fill_null("")).list.join("").alias("text"),
        )
        forwarded = pl.coalesce("forwarded_from_id", "forwarded_from")
        key = frame.select(
            pl.when(forwarded.is_not_null()).then(pl.concat_str(forwarded, "text", separator="\x00"))
        ).to_series()
        kind = pl.element().struct.field("type")
        link = pl.coalesce(pl.element().struct.field("href"), pl.element().struct.field("text"))
        # Telegram makes a link of `t.me/name/5` as well
        schemed = pl.when(link.str.contains("://", literal=True)).then(link).otherwise("https://" + link)
        links = schemed.filter(kind.is_in(["link", "text_link"])).drop_nulls()
        posts = frame.with_columns(pl.Series("forward", text_keys(key))).select(
            ROW,
            "when",
            pl.when(pl.col("type") == "service").then(pl.lit("service messages")).alias("kind"),
            pl.coalesce(within(chat, pl.col("id")), "id").alias("post_id"),
            pl.lit("telegram").alias("platform"),
            # a post of a channel itself; older exports do not name it again
            pl.coalesce(filled(pl.col("from_id")), pl.concat_str(pl.lit("channel"), chat)).alias(
                "account_id"
            ),
            times(frame["when"]).alias("created_at"),
            "text",
            pieces.list.eval(links).alias("urls"),
            _marked(pieces, "hashtag", "#"),
            _marked(pieces, "mention", "@"),
            pl.concat_str(pl.lit("text:"), "forward").alias("repost_of"),
            within(chat, pl.col("reply_to_message_id")).alias("reply_to"),
            pl.col("reactions")
            .list.eval(count(pl.element().struct.field("count")))
            .list.sum()
            .alias("likes"),
        )
        return decoded(posts, kind="kind")


def _marked(pieces: pl.Expr, kind: str, sign: str) -> pl.Expr:
    """The pieces of one kind, without their sign."""
    piece = pl.element()
    texts = piece.filter(piece.struct.field("type") == kind).struct.field("text")
    return pieces.list.eval(texts.str.strip_prefix(sign)).alias(f"{kind}s")


def _with_entities(line: str) -> str:
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return line  # decoding says what is wrong with it
    if not isinstance(message, dict):
        return line
    text = message.pop("text", None)
    pieces = text if isinstance(text, list) else [text or ""]
    message["text_entities"] = [
        piece if isinstance(piece, dict) else {"type": "plain", "text": piece} for piece in pieces
    ]
    return msgspec.json.encode(message).decode()
