"""`--reviews`: the audit log of reviews, one ReviewEvent a line. What they mute and allow are rules of the run.

Like the file of rules, it is used whole or not at all.
"""

import msgspec

from detectors.reference.review_decisions import ReviewDecisions
from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault
from schemas.errors import InputError
from schemas.reviews import ReviewEvent, SuppressionRule
from streams.sources.files.compressed import ByteInput


def read_reviews(path: str) -> list[ReviewEvent]:
    """Read the events of a file, in their order.

    Raises:
        InputError: the file cannot be read, or a line is no review event.
    """
    stream = ByteInput(path)
    lines = b"".join(block.data for block in stream.blocks()).split(b"\n")
    decoder = msgspec.json.Decoder(ReviewEvent)
    events = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            events.append(decoder.decode(line))
        except DECODING_ERRORS as error:
            raise InputError(f"{stream.name}: line {number}: {decoding_fault(error)}.") from error
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
