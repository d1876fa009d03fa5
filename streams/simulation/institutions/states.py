"""Two invented states: party organ, agency, television, companies, ministry and diplomats, with registry entries."""

from dataclasses import dataclass, field

import numpy as np

from detectors.arrays.dtypes import I64
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity
from streams.simulation.background.cast import Cast
from streams.simulation.background.names import PLACES, titles
from streams.simulation.background.people import DAY
from streams.simulation.background.prose import LANGUAGES
from streams.simulation.institutions.desks import NONE, Desk, run_desk

_STATES = ("Velmar", "Ostrel")
_EMBASSIES, _ENVOYS = 20, 10
_SOURCE = "invented for a simulation"
_AGENCY_NAMES = ("{state} News Agency", "Agencia {state}", "{state} Xinwen")
_AGENCY_HANDLES = ("{state}_news", "agencia_{state}", "{state}_xinwen")


@dataclass(slots=True)
class State:
    """The bodies of one state."""

    name: str
    desks: list[Desk]
    """The desks of the agency, one for each language, then the desk of the television channel."""
    company: Desk
    """The desk of the agency's subsidiary. It publishes press releases, only on its site."""
    outlet_site: int
    """Number in the log of the small site of a company that the subsidiary owns."""
    outlet: int
    """The account of that company. The platform does not label it."""
    diplomats: I64
    entities: list[RegistryEntity] = field(default_factory=list)

    def desk(self, language: int) -> Desk:
        """The agency's desk in a language."""
        return self.desks[language]


def make_states(cast: Cast, rng: np.random.Generator) -> list[State]:
    """Add two states and let them publish; the first publishes twice as much as the second."""
    return [_make_state(cast, rng, name, 24.0 / (number + 1)) for number, name in enumerate(_STATES)]


def _make_state(cast: Cast, rng: np.random.Generator, name: str, a_day: float) -> State:
    """Add one state; its agency publishes `a_day` articles a day in each language."""
    bodies = _Bodies(cast, rng, name)
    bodies.party()
    desks = bodies.agency(a_day)
    desks.append(bodies.television(a_day / 2))
    company = bodies.holding()
    outlet, outlet_site = bodies.outlet()
    bodies.ministry()
    diplomats = bodies.diplomats()
    state = State(name, desks, company, outlet_site, outlet, np.array(diplomats), bodies.entities)
    _repost_agency(cast, rng, state)
    return state


