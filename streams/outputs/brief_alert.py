"""An alert in brief, as it is published: what a consumer decides by. The record of its network has the rest.

A published alert is read by every consumer, and most read no more than its first lines. So it gives its first members
in full, some samples, and no ties. `streams.outputs.network_record` writes what it leaves out, and puts both together.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from detectors.covertness.assessed_before import OBSCURITY
from detectors.covertness.covertness import SUSPECTED
from schemas.alerts import Alert
from schemas.evidence import CO_SHARE, Evidence, Signal
from schemas.networks import Member
from schemas.shares import TraceKind

SMALL = 10
"""Members up to which a network is small. What grows with a network is no burden there, so nothing of it is left out.
With this and the limits below, the median alert of simulated worlds has less than 8 kB (`docs/operations/sizing.md`).
"""
BRIEF_MEMBERS = 3
"""Members in full, the first ones, of a network that is not small. Of the others an alert leaves out their followers
and when they were created."""
BRIEF_KINDS = 2
"""Signals of co-shares, the strongest kinds, which the explanation names."""
BRIEF_OBJECTS, BRIEF_OBJECTS_SMALL = 2, 3
"""Objects, of all kinds together; and of a small network that is not suspected. A suspected one has samples of context
terms beside them."""
BRIEF_TERM_SAMPLES = 3
"""Samples of context terms that would carry a suspicion by themselves: one of each, then a second of each. Of other
terms there are none: the terms say there that nothing was seen, or hardly more than chance gives."""
BRIEF_STRONG_SAMPLES = 2
"""Samples of one such term."""
BRIEF_ACCOUNTS, BRIEF_ACCOUNTS_SMALL = 2, 3
"""Accounts of each sample; and in the alert of a small network. It has the address of the first post alone."""


def brief(alert: Alert) -> Alert:
    """The alert with fewer samples, each with fewer accounts, and without ties. All counts stay as they are.

    Of a network that is not small it keeps `BRIEF_MEMBERS` members in full. It keeps obscurity and the terms of
    covertness above 0, and no signals of weak terms, which say the same, or of co-shares of further kinds.

    It keeps `BRIEF_TERM_SAMPLES` of the strong context terms, and two or three objects: first the strongest, then each
    time the one that adds most to what is there: another kind, then accounts not seen yet, then an object not seen
    yet; of equals the strongest. Of the accounts of a sample it keeps the two or three that acted first, with their
    posts. What an earlier sample says of an original or an entity is not said again.

    Args:
        alert: with all samples, as detection raises it.
    """
    kinds = set(TraceKind)
    value = {term.name: term.value for term in alert.covertness_terms}
    small = alert.member_count <= SMALL
    suspected = (alert.covertness or 0.0) >= SUSPECTED
    accounts = BRIEF_ACCOUNTS_SMALL if small else BRIEF_ACCOUNTS
    shortened = [_first_to_act(sample, accounts) for sample in alert.evidence]
    objects = [number for number, sample in enumerate(shortened) if sample.kind in kinds]
    terms: dict[str, list[int]] = {}
    for number, sample in enumerate(shortened):
        if sample.kind not in kinds:
            terms.setdefault(sample.kind, []).append(number)
    most = BRIEF_OBJECTS_SMALL if small and not suspected else BRIEF_OBJECTS
    kept = _most_various(shortened, objects, most)
    strong = [
        _most_various(shortened, numbers, BRIEF_STRONG_SAMPLES)
        for name, numbers in terms.items()
        if value.get(name, 0.0) >= SUSPECTED
    ]
    in_turn = [
        numbers[place] for place in range(BRIEF_STRONG_SAMPLES) for numbers in strong if place < len(numbers)
    ]
    kept += in_turn[:BRIEF_TERM_SAMPLES]
    return msgspec.structs.replace(
        alert,
        members=alert.members if small else _first_in_full(alert.members),
        covertness_terms=[term for term in alert.covertness_terms if term.value or term.name == OBSCURITY],
        signals=_telling(alert.signals, value),
        evidence=_with_first_originals([shortened[number] for number in sorted(kept)]),
        evidence_left_out=len(shortened) - len(kept),
        ties=[],
        ties_left_out=alert.ties_left_out + len({(tie.account_a, tie.account_b) for tie in alert.ties}),
    )


def _telling(signals: Sequence[Signal], value: Mapping[str, float]) -> list[Signal]:
    """The signals of the first kinds of co-shares, and those of no weak term; `value` has the terms."""
    further = [signal for signal in signals if signal.detector.startswith(CO_SHARE)][BRIEF_KINDS:]
    return [
        signal
        for signal in signals
        if signal not in further and (signal.summary or value.get(signal.detector, 1.0) >= SUSPECTED)
    ]


def _first_in_full(members: Sequence[Member]) -> list[Member]:
    """The members, those after the first ones without their followers and when they were created."""
    others = (
        msgspec.structs.replace(member, followers=None, created_at=None) for member in members[BRIEF_MEMBERS:]
    )
    return [*members[:BRIEF_MEMBERS], *others]


def _with_first_originals(samples: Sequence[Evidence]) -> list[Evidence]:
    """The samples without what an earlier one says.

    The first of each kind has the text of its original; the first about an entity says in `object` whose it is.
    """
    seen, entities = set[str](), set[str]()
    kept = []
    for sample in samples:
        entity = sample.entity
        if entity is not None and sample.kind in seen:
            entity = msgspec.structs.replace(entity, text=None, published_at=None, account_id=None)
        seen.add(sample.kind)
        thing = sample.object
        if entity is not None and entity.entity_id in entities:
            thing = thing.rpartition(f" [{entity.name} (")[0] or thing
        if entity is not None:
            entities.add(entity.entity_id)
        kept.append(msgspec.structs.replace(sample, entity=entity, object=thing))
    return kept


def _first_to_act(sample: Evidence, accounts: int) -> Evidence:
    """The sample with the `accounts` that acted first and their posts, and the address of the first post."""
    return msgspec.structs.replace(
        sample,
        account_ids=sample.account_ids[:accounts],
        post_ids=sample.post_ids[:accounts],
        permalinks=sample.permalinks[:1],
    )


def _most_various(samples: Sequence[Evidence], numbers: Iterable[int], most: int) -> list[int]:
    """The numbers of at most `most` samples: the first, then each time the one that adds most to those chosen."""
    left, chosen = list(numbers), list[int]()
    kinds, accounts, objects = set[str](), set[str](), set[str]()

    def adds(number: int) -> tuple[bool, int, bool]:
        sample = samples[number]
        return (
            sample.kind not in kinds,
            len(set(sample.account_ids) - accounts),
            sample.object not in objects,
        )

    while left and len(chosen) < most:
        # `max` gives the first of equals, and the first is the strongest
        number = max(left, key=adds) if chosen else left[0]
        left.remove(number)
        chosen.append(number)
        kinds.add(samples[number].kind)
        accounts.update(samples[number].account_ids)
        objects.add(samples[number].object)
    return chosen
