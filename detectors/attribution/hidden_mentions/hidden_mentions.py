"""Hidden mentions: posts that name a handle of the registry so that the platform does not link it.

People read `Twitter •mundo_china` as `@mundo_china`; tools that follow mentions miss it. Each text is folded
(`confusables`). From every beginning of a word, a trie of the handles' letters is walked, past spaces and marks. Where
a handle ends, rules look at how it is written and at what stands before it. The more a handle looks like an ordinary
word, the more disguise the rules ask for. What is found, what is not, and the false positives measured on real posts:
`docs/detectors/hidden-mentions.md`.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from detectors.arrays.compiled import compiled, inlined
from detectors.arrays.copying import put
from detectors.arrays.dtypes import I64, U8
from detectors.arrays.hashing import utf8_buffer
from detectors.attribution.hidden_mentions import confusables as chars
from detectors.attribution.hidden_mentions.confusables import Folded, Folding, fold, folding, scratch
from detectors.attribution.hidden_mentions.handle_trie import HandleTrie, build_trie, is_letter, start, walk
from detectors.attribution.hidden_mentions.mention_rules import LINKED, NOTHING, mention_style

HIDDEN_MENTIONS = {
    "row": pl.UInt32,  # index into the texts
    "handle": pl.UInt32,  # index into the handles
    "style": pl.String,  # one of STYLES
    "excerpt": pl.String,  # of the text as written, at most EXCERPT characters
}
STYLES = (
    "zero_width",  # something invisible inside the handle, or between @ and handle
    "confusable",  # letters of other scripts or fonts
    "full_width_at",
    "spelled_at",  # (at)handle
    "spaced_at",
    "broken",  # spaces, dots and the like between letters
    "platform_word",  # Twitter: handle
    "bullet",
    "credit_word",  # via handle
    "bracket",
    "bare",
)
"""The styles of hidden mentions, the clearest first; index = the style numbers of `handle_trie`."""
EXCERPT = 60
"""Most characters of an excerpt."""


class HiddenMentionFinder:
    """Finds handles that posts name without a working mention.

    Args:
        handles: without @, in upper or lower case; results give their index. Of `name@server`, the name is looked for.
            A handle without letters and digits is never found.
    """

    def __init__(self, handles: Sequence[str]) -> None:
        names = [handle.strip().removeprefix("@").split("@")[0] for handle in handles]
        self._names = pl.Series("name", names, dtype=pl.String).str.to_lowercase()
        self._trie = build_trie(names) if names else None

    def find(self, texts: pl.Series, mentions: pl.Series) -> pl.DataFrame:
        """The hidden mentions in posts. A post with a working mention of a handle does not hide it.

        Args:
            texts: String; null: no text. The first `MAX_CHARACTERS` folded characters of each are read.
            mentions: List[String], the working mentions of each post, with or without @; null: unknown. A plain
                `@handle` in the text counts as a working mention in either case.

        Returns:
            Columns of `HIDDEN_MENTIONS`, ordered by row and handle; each pair once, with the clearest style.

        Raises:
            ValueError: the series differ in length.
        """
        if len(texts) != len(mentions):
            raise ValueError(
                f"texts and mentions must have the same length, not {len(texts)} and {len(mentions)}"
            )
        if self._trie is None or not len(texts):
            return pl.DataFrame(schema=HIDDEN_MENTIONS)
        texts = texts.cast(pl.String)
        buffer, offsets = utf8_buffer(texts)
        hits = _scan(buffer, offsets, folding(), self._trie, scratch())
        matches = pl.DataFrame(hits, ["row", "handle", "style", "begin", "length"], orient="row")
        matches = matches.with_columns(
            name=self._names.gather(matches["handle"]), text=texts.gather(matches["row"])
        )
        rows = matches["row"].unique()
        working = (
            pl.DataFrame({"row": rows, "name": mentions.cast(pl.List(pl.String)).gather(rows)})
            .explode("name")
            .with_columns(
                pl.col("name").str.strip_chars_start(" @").str.to_lowercase().str.extract("^([^@]*)")
            )
        )
        return (
            matches.join(working, on=["row", "name"], how="anti")
            .select(
                pl.col("row", "handle").cast(pl.UInt32),
                pl.lit(pl.Series(STYLES)).gather(pl.col("style")).alias("style"),
                excerpt=pl.col("text").str.slice(pl.col("begin"), pl.min_horizontal("length", EXCERPT)),
            )
            .sort("row", "handle")
        )


@inlined
def _widened(out: I64) -> I64:
    """The rows, and room for as many again."""
    wider = np.empty((2 * len(out), out.shape[1]), np.int64)
    for row in range(len(out)):
        put(out[row], wider[row], 0)
    return wider


@compiled
def _scan(buffer: U8, offsets: I64, table: Folding, trie: HandleTrie, text: Folded) -> I64:
    """Hits of all texts: row, handle, style, begin and length in characters; int64, shape (hits, 5).

    The work for a character is bounded by the longest handle, and by how many handles have its beginning.
    """
    out = np.empty((64, 5), np.int64)
    hits = 0
    hit_of = np.full(len(trie.letters), -1, np.int64)
    linked_row = np.full(len(trie.letters), -1, np.int64)
    ends = np.empty((trie.longest, 2), np.int64)
    # local names for the arrays: taking them out of a tuple costs more than reading an entry
    kinds, points = text.kind, text.point
    starts, edge_key, edge_node, first = trie.starts, trie.edge_key, trie.edge_node, trie.first
    for row in range(len(offsets) - 1):
        count = fold(buffer, offsets[row], offsets[row + 1], table, text)
        row_begin = hits
        any_linked = False
        for begin in range(count):
            kind = kinds[begin]
            if not is_letter(kind) or (
                begin > 0 and kind == chars.WORD and kinds[begin - 1] in (chars.WORD, chars.HASH)
            ):
                continue
            follows = begin + 1 < count and is_letter(kinds[begin + 1])
            if follows and not starts[start(points[begin], points[begin + 1])]:
                continue
            stop = False
            for depth in range(walk(points, kinds, begin, count, edge_key, edge_node, first, ends)):
                if stop:
                    break
                handle = np.int64(first[ends[depth, 0]])
                last = ends[depth, 1]
                while handle >= 0:
                    style, begins = mention_style(text, begin, last, count, trie, handle)
                    if style == LINKED:
                        linked_row[handle] = row
                        any_linked = stop = True
                    elif style != NOTHING:
                        stop = True  # a longer handle would have to go on past spaces or marks
                        hit = hit_of[handle]
                        known = hit >= row_begin and hit < hits and out[hit, 1] == handle
                        if not known:
                            if hits == len(out):
                                out = _widened(out)
                            hit = hits
                            hit_of[handle] = hit
                            hits += 1
                        if not known or style < out[hit, 2]:
                            last_shown = last + trie.after[handle]
                            out[hit, 0] = row
                            out[hit, 1] = handle
                            out[hit, 2] = style
                            out[hit, 3] = text.place[begins]
                            out[hit, 4] = text.place[last_shown] + 1 - text.place[begins]
                    handle = np.int64(trie.following[handle])
        if any_linked:
            kept = row_begin
            for hit in range(row_begin, hits):
                if linked_row[out[hit, 1]] != row:
                    put(out[hit], out[kept], 0)
                    kept += 1
            hits = kept
    return out[:hits]