@dataclass(slots=True)
class _Bodies:
    """Adds the bodies of one state, each with its accounts, its sites and its entry in the registry."""

    cast: Cast
    rng: np.random.Generator
    state: str
    entities: list[RegistryEntity] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The state's name as ids and handles contain it."""
        return self.state.lower()

    @property
    def media_label(self) -> str:
        """What the platform shows on accounts of the state's media."""
        return f"{self.state} state-affiliated media"

    @property
    def government_label(self) -> str:
        """What the platform shows on accounts of the ministry and of some diplomats."""
        return f"{self.state} government organization"

    def party(self) -> None:
        """Add the party organ."""
        title = f"Voice of {self.state}"
        account = self._account("party", f"voz_{self.key}", title, 1, 4e4, self.media_label)
        self._register(
            "party", title, EntityKind.PARTY_ORGAN, None, [account], [f"voice-of-{self.key}.example"]
        )

    def agency(self, a_day: float) -> list[Desk]:
        """Add the agency: one site, and one account and one desk for each language."""
        name, domain = f"Agencia {self.state}", f"agencia-{self.key}.example"
        pages = self._site("agency", domain, name, 1)
        desks, accounts = [], []
        for language in range(len(LANGUAGES)):
            handle = _AGENCY_HANDLES[language].format(state=self.key)
            title = _AGENCY_NAMES[language].format(state=self.state)
            audience = self.rng.uniform(1e5, 8e5)
            account = self._account("agency", handle, title, language, audience, self.media_label)
            # a desk writes about its language's topics; the site has all of them
            self.cast.people.topics[pages[0]] = self.cast.people.topics[account]
            accounts.append(account)
            desks.append(run_desk(self.cast, self.rng, name, handle, language, account, pages, a_day))
        self._register("agency", name, EntityKind.STATE_MEDIA, "party", accounts, [domain])
        return desks

    def television(self, a_day: float) -> Desk:
        """Add the television channel, in the first language."""
        channel, handle, domain = f"{self.state} Television", f"{self.key}_tv", f"{self.key}-tv.example"
        account = self._account("tv", handle, channel, 0, self.rng.uniform(5e4, 3e5), self.media_label)
        pages = self._site("tv", domain, channel, 0)
        desk = run_desk(self.cast, self.rng, channel, handle, 0, account, pages, a_day)
        self._register("tv", channel, EntityKind.STATE_MEDIA, "party", [account], [domain])
        return desk

    def holding(self) -> Desk:
        """Add the agency's subsidiary, which publishes press releases on its site and has no account."""
        title, domain = f"{self.state} Media Holding", f"{self.key}-media-holding.example"
        pages = self._site("holding", domain, title, 0)
        desk = run_desk(self.cast, self.rng, title, f"{self.key}_holding", 0, NONE, pages, 3)
        self._register("holding", title, EntityKind.COMPANY, "agency", [], [domain])
        return desk

    def outlet(self) -> tuple[int, int]:
        """Add a company that the subsidiary owns, with six articles; return its account and the number of its site."""
        cast, rng = self.cast, self.rng
        title = f"Horizonte {titles(rng, 1)[0].split()[1]}"
        domain = title.lower().replace(" ", "-") + ".example"
        account = self._account(
            "outlet", title.lower().replace(" ", "_"), title, 1, rng.uniform(200, 900), None
        )
        _, site = self._site("outlet", domain, title, 1)
        topics = np.full(6, cast.people.topics[account, 0])
        articles, headlines = cast.log.publish(topics, np.full(6, site))
        cast.log.post(rng.uniform(0, cast.span_s, 6), np.full(6, account), saying=headlines, article=articles)
        self._register(
            "outlet", f"{title} Comunicaciones", EntityKind.COMPANY, "holding", [account], [domain]
        )
        return account, site

    def ministry(self) -> None:
        """Add the foreign ministry."""
        title = f"Foreign Ministry of {self.state}"
        account = self._account("ministry", f"{self.key}_mfa", title, 0, 9e4, self.government_label)
        self._register("ministry", title, EntityKind.OTHER, "party", [account], [])

    def diplomats(self) -> list[int]:
        """Add embassies and envoys; return their accounts. The platform labels about half of them."""
        rng = self.rng
        accounts = []
        envoys = titles(rng, _ENVOYS)
        for number in range(_EMBASSIES + _ENVOYS):
            if number < _EMBASSIES:
                title = f"Embassy of {self.state} in {PLACES[number]}"
                handle = f"{self.key}_in_{PLACES[number].lower()}"
            else:
                title = envoys[number - _EMBASSIES]
                handle = f"{title.lower().replace(' ', '_')}_{self.key[:2]}"
            language = int(rng.choice(len(LANGUAGES), p=(0.5, 0.4, 0.1)))
            label = self.government_label if rng.random() < 0.5 else None
            part = f"diplomat-{number + 1}"
            account = self._account(part, handle, title, language, np.exp(rng.normal(7.3, 1.0)), label)
            self.cast.people.rate[account] = rng.uniform(0.2, 1.5)
            accounts.append(account)
            self._register(part, title, EntityKind.DIPLOMAT, "ministry", [account], [])
        return accounts

    def _account(
        self, part: str, handle: str, title: str, language: int, audience: float, label: str | None
    ) -> int:
        """Add an account with so many followers; `label` is the platform's, None for none."""
        group = f"{self.key}-{part}"
        account = int(self.cast.add_accounts(self.rng, 1, language, "registry", group, int(audience))[0])
        profile = self.cast.profile_of(account)
        profile.handle, profile.display_name, profile.platform_label = handle, title, label
        profile.verified = label is not None
        profile.created_s = -int(self.rng.integers(1_000, 4_000)) * DAY
        return account

    def _site(self, part: str, domain: str, title: str, language: int) -> tuple[int, int]:
        """Add a site; return its account and its number in the log."""
        return self.cast.site(self.rng, domain, language, "registry", f"{self.key}-{part}", title)

    def _register(
        self,
        part: str,
        title: str,
        kind: EntityKind,
        parent: str | None,
        accounts: list[int],
        domains: list[str],
    ) -> None:
        """Enter a body in the registry, below its parent body."""
        self.entities.append(
            RegistryEntity(
                entity_id=f"{self.key}-{part}",
                name=title,
                kind=kind,
                parent_id=None if parent is None else f"{self.key}-{parent}",
                accounts=[_entry(self.cast, account, len(self.entities)) for account in accounts],
                domains=domains,
                source=_SOURCE,
            )
        )


def _entry(cast: Cast, account: int, number: int) -> RegistryAccount:
    """An account as a registry lists it: most with id and handle, two in seven with only one of them."""
    profile = cast.profile_of(account)
    account_id, handle = cast.public_id(account), profile.handle
    if number % 7 == 5:
        return RegistryAccount(platform=profile.platform, account_id=account_id)
    if number % 7 == 6:
        return RegistryAccount(platform=profile.platform, handle=handle)
    return RegistryAccount(platform=profile.platform, account_id=account_id, handle=handle)


def _repost_agency(cast: Cast, rng: np.random.Generator, state: State) -> None:
    """Let diplomats repost the agency now and then, hours later, some of them much more often than others."""
    days = cast.span_s / DAY
    for who in state.diplomats.tolist():
        desk = state.desk(int(cast.people.language[who]))
        times = min(rng.poisson(0.5 * days * rng.lognormal(0, 0.8)), len(desk.post))
        chosen = rng.choice(len(desk.post), times, replace=False)
        at = desk.at[chosen] + 60 + rng.lognormal(8.5, 1.0, times)
        cast.log.post(at, np.full(times, who), shares=desk.post[chosen])


def registry_accounts(cast: Cast) -> I64:
    """All accounts on `x` that belong to an entity."""
    return np.array(
        [
            who
            for who, label in enumerate(cast.people.label)
            if label == "registry" and cast.profile_of(who).platform == "x"
        ],
        np.int64,
    )
