"""Desks: publishers that put articles on a site, most of them with a post about each article."""

from dataclasses import dataclass

import numpy as np

from detectors.arrays.dtypes import I64
from streams.simulation.background.cast import Cast
from streams.simulation.background.people import DAY, HOUR

NONE = -1

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
"""Credits that the platform does not turn into a mention, by language."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A publisher in one language, with everything it publishes, in the order of time."""

    name: str
    handle: str
    language: int
    account: int
    """Its account on `x`, or `NONE`."""
    site_account: int
    site: int
    topic: I64
    at: I64
    """When both post and page were out, seconds after the start."""
    article: I64
    headline: I64
    """The saying of both post and page: headline and summary."""
    post: I64
    """The post about each article; without an account, the page on the site."""
    reports: int
    via: int
    named: int
    half: I64
    """Phrases that credit it: before a text, before a mention, after a text; and credits that are no mention."""

    def recent(self, rng: np.random.Generator, at: float, used: set[int]) -> int:
        """Draw an article that is five minutes to six hours old and not in `used`; if there is none, an older one.

        Returns:
            A number into the arrays, -1 if nothing was published by then.
        """
        age = at - self.at
        fresh = [row for row in np.flatnonzero((age > 300) & (age < 6 * HOUR)).tolist() if row not in used]
        if not fresh:
            fresh = [row for row in np.flatnonzero(age > 300).tolist() if row not in used][-3:]
        if not fresh:
            return NONE
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
    """Enter everything a desk publishes: `a_day` articles, each on its site and, if it has an account, in a post.

    Texts have 18-26 words, headline and summary; the same on both.
    """
    log = cast.log
    size = max(3, rng.poisson(a_day * cast.span_s / DAY))
    # the night shift publishes half as much
    at = np.sort(rng.uniform(0, cast.span_s - HOUR / 2, size * 2))
    night = (at % DAY < 6 * HOUR) & (rng.random(len(at)) < 0.5)
    at = np.sort(rng.choice(at[~night], min(size, int((~night).sum())), replace=False))
    size = len(at)
    topics = cast.people.topics[site[0]]
    topic = topics[rng.choice(3, size, p=(0.5, 0.3, 0.2))]
    article, headline = log.publish(topic, np.full(size, site[1]), rng.integers(18, 27, size))
    lag = rng.exponential(120, size)
    on_site = log.post(at, np.full(size, site[0]), saying=headline, article=article)
    post = on_site
    out = at
    if account != NONE:
        out = at + lag
        post = log.post(out, np.full(size, account), saying=headline, article=article)
    half = [log.phrase(credit.format(handle=handle)) for credit in _HALF[language]]
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
        reports=log.phrase(_REPORTS[language].format(name=name)),
        via=log.phrase(_VIA[language]),
        named=log.phrase(f" ({name})"),
        half=np.array(half),
    )
