"""The search for hidden mentions on your own posts: its speed, what it finds, what it misses.

    python -m benchmarks.hidden_mentions FILE... [--handles FILE] [--show N]

--handles names a file with one handle on each line. Without it, the benchmark tries several lists: the 200 handles that
the posts mention most, all handles that they mention, handles of state media and public offices, phrases of two
ordinary words (the hardest list), and names that do not occur. It prints up to N hits of each style for reading: where
nothing is hidden, every hit is a mistake.

At the end it rewrites mentions of handles with an underscore in several ways, and counts how many it finds.
"""

import argparse
import sys
import time
from collections.abc import Sequence

import polars as pl

from detectors.attribution.hidden_mentions.hidden_mentions import STYLES, HiddenMentionFinder
from streams.sources import open_source

KNOWN = (
    "RT_com rt_russian ActualidadRT RTenfrancais de_rt_com SputnikInt SputnikMundo sputnik_fr SputnikBrasil "
    "tass_agency rianru izvestia_ru vesti_news zvezdanews lifenews_ru ntvru 1tvru_news channelone_rus mfa_russia "
    "mid_rf RusEmbassy KremlinRussia KremlinRussia_E GovernmentRF XHNews XHespanol PDChina PDChinaes ChinaDaily "
    "CGTNOfficial CGTNenEspanol globaltimesnews mundo_China teleSURtv teleSUREnglish HispanTV PressTV trtworld "
    "France24 BBC_News reuters xinhua news"
).split()
PHRASES = (
    "white_house new_york fox_news hillary_clinton donald_trump bernie_sanders ted_cruz barack_obama breaking_news "
    "black_lives supreme_court social_media high_school real_estate climate_change new_orleans health_care town_hall "
    "small_business united_states women_rights good_morning happy_birthday thank_you press_conference live_stream "
    "washington_post wall_street islamic_state law_enforcement"
).split()
REWRITTEN = {
    "mark": "•${1}",
    "full-width at": "\uff20${1}",
    "space after at": "@ ${1}",
    "invisible after at": "@\u200b${1}",
    "platform and mark": "Twitter •${1}",
    "platform": "Twitter: ${1}",
    "spelled": "(at)${1}",
    "credit": "vía ${1}",
    "bare": "${1}",
}
_MENTION = r"@(\w+)"
_BATCH = 10_000


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="+")
    parser.add_argument("--handles", type=argparse.FileType())
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args()
    posts = pl.concat(
        batch.posts.select("text", "mentions") for file in given.file for batch in open_source(file).batches()
    ).filter(pl.col("text").is_not_null())
    print(f"{len(posts):,} posts, {posts['text'].str.len_bytes().sum() // len(posts)} bytes on average")
    if given.handles is not None:
        _report("handles given", given.handles.read().split(), posts, given.show)
        return 0
    mentioned = most_mentioned(posts)
    _report("200 most mentioned", mentioned[:200], posts, given.show)
    _report("all that are mentioned", mentioned, posts, given.show)
    _report("known", KNOWN, posts, given.show)
    _report("phrases", PHRASES, posts, given.show)
    _report("absent", [f"zq{number}_agencia{number % 7}" for number in range(10_000)], posts, 0)
    _recall([handle for handle in mentioned if "_" in handle.strip("_") and len(handle) >= 8], posts)
    return 0


def most_mentioned(posts: pl.DataFrame) -> list[str]:
    """The handles after a plain @, in lower case, most frequent first."""
    mentions = posts["text"].str.to_lowercase().str.extract_all(r"(?:^|[^\w@])@[a-z0-9_]{2,30}").list.unique()
    handles = mentions.explode(empty_as_null=True).drop_nulls().str.replace(r"^.*@", "").alias("handle")
    return handles.value_counts().sort(["count", "handle"], descending=[True, False])["handle"].to_list()


def _matches(search: HiddenMentionFinder, texts: pl.Series, mentions: pl.Series) -> pl.DataFrame:
    return pl.concat(
        search.find(texts[first : first + _BATCH], mentions[first : first + _BATCH]).with_columns(
            row=pl.col("row") + first
        )
        for first in range(0, len(texts), _BATCH)
    )


def _report(name: str, handles: Sequence[str], posts: pl.DataFrame, show: int) -> None:
    started = time.process_time()
    search = HiddenMentionFinder(handles)
    search.find(posts["text"].head(10), posts["mentions"].head(10))
    ready = time.process_time() - started
    started = time.process_time()
    matches = _matches(search, posts["text"], posts["mentions"])
    each = (time.process_time() - started) / len(posts) * 1e6
    print(
        f"\n{name}: {len(handles):,} handles, ready after {ready:.2f} s; {each:.2f} µs a post (processor time)"
    )
    for style in STYLES:
        hits = matches.filter(pl.col("style") == style)
        if len(hits):
            print(f"  {style}: {len(hits)}, {len(hits) / len(posts) * 100_000:.1f} per 100,000 posts")
        for row, handle, _, excerpt in hits.sample(min(show, len(hits)), seed=1).sort("row").iter_rows():
            print(f"    {handles[handle]}: {excerpt!r} in {posts['text'][row]!r}")


def _recall(handles: Sequence[str], posts: pl.DataFrame) -> None:
    named = pl.col("text").str.extract(r"(?:^|\s)" + _MENTION).str.to_lowercase()
    rows = posts.with_columns(handle=named).filter(pl.col("handle").is_in(list(handles)))
    index = pl.DataFrame(
        {"handle": handles, "wanted": range(len(handles))}, schema_overrides={"wanted": pl.UInt32}
    )
    rows = rows.join(index, on="handle", maintain_order="left").with_row_index("row")
    search = HiddenMentionFinder(handles)
    print(f"\n{len(rows):,} posts that mention {len(handles):,} handles with an underscore, rewritten:")
    for name, form in REWRITTEN.items():
        texts = rows["text"].str.replace_all(_MENTION, form)
        none = pl.Series([None], dtype=pl.List(pl.String)).new_from_index(0, len(texts))
        matches = _matches(search, texts, none).join(
            rows, left_on=["row", "handle"], right_on=["row", "wanted"], how="semi"
        )
        print(f"  {name}: {len(matches) / len(rows):.3f} found")


if __name__ == "__main__":
    sys.exit(main())
