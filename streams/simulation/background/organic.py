"""What people do without coordination: everyday posts, breaking news, a television show, one-day events."""

from dataclasses import dataclass, field

import numpy as np

from detectors.arrays.dtypes import I64
from streams.simulation.background.people import DAY, HOUR, People, awake_times
from streams.simulation.background.prose import LANGUAGES, TOPIC_LANGUAGE, TOPICS, Floats
from streams.simulation.background.world_log import WorldLog

_ARTICLES_A_DAY = 12
_SITES_A_TOPIC = 8
_TAGS_A_TOPIC = 40
_CANNED = 40


class Trending:
    """Picks what people talk about: in proportion to weight, and mostly recent things.

    How far people look back is measured in accumulated weight, not in hours: after a quiet night yesterday's news
    is still news, and one big story pushes the others out.
    """

    def __init__(self, at: Floats | I64, weight: Floats, look_back_s: float, span_s: int) -> None:
        self._order = np.argsort(at, kind="stable")
        self._at = np.asarray(at)[self._order]
        memory = weight.sum() / max(span_s, 1) * look_back_s
        self._reached = np.cumsum(np.minimum(weight, memory / 2)[self._order])
        self._memory = float(self._reached[-1]) / max(span_s, 1) * look_back_s

    def pick(self, rng: np.random.Generator, at: Floats) -> I64:
        """Pick for each moment one thing that exists by then; -1 where there is none."""
        known = np.searchsorted(self._at, at, side="right")
        reached = np.where(known > 0, self._reached[known - 1], 0.0)
        sought = reached - rng.exponential(self._memory, len(at))
        place = np.minimum(np.searchsorted(self._reached, sought, side="right"), np.maximum(known - 1, 0))
        return np.where(sought > 0, self._order[place], -1)


