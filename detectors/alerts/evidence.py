"""The evidence of an alert: acts of members that a person can check, with accounts, posts and times.

Detection gathers all samples. An alert that is written for others has some of them (`brief`); the snapshot of its
network has them all.
"""

from collections.abc import Iterable, Sequence

import msgspec

from detectors.alerts.network_facts import NetworkFacts, ObjectFacts
from detectors.covertness import words
from detectors.covertness.covertness import SUSPECTED
from detectors.covertness.network_context import NetworkContext
from detectors.covertness.terms.term import Sample
from schemas.alerts import Alert
from schemas.evidence import Evidence
from schemas.shares import TraceKind

_MOST_ACCOUNTS = 25
"""Accounts listed for one object, in the order of their shares. It bounds the size of a snapshot; not measured."""
BRIEF_OBJECTS = 3
"""Objects of a brief alert, of all kinds together; `BRIEF_OBJECTS_SUSPECTED` of a suspected network, which has samples
of context terms beside them. With these limits the median alert has 5 to 9 kB (`docs/operations/sizing.md`)."""
BRIEF_OBJECTS_SUSPECTED = 2
BRIEF_TERM_SAMPLES = 3
"""Samples of context terms that would carry a suspicion by themselves, in a brief alert: one of each, then a second of
each. Of other terms there are none: the terms say there that nothing was seen, or hardly more than chance gives."""
BRIEF_STRONG_SAMPLES = 2
"""Samples of one such term."""
BRIEF_ACCOUNTS = 3
"""Accounts of each sample in a brief alert. It has the address of the first post alone."""


def term_samples(context: NetworkContext, names: Sequence[str]) -> list[Evidence]:
    """Samples of the context terms, without addresses.

    Args:
        context: what is known about the members.
        names: `platform:account_id` by account number.
    """
    return [_of_term(term, sample, names) for term, sample in context.samples]


def object_samples(facts: NetworkFacts, names: Sequence[str]) -> list[Evidence]:
    """The objects that members shared together, without addresses.

    Args:
        facts: what the members shared.
        names: `platform:account_id` by account number.
    """
    return [_of_object(sample, names) for sample in facts.samples]


def _of_term(term: str, sample: Sample, names: Sequence[str]) -> Evidence:
    return Evidence(
        kind=term,
        account_ids=[names[sample.account]],
        post_ids=[] if sample.post_id is None else [sample.post_id],
        permalinks=[],
        object=sample.object,
        window_start=words.utc(sample.time),
        window_end=words.utc(sample.time),
        observed=1.0,
        expected=round(sample.expected, 6),
        entity=sample.entity,
    )


def _of_object(sample: ObjectFacts, names: Sequence[str]) -> Evidence:
    """One object with the accounts and posts that shared it."""
    accounts = [names[account] for account in sample.accounts[:_MOST_ACCOUNTS]]
    post_ids = list(sample.post_ids[: len(accounts)])
    return Evidence(
        kind=sample.kind.value,
        account_ids=accounts,
        post_ids=post_ids,
        permalinks=[],
        object=sample.label,
        window_start=words.utc(sample.start),
        window_end=words.utc(sample.end),
        observed=float(len(sample.accounts)),
        expected=round(sample.expected, 6),
    )


def brief(alert: Alert) -> Alert:
    """The alert with fewer samples, each with fewer accounts, and without ties. All counts stay as they are.

    It keeps `BRIEF_TERM_SAMPLES` of the strong context terms, and `BRIEF_OBJECTS` objects: first the strongest, then
    each time the one that adds most to what is there: another kind, then accounts not seen yet, then an object not seen
    yet; of equals the strongest. Of the accounts of a sample it keeps the `BRIEF_ACCOUNTS` that acted first, with their
    posts. What an earlier sample says of an original or an entity is not said again.

    Args:
        alert: with all samples, as detection raises it.
    """
    kinds = set(TraceKind)
    value = {term.name: term.value for term in alert.covertness_terms}
    suspected = (alert.covertness or 0.0) >= SUSPECTED
    shortened = [_first_to_act(sample) for sample in alert.evidence]
    objects = [number for number, sample in enumerate(shortened) if sample.kind in kinds]
    terms: dict[str, list[int]] = {}
    for number, sample in enumerate(shortened):
        if sample.kind not in kinds:
            terms.setdefault(sample.kind, []).append(number)
    kept = _most_various(shortened, objects, BRIEF_OBJECTS_SUSPECTED if suspected else BRIEF_OBJECTS)
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
        evidence=_with_first_originals([shortened[number] for number in sorted(kept)]),
        evidence_left_out=len(shortened) - len(kept),
        ties=[],
        ties_left_out=alert.ties_left_out + len({(tie.account_a, tie.account_b) for tie in alert.ties}),
    )


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


def _first_to_act(sample: Evidence) -> Evidence:
    """The sample with the accounts that acted first and their posts, and the address of the first post."""
    return msgspec.structs.replace(
        sample,
        account_ids=sample.account_ids[:BRIEF_ACCOUNTS],
        post_ids=sample.post_ids[:BRIEF_ACCOUNTS],
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
