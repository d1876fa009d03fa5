"""What msgspec refuses reaches people as a path and plain words."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from schemas.checks.decoding_faults import DECODING_ERRORS, decoding_fault


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, Meta(ge=0)]
    names: list[str] = []


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"inner": {"count": "x"}}', "inner.count: expected int, got str"),
        (b'{"inner": {"count": -1}}', "inner.count: expected int >= 0"),
        (b'{"inner": {"count": 1, "names": [1]}}', "inner.names[0]: expected str, got int"),
        (b'{"inner": {"count": 1, "size": 2}}', "inner: unknown field size"),
        (b'{"inner": {}}', "inner: field count is missing"),
        (b"{}", "field inner is missing"),
        (b"3", "expected object, got int"),
        (b"{]", "JSON is malformed: object keys must be strings (byte 1)"),
        (b"", "input data was truncated"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"inner": {"count": "\xff"}}', "inner.count: expected int, got str"),
    ],
)
def test_given_a_value_that_cannot_be_decoded_then_place_and_fault_are_in_words(
    text: bytes, words: str
) -> None:
    kind = list if text.startswith(b"[") else Outer
    with pytest.raises(DECODING_ERRORS) as caught:
        msgspec.json.decode(text, type=kind)
    assert str(decoding_fault(caught.value)) == words


def test_given_a_check_of_our_own_then_its_message_stays() -> None:
    class Checked(msgspec.Struct):
        name: str

        def __post_init__(self) -> None:
            raise ValueError("name: must not be empty")

    with pytest.raises(DECODING_ERRORS) as caught:
        msgspec.json.decode(b'{"name": ""}', type=Checked)
    assert str(decoding_fault(caught.value)) == "name: must not be empty"
