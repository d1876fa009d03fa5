"""Two invented states: party, agency, companies, ministry, diplomats, their registry entries and what they do."""

from dataclasses import dataclass, field

import numpy as np

from detectors.arrays.dtypes import I64
from schemas.registry import EntityKind, RegistryAccount, RegistryEntity
from streams.simulation.background.cast import Cast
from streams.simulation.background.names import PLACES, titles
from streams.simulation.background.people import DAY
from streams.simulation.background.prose import LANGUAGES
from streams.simulation.institutions.desks import NOBODY, Desk, run_desk

_STATES = ("Velmar", "Ostrel")
_EMBASSIES, _ENVOYS = 20, 10
_SOURCE = "invented for a simulation"
_AGENCY_NAMES = ("{state} News Agency", "Agencia {state}", "{state} Xinwen")
_AGENCY_HANDLES = ("{state}_news", "agencia_{state}", "{state}_xinwen")


@dataclass(slots=True)
class State:
    """A state's bodies in the world."""

    name: str
    desks: list[Desk]
    """The agency's desks, one a language, then the television's."""
    company: Desk
    """Press releases of the agency's subsidiary, on its site alone."""
    outlet_site: int
    """In the book: the small site of a company that the subsidiary owns."""
    outlet: int
    """The account of that company; no platform labels it."""
    diplomats: I64
    entities: list[RegistryEntity] = field(default_factory=list)

    def desk(self, language: int) -> Desk:
        """The agency's desk in a language."""
        return self.desks[language]


def found_states(cast: Cast, rng: np.random.Generator) -> list[State]:
    """Bring two states on stage, the first twice as loud, and let them publish."""
    return [_found(cast, rng, name, 24.0 / (number + 1)) for number, name in enumerate(_STATES)]


