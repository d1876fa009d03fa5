"""`--suppressions`: rules of reviewers, one JSON object a line.

Like a registry, the file is used whole or not at all: a rule dropped in silence would page somebody for nothing.
"""

import msgspec

from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault
from schemas.errors import InputError
from schemas.reviews import SuppressionRule
from streams.sources.files.compressed import ByteInput

_EXAMPLE = '{"rule_id": "r1", "kind": "allow", "account_ids": ["x:1"], "reason": "the town library and its branches"}'


def read_suppressions(path: str) -> list[SuppressionRule]:
    """Read the rules of a file, in the order of their ids: an alert names the first rule that fits.

    Raises:
        InputError: the file cannot be read, a line is no rule, or two rules have one id.
    """
    stream = ByteInput(path)
    lines = b"".join(block.data for block in stream.blocks()).split(b"\n")
    decoder = msgspec.json.Decoder(SuppressionRule)
    rules: dict[str, SuppressionRule] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rule = decoder.decode(line)
        except DECODING_ERRORS as error:
            raise InputError(
                f"{stream.name}: line {number}: {decoding_fault(error)}. A rule is written like {_EXAMPLE}."
            ) from error
        if rule.rule_id in rules:
            raise InputError(f"{stream.name}: line {number}: a second rule with the id {rule.rule_id}.")
        rules[rule.rule_id] = rule
    return [rules[name] for name in sorted(rules)]
