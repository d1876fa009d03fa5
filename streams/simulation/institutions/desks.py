"""Desks: whoever publishes articles on a site, mostly with a post about each, agencies first of all."""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import I64
from streams.simulation.background.cast import Cast
from streams.simulation.background.people import DAY, HOUR

NOBODY = -1

_REPORTS = ("{name} reports: ", "{name} informa: ", "{name}\u62a5\u9053\uff1a")
_VIA = (" via", " v\u00eda", " \u6765\u81ea")
_HALF = (
    (" Twitter \u2022{handle}", " Photo: \uff20{handle}", " Source: @\u200b{handle}", " via @ {handle}"),
    (" Twitter \u2022{handle}", " Foto: \uff20{handle}", " Fuente: @\u200b{handle}", " v\u00eda @ {handle}"),
    (
        " Twitter \u2022{handle}",
        " \u56fe\uff1a\uff20{handle}",
        " @\u200b{handle}",
        " \u6765\u81ea @ {handle}",
    ),
)
"""Credits that no platform links: by language."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A publisher in one language, and all that it publishes, in the order of time."""

    name: str
    handle: str
    language: int
    account: int
    """Its account on `x`, or `NOBODY`."""
    site_account: int
    site: int
    topic: I64
    at: I64
    """Seconds after the start at which the later of post and page was out."""
    article: I64
    headline: I64
    """The saying that post and page consist of: headline and summary."""
    post: I64
    """The post about each article; that on the web where there is no account."""
    reports: int
    via: int
    named: int
    half: I64
    """Phrases that credit it: before a text, before a mention, after a text; and half-credits."""

    def recent(self, rng: np.random.Generator, at: float, used: set[int]) -> int:
        """Draw an article of the last five minutes to six hours that is not in `used`; else an earlier one.

        Returns:
            A number into the arrays, -1 if nothing was published by then.
        """
        age = at - self.at
        fresh = [one for one in np.flatnonzero((age > 300) & (age < 6 * HOUR)).tolist() if one not in used]
        if not fresh:
            fresh = [one for one in np.flatnonzero(age > 300).tolist() if one not in used][-3:]
        if not fresh:
            return NOBODY
        chosen = int(rng.choice(fresh))
        used.add(chosen)
        return chosen


def run_desk(
    cast: Cast,
    rng: np.random.Generator,
    name: str,
    handle: str,
    language: int,
    account: int,
    site: tuple[int, int],
    a_day: float,
) -> Desk:
    """Enter all that a desk publishes: `a_day` articles, each on its site and, with an account, in a post.

    Texts have 18-26 words, headline and summary; the same on both.
    """
    book = cast.book
    size = max(3, rng.poisson(a_day * cast.span_s / DAY))
    # night shifts exist, but publish half as much
    at = np.sort(rng.uniform(0, cast.span_s - HOUR / 2, size * 2))
    night = (at % DAY < 6 * HOUR) & (rng.random(len(at)) < 0.5)
    at = np.sort(rng.choice(at[~night], min(size, int((~night).sum())), replace=False))
    size = len(at)
    topics = cast.people.topics[site[0]]
    topic = topics[rng.choice(3, size, p=(0.5, 0.3, 0.2))]
    article, headline = book.publish(topic, np.full(size, site[1]), rng.integers(18, 27, size))
    lag = rng.exponential(120, size)
    on_site = book.post(at, np.full(size, site[0]), saying=headline, article=article)
    post = on_site
    out = at
    if account != NOBODY:
        out = at + lag
        post = book.post(out, np.full(size, account), saying=headline, article=article)
    half = [book.phrase(one.format(handle=handle)) for one in _HALF[language]]
    return Desk(
        name=name,
        handle=handle,
        language=language,
        account=account,
        site_account=site[0],
        site=site[1],
        topic=topic,
        at=np.ceil(out).astype(np.int64),
        article=article,
        headline=headline,
        post=post,
        reports=book.phrase(_REPORTS[language].format(name=name)),
        via=book.phrase(_VIA[language]),
        named=book.phrase(f" ({name})"),
        half=np.array(half),
    )