def _found(cast: Cast, rng: np.random.Generator, name: str, a_day: float) -> State:
    key = name.lower()
    entities: list[RegistryEntity] = []

    def enter(
        part: str, title: str, kind: EntityKind, parent: str | None, accounts: list[int], domains: list[str]
    ) -> None:
        entities.append(
            RegistryEntity(
                entity_id=f"{key}-{part}",
                name=title,
                kind=kind,
                parent_id=None if parent is None else f"{key}-{parent}",
                accounts=[_entry(cast, account, len(entities)) for account in accounts],
                domains=domains,
                source=_SOURCE,
            )
        )

    def account(part: str, handle: str, title: str, language: int, audience: float, mark: str | None) -> int:
        who = int(cast.hire(rng, 1, language, "registry", f"{key}-{part}", int(audience))[0])
        shown = cast.show(who)
        shown.handle, shown.display_name, shown.platform_label = handle, title, mark
        shown.verified = mark is not None
        shown.created_s = -int(rng.integers(1_000, 4_000)) * DAY
        return who

    def site(part: str, domain: str, title: str, language: int) -> tuple[int, int]:
        return cast.site(rng, domain, language, "registry", f"{key}-{part}", title)

    media_mark, state_mark = f"{name} state-affiliated media", f"{name} government organization"
    party = account("party", f"voz_{key}", f"Voice of {name}", 1, 4e4, media_mark)
    enter("party", f"Voice of {name}", EntityKind.PARTY_ORGAN, None, [party], [f"voice-of-{key}.example"])

    desks = []
    agency_domain = f"agencia-{key}.example"
    agencies = []
    pages = site("agency", agency_domain, f"Agencia {name}", 1)
    for language in range(len(LANGUAGES)):
        handle = _AGENCY_HANDLES[language].format(state=key)
        title = _AGENCY_NAMES[language].format(state=name)
        agencies.append(account("agency", handle, title, language, rng.uniform(1e5, 8e5), media_mark))
        # a desk writes about its language's topics; the site has all of them
        cast.people.topics[pages[0]] = cast.people.topics[agencies[-1]]
        desks.append(run_desk(cast, rng, f"Agencia {name}", handle, language, agencies[-1], pages, a_day))
    enter("agency", f"Agencia {name}", EntityKind.STATE_MEDIA, "party", agencies, [agency_domain])

    channel = f"{name} Television"
    screen = account("tv", f"{key}_tv", channel, 0, rng.uniform(5e4, 3e5), media_mark)
    studio = site("tv", f"{key}-tv.example", channel, 0)
    desks.append(run_desk(cast, rng, channel, f"{key}_tv", 0, screen, studio, a_day / 2))
    enter("tv", channel, EntityKind.STATE_MEDIA, "party", [screen], [f"{key}-tv.example"])

    holding = f"{name} Media Holding"
    office = site("holding", f"{key}-media-holding.example", holding, 0)
    company = run_desk(cast, rng, holding, f"{key}_holding", 0, NOBODY, office, 3)
    enter("holding", holding, EntityKind.COMPANY, "agency", [], [f"{key}-media-holding.example"])

    title = f"Horizonte {titles(rng, 1)[0].split()[1]}"
    domain = title.lower().replace(" ", "-") + ".example"
    shop = account("outlet", title.lower().replace(" ", "_"), title, 1, rng.uniform(200, 900), None)
    _, outlet_site = site("outlet", domain, title, 1)
    articles, headlines = cast.book.publish(np.full(6, cast.people.topics[shop, 0]), np.full(6, outlet_site))
    cast.book.post(rng.uniform(0, cast.span_s, 6), np.full(6, shop), saying=headlines, article=articles)
    enter("outlet", f"{title} Comunicaciones", EntityKind.COMPANY, "holding", [shop], [domain])

    ministry = account("ministry", f"{key}_mfa", f"Foreign Ministry of {name}", 0, 9e4, state_mark)
    enter("ministry", f"Foreign Ministry of {name}", EntityKind.OTHER, "party", [ministry], [])
    diplomats = []
    envoys = titles(rng, _ENVOYS)
    for number in range(_EMBASSIES + _ENVOYS):
        if number < _EMBASSIES:
            title, handle = f"Embassy of {name} in {PLACES[number]}", f"{key}_in_{PLACES[number].lower()}"
        else:
            title = envoys[number - _EMBASSIES]
            handle = f"{title.lower().replace(' ', '_')}_{key[:2]}"
        language = int(rng.choice(len(LANGUAGES), p=(0.5, 0.4, 0.1)))
        mark = state_mark if rng.random() < 0.5 else None
        part = f"diplomat-{number + 1}"
        who = account(part, handle, title, language, np.exp(rng.normal(7.3, 1.0)), mark)
        cast.people.rate[who] = rng.uniform(0.2, 1.5)
        diplomats.append(who)
        enter(part, title, EntityKind.DIPLOMAT, "ministry", [who], [])
    state = State(name, desks, company, outlet_site, shop, np.array(diplomats), entities)
    _echo_agency(cast, rng, state)
    return state


def _entry(cast: Cast, account: int, number: int) -> RegistryAccount:
    """An account as registries have it: mostly with id and handle, some with one of them only."""
    shown = cast.show(account)
    account_id, handle = cast.public_id(account), shown.handle
    if number % 7 == 5:
        return RegistryAccount(platform=shown.platform, account_id=account_id)
    if number % 7 == 6:
        return RegistryAccount(platform=shown.platform, handle=handle)
    return RegistryAccount(platform=shown.platform, account_id=account_id, handle=handle)


def _echo_agency(cast: Cast, rng: np.random.Generator, state: State) -> None:
    """Diplomats repost the agency now and then, some much more than others, hours later."""
    days = cast.span_s / DAY
    for who in state.diplomats.tolist():
        desk = state.desk(int(cast.people.language[who]))
        times = min(rng.poisson(0.5 * days * rng.lognormal(0, 0.8)), len(desk.post))
        chosen = rng.choice(len(desk.post), times, replace=False)
        at = desk.at[chosen] + 60 + rng.lognormal(8.5, 1.0, times)
        cast.book.post(at, np.full(times, who), shares=desk.post[chosen])


def registry_accounts(cast: Cast) -> I64:
    """All accounts on `x` that belong to an entity."""
    return np.array(
        [
            who
            for who, label in enumerate(cast.people.label)
            if label == "registry" and cast.show(who).platform == "x"
        ],
        np.int64,
    )
