"""The fields of Bluesky's records: posts, reposts and likes as their authors wrote them."""

import polars as pl

from streams.sources.formats.json_fields import each, path, struct

_SUBJECT = r'"subject"\s*:\s*"([^"\\]*)"'
_PICTURE = struct(image=struct(ref=struct("$link")))
_MEDIA = {
    "external": struct("uri"),
    "images": pl.List(_PICTURE),
    "video": struct(ref=struct("$link")),
}
_EMBED = struct(
    "$type",
    record=struct("uri", record=struct("uri")),  # a quote; with media beside it, a level deeper
    media=pl.Struct(_MEDIA),
    **_MEDIA,
)
RECORD = struct(
    "$type",
    "createdAt",
    "text",
    subject=struct("uri", "did"),
    langs=pl.List(pl.String()),
    tags=pl.List(pl.String()),
    reply=struct(parent=struct("uri")),
    facets=pl.List(struct(features=pl.List(struct("uri", "tag", "did")))),
    embed=_EMBED,
)
"""What is read of a record. The subject of a follow is an account and not a post: see `with_subjects`."""

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
_KINDS = {
    "app.bsky.feed.like": "likes",
    "app.bsky.graph.follow": "follows",
    "app.bsky.graph.block": "blocks",
    "app.bsky.actor.profile": "profiles",
}


def with_subjects(lines: pl.Series) -> pl.Series:
    """Make the account that a follow names an object, as the post is that a like names: a field has one type here."""
    return lines.str.replace(_SUBJECT, '"subject":{"did":"${1}"}')


def kind_of(collection: pl.Expr) -> pl.Expr:
    """What a record is that is no post: null for posts and reposts."""
    return (
        pl.when(collection.is_in([POST, REPOST]))
        .then(None)
        .otherwise(collection.replace_strict(_KINDS, default="other records", return_dtype=pl.String))
    )


def record_columns(*names: str) -> list[pl.Expr]:
    """The columns of posts that a record at this path gives."""

    def of(*inner: str) -> pl.Expr:
        return path(*names, *inner)

    features = of("facets").list.eval(pl.element().struct.field("features").explode())
    is_repost = of("$type") == REPOST
    links = pl.concat_list(
        _listed(each(features, "uri")),
        _one(of("embed", "external", "uri")),
        _one(of("embed", "media", "external", "uri")),
    ).list.unique(maintain_order=True)
    pictures = [
        media.list.eval(
            pl.element().struct.field("image").struct.field("ref").struct.field("$link").drop_nulls()
        )
        for media in (of("embed", "images"), of("embed", "media", "images"))
    ]
    films = [_one(of("embed", *inner, "video", "ref", "$link")) for inner in ((), ("media",))]
    return [
        pl.when(~is_repost).then(of("text")).alias("text"),
        of("langs").list.first().alias("lang"),
        _unless(is_repost, links).alias("urls"),
        _unless(is_repost, pl.concat_list(_listed(each(features, "tag")), _listed(of("tags")))).alias(
            "hashtags"
        ),
        _unless(is_repost, _listed(each(features, "did"))).alias("mentions"),
        pl.when(is_repost).then(of("subject", "uri")).alias("repost_of"),
        of("reply", "parent", "uri").alias("reply_to"),
        pl.coalesce(of("embed", "record", "record", "uri"), of("embed", "record", "uri")).alias("quote_of"),
        _unless(is_repost, pl.concat_list(*map(_listed, pictures), *films)).alias("media_hashes"),
    ]


def _listed(items: pl.Expr) -> pl.Expr:
    return items.fill_null([])


def _one(item: pl.Expr) -> pl.Expr:
    return pl.concat_list(item).list.drop_nulls()


def _unless(condition: pl.Expr, items: pl.Expr) -> pl.Expr:
    return pl.when(~condition).then(items)
