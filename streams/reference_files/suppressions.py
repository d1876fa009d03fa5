"""`--suppressions`: rules of reviewers, JSON objects one a line or in an array.

Like a registry, the file is used whole or not at all: a rule dropped in silence would page somebody for nothing.
"""

from schemas.checks.decoding_faults import DecodingFault
from schemas.errors import InputError
from schemas.reviews import SuppressionRule
from streams.reference_files.whole_files import objects_of, text_of_file
from streams.sources.files.compressed import ByteInput

_MOST_BYTES = 1 << 28
"""256 MiB: a million rules. Chosen, not measured."""

_EXAMPLE = '{"rule_id": "r1", "kind": "allow", "account_ids": ["x:1"], "reason": "the town library and its branches"}'


def read_suppressions(path: str) -> list[SuppressionRule]:
    """Read the rules of a file, in the order of their ids: an alert names the first rule that fits.

    Raises:
        InputError: the file cannot be read, an object is no rule, or two rules have one id.
    """
    stream = ByteInput(path)
    text = text_of_file(stream, _MOST_BYTES, "a file of rules")
    rules: dict[str, SuppressionRule] = {}
    for place, rule in objects_of(text, SuppressionRule):
        if isinstance(rule, DecodingFault):
            raise InputError(f"{stream.name}: {place}: {rule}. A rule is written like {_EXAMPLE}.")
        if rule.rule_id in rules:
            raise InputError(f"{stream.name}: {place}: a second rule with the id {rule.rule_id}.")
        rules[rule.rule_id] = rule
    return [rules[name] for name in sorted(rules)]