@dataclass(slots=True)
class Organic:
    """A world without coordination, filled step by step into its book."""

    rng: np.random.Generator
    people: People
    log: WorldLog
    span_s: int
    turnout: float = 1.0
    """Factor on the size of bursts; 1 is the usual size."""
    article_at: I64 = field(init=False)
    """When each news article appeared, seconds since the start; the first ones appeared the day before."""
    article_topic: I64 = field(init=False)
    headline: I64 = field(init=False)
    _tags: I64 = field(init=False)

    def __post_init__(self) -> None:
        per_topic = int(_ARTICLES_A_DAY * (self.span_s / DAY + 1)) + 1
        self.article_topic = np.repeat(np.arange(TOPICS), per_topic)
        self.article_at = self.rng.integers(-DAY, self.span_s, len(self.article_topic))
        for topic in range(TOPICS):
            for number in range(_SITES_A_TOPIC):
                self.log.site(f"news{number}.topic{topic}.example")
        site = self.article_topic * _SITES_A_TOPIC + self.rng.integers(
            0, _SITES_A_TOPIC, len(self.article_topic)
        )
        _, self.headline = self.log.publish(self.article_topic, site)
        self._tags = np.array([self._topic_tags(topic) for topic in range(TOPICS) for _ in range(200)])

    def expected(self) -> float:
        """About how many posts `everyday_posts` would enter now."""
        people = self.people
        there = np.minimum(people.ends_s, self.span_s) - people.begins_s
        everyday = float((people.rate * there).sum()) / DAY * 0.94
        crowd = min(1900, int((~people.added).sum()) // 4) * 0.85
        return everyday + max(1, round(2 * self.span_s / DAY)) * crowd * self.turnout

    def everyday_posts(self) -> None:
        """Enter everyday posts: first new texts and links, then answers and reposts."""
        people, rng = self.people, self.rng
        days = people.ends_s // DAY - people.begins_s // DAY + 2
        who = np.repeat(np.arange(len(people)), rng.poisson(people.rate * days))
        at = awake_times(rng, people, who, self.span_s)
        who, at = who[at >= 0], at[at >= 0]
        verb = (rng.random(len(who))[:, None] > np.cumsum(people.habits[who], axis=1)[:, :3]).sum(axis=1)
        topic = people.topics[who, rng.choice(3, len(who), p=(0.7, 0.2, 0.1))]
        writes, links, shares, answers = (np.flatnonzero(verb == number) for number in range(4))

        mention = self._popular(who[writes])
        mention[rng.random(len(writes)) > 0.08] = -1
        said, tags = self.log.say(topic[writes]), self.tags(topic[writes], 0.3)
        self.log.post(at[writes], who[writes], saying=said, tags=tags, mention=mention)
        self._link(at[links], who[links], topic[links])
        self.breaking_news()
        self._echo(at[shares], who[shares], at[answers], who[answers], topic[answers])

    def breaking_news(self, a_day: float = 2.0) -> None:
        """Enter bursts in which 800-3,000 accounts (at most a quarter of all) post within minutes."""
        rng, people = self.rng, self.people
        for _ in range(max(1, round(a_day * self.span_s / DAY))):
            topic = int(rng.integers(TOPICS))
            able = np.flatnonzero((people.language == TOPIC_LANGUAGE[topic]) & (people.rate > 0))
            wanted = int(rng.integers(800, 3001) * self.turnout)
            most = int((~people.added).sum()) // 4
            size = min(wanted, int(most * min(1.0, self.turnout)), len(able))
            weight = np.minimum(people.rate[able], 40)
            who = rng.choice(able, size, replace=False, p=weight / weight.sum())
            start = rng.uniform(0, self.span_s * 0.97)
            at = start + rng.exponential(rng.choice((240, 600, 900)), size)
            there = (at >= people.begins_s[who]) & (at < people.ends_s[who])
            who, at = who[there], at[there]
            article, headline = self.log.publish(np.array([topic]), np.array([topic * _SITES_A_TOPIC]))
            own = self.log.say(np.full(len(who), topic))
            said = np.where(rng.random(len(who)) < 0.6, headline[0], own)
            tags = self.log.tags([f"breaking{len(self.log.tag_sets)}", f"topic{topic}x0"])
            tagged = np.where(rng.random(len(who)) < 0.4, tags, -1)
            linked = np.where(rng.random(len(who)) < 0.8, article[0], -1)
            self.log.post(at, who, saying=said, article=linked, tags=tagged)

    def television_show(self, fans: float = 0.015) -> None:
        """Enter a television show every other evening; the same share `fans` of accounts posts about it live.

        Each fan reposts some of the host's ten lines (one in thirteen on average, eager fans one in four), a quarter
        of an hour after them. The same people do the same thing at the same time, evening after evening, without
        looking at each other. A group that does more than that is a fan club, see
        `streams.simulation.planting.stealth`.
        """
        rng, people = self.rng, self.people
        host = self._host(0)
        able = np.flatnonzero((people.language == 0) & ~people.added)
        chosen = rng.choice(able, max(3, int((~people.added).sum() * fans)), replace=False)
        for fan in chosen.tolist():
            if people.group[fan] == "everyday":
                people.group[fan] = "show-fan"
        eager = rng.beta(1, 12, len(chosen))
        topic = int(people.topics[host, 0])
        for episode, start in enumerate(range(20 * HOUR, self.span_s, 2 * DAY)):
            tags = self.log.tags(["theshow", f"theshowep{episode}"])
            lines = start + np.sort(rng.uniform(0, HOUR, 10))
            spoken = self.log.say(np.full(10, topic))
            said = self.log.post(lines, np.full(10, host), saying=spoken, tags=tags)
            there = (people.begins_s[chosen] <= start) & (people.ends_s[chosen] >= start + 2 * HOUR)
            watching = there & (rng.random(len(chosen)) < 0.7)
            who = np.repeat(chosen[watching], rng.poisson(4, int(watching.sum())))
            at = start + rng.uniform(0, HOUR, len(who))
            tagged = np.where(rng.random(len(who)) < 0.8, tags, -1)
            self.log.post(at, who, saying=self.log.say(np.full(len(who), topic)), tags=tagged)
            line, fan = np.nonzero(rng.random((10, len(chosen))) < eager * watching)
            self.log.post(lines[line] + rng.exponential(900, len(line)), chosen[fan], shares=said[line])

    def one_day_events(self, events: int = 3, share: float = 0.008) -> None:
        """Enter events (a rally, a fair) whose visitors create an account and use it only on that day."""
        rng, people = self.rng, self.people
        for number in range(events):
            day = int(rng.integers(0, max(1, self.span_s // DAY))) * DAY
            who = people.choose_for_role(
                rng, max(2, int((~people.added).sum() * share)), "organic", "one-day"
            )
            people.begins_s[who] = day + 7 * HOUR
            people.ends_s[who] = day + 23 * HOUR
            host = self._host(int(people.language[who[0]]))
            topic = int(people.topics[host, 0])
            names = [f"event{number}", f"event{number}live", f"city{number}", "today"]
            sets = np.array(
                [self.log.tags(rng.permutation(names)[: rng.integers(1, 4)].tolist()) for _ in range(12)]
            )
            news = self.log.say(np.full(8, topic))
            lines = day + np.sort(rng.uniform(9 * HOUR, 20 * HOUR, 8))
            posts = self.log.post(lines, np.full(8, host), saying=news, tags=sets[0])
            visitor = np.repeat(who, rng.integers(3, 11, len(who)))
            at = day + rng.uniform(9 * HOUR, 22 * HOUR, len(visitor))
            said = self.log.say(np.full(len(visitor), topic))
            self.log.post(at, visitor, saying=said, tags=rng.choice(sets, len(visitor)))
            line, fan = np.nonzero(rng.random((8, len(who))) < 0.15)
            self.log.post(lines[line] + rng.exponential(HOUR, len(line)), who[fan], shares=posts[line])

    def tags(self, topic: I64, chance: float) -> I64:
        """Draw one to four hashtags of the topic for a share `chance` of posts, none for the others."""
        drawn = self._tags[topic * 200 + self.rng.integers(0, 200, len(topic))]
        return np.where(self.rng.random(len(topic)) < chance, drawn, -1)

    def _link(self, at: Floats, who: I64, topic: I64) -> None:
        """Link trending articles of the topic; half of the posts have the headline as text (a share button)."""
        appeal = self.rng.pareto(1.3, len(self.article_topic)) + 0.2
        for number in range(TOPICS):
            rows, articles = np.flatnonzero(topic == number), np.flatnonzero(self.article_topic == number)
            trending = Trending(self.article_at[articles], appeal[articles], 8 * HOUR, self.span_s + DAY)
            picked = trending.pick(self.rng, at[rows])
            rows, article = rows[picked >= 0], articles[picked[picked >= 0]]
            own = self.log.say(topic[rows])
            said = np.where(self.rng.random(len(rows)) < 0.5, self.headline[article], own)
            self.log.post(
                at[rows], who[rows], saying=said, article=article, tags=self.tags(topic[rows], 0.15)
            )

    def _echo(self, shared_at: Floats, sharer: I64, answered_at: Floats, answerer: I64, topic: I64) -> None:
        """Repost and answer trending posts in the account's own language; popular accounts get more of both."""
        rng, people = self.rng, self.people
        posts = self.log.posts()
        original = (posts["shares"].to_numpy() < 0) & (posts["at"].to_numpy() < self.span_s)
        author_of, at_of = posts["account"].to_numpy(), posts["at"].to_numpy()
        canned = np.stack([self.log.say(np.full(_CANNED, t), words=3) for t in (0, 20, 32)])
        for language in range(len(LANGUAGES)):
            pool = np.flatnonzero(original & (people.language[author_of] == language) & (at_of >= 0))
            if len(pool) == 0:
                continue
            weight = people.audience[author_of[pool]] ** 0.8 * rng.lognormal(0, 1.5, len(pool))
            trending = Trending(at_of[pool], weight, 3 * HOUR, self.span_s)
            for at, who, answering in ((shared_at, sharer, False), (answered_at, answerer, True)):
                rows = np.flatnonzero(people.language[who] == language)
                picked = trending.pick(rng, at[rows])
                rows, target = rows[picked >= 0], pool[picked[picked >= 0]]
                foreign = author_of[target] != who[rows]
                rows, target = rows[foreign], target[foreign]
                if not answering:
                    self.log.post(at[rows], who[rows], shares=target)
                    continue
                short = rng.choice(canned[language], len(rows))
                said = np.where(rng.random(len(rows)) < 0.25, short, self.log.say(topic[rows]))
                self.log.post(at[rows], who[rows], saying=said, answers=target, mention=author_of[target])

    def _topic_tags(self, topic: int) -> int:
        weight = np.arange(1, _TAGS_A_TOPIC + 1) ** -1.1
        size = int(self.rng.choice((1, 2, 3, 4), p=(0.5, 0.27, 0.15, 0.08)))
        ranks = self.rng.choice(_TAGS_A_TOPIC, size, replace=False, p=weight / weight.sum())
        return self.log.tags([f"topic{topic}x{rank}" for rank in ranks.tolist()])

    def _popular(self, who: I64) -> I64:
        """Draw for each of `who` an account to mention: of the same language, popular ones more often."""
        mention = np.empty(len(who), np.int64)
        for language in range(len(LANGUAGES)):
            able = np.flatnonzero(self.people.language == language)
            rows = np.flatnonzero(self.people.language[who] == language)
            weight = self.people.audience[able] ** 0.8
            mention[rows] = self.rng.choice(able, len(rows), p=weight / weight.sum())
        return mention

    def _host(self, language: int) -> int:
        """One of the ten most followed everyday accounts of a language."""
        able = [
            who
            for who in np.flatnonzero(self.people.language == language).tolist()
            if self.people.group[who] == "everyday"
        ]
        able.sort(key=lambda who: -int(self.people.audience[who]))
        return int(self.rng.choice(able[:10]))
