"""`--reviews`: the audit log of reviews, ReviewEvents one a line or in an array.

What they mute and allow are rules of the run.

Like the file of rules, it is used whole or not at all.
"""

from detectors.reference.review_decisions import ReviewDecisions
from schemas.checks.decoding_faults import DecodingFault
from schemas.errors import InputError
from schemas.reviews import ReviewEvent, SuppressionRule
from streams.reference_files.whole_files import objects_of, text_of_file
from streams.sources.files.compressed import ByteInput

_MOST_BYTES = 1 << 30
"""1 GiB: some three million events. Chosen, not measured."""


def read_reviews(path: str) -> list[ReviewEvent]:
    """Read the events of a file, in their order.

    Raises:
        InputError: the file cannot be read, or an object is no review event.
    """
    stream = ByteInput(path)
    text = text_of_file(stream, _MOST_BYTES, "an audit log of reviews")
    events = []
    for place, event in objects_of(text, ReviewEvent):
        if isinstance(event, DecodingFault):
            raise InputError(f"{stream.name}: {place}: {event}.")
        events.append(event)
    return events


def rules_of_reviews(path: str) -> list[SuppressionRule]:
    """The rules that the events of a file make, all of them taken together.

    Raises:
        InputError: as for `read_reviews`.
    """
    decisions = ReviewDecisions()
    for event in read_reviews(path):
        decisions.take(event)
    return decisions.rules()
