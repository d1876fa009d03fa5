"""What is asked of a Jetstream server, and what is refused before anything is asked."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import zstandard

from schemas.errors import InputError, UsageError
from streams.collect.jetstream.request import (
    DEFAULT_COLLECTIONS,
    DEFAULT_URL,
    JetstreamRequest,
    jetstream_request,
)
from streams.collect.source import Position

SECOND = "wss://one.example/xrpc/network.bsky.jetstream.subscribeEvents"
DIDS = [f"did:plc:{number:024d}" for number in range(101)]
AT = Position(time_us=1_700_000_000_000_000, seq=77)


def asked(request: JetstreamRequest, *arguments: object, **more: bool) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.address(*arguments, **more)).query)  # type: ignore[arg-type]


def test_given_the_first_server_then_it_goes_on_by_time_a_little_earlier() -> None:
    query = asked(JetstreamRequest(DEFAULT_URL, dids=DIDS[:2]), AT)
    assert query["cursor"] == [str(AT.time_us - 5_000_000)]
    assert query["wantedCollections"] == list(DEFAULT_COLLECTIONS)
    assert query["wantedDids"] == DIDS[:2]
    assert "cursor" not in asked(JetstreamRequest(DEFAULT_URL), None)


def test_given_the_second_server_then_it_goes_on_by_number_and_by_time_when_it_must() -> None:
    request = JetstreamRequest(SECOND, dids=DIDS)
    query = asked(request, AT)
    assert (query["cursor"], query["dids"], query["collections"]) == (["77"], DIDS, list(DEFAULT_COLLECTIONS))
    assert asked(request, AT, by_time=True)["cursor"] == [str(AT.time_us - 5_000_000)]
    assert request.hello is None


def test_given_more_accounts_than_an_address_holds_then_they_are_sent_in_a_message() -> None:
    request = JetstreamRequest(DEFAULT_URL, dids=DIDS)
    query = asked(request, None)
    assert query["requireHello"] == ["true"]
    assert not {"wantedDids", "wantedCollections"} & query.keys()
    assert request.hello is not None
    hello = msgspec.json.decode(request.hello)
    assert hello["type"] == "options_update"
    assert hello["payload"]["wantedDids"] == DIDS


def test_given_a_dictionary_then_compression_is_asked_for_as_each_server_wants_it(tmp_path: Path) -> None:
    dictionary = zstandard.train_dictionary(1_024, [f'{{"did":"{did}"}}'.encode() * 9 for did in DIDS])
    path = tmp_path / "dictionary"
    path.write_bytes(dictionary.as_bytes())
    first, second = (jetstream_request(url, (), None, str(path)) for url in (DEFAULT_URL, SECOND))
    assert asked(first, None)["compress"] == ["true"]
    assert asked(second, None)["zstdDictionary"] == [str(dictionary.dict_id())]


@pytest.mark.parametrize("url", ["wss://one.example", "wss://one.example/"])
def test_given_no_path_then_it_is_that_of_the_first_server(url: str) -> None:
    assert jetstream_request(url, (), None, None).url == "wss://one.example/subscribe"


@pytest.mark.parametrize(
    "url", ["https://one.example", "one.example", "wss://", "wss://a:b@one.example", "wss://one.example/s?cursor=1",
            "wss://one.example:0", "wss://one.example:x", ""],
)  # fmt: skip
def test_given_no_address_of_a_server_then_it_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--url"):
        jetstream_request(url, (), None, None)


@pytest.mark.parametrize(
    "names", [["posts"], ["app.bsky feed"], ["app.bsky.*.x"], [f"a.b{n}" for n in range(101)]]
)
def test_given_no_collections_then_they_are_refused(names: list[str]) -> None:
    with pytest.raises(UsageError, match="--collections"):
        jetstream_request(DEFAULT_URL, names, None, None)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("a.handle\n", "line 1"),
        ("# nobody\n\n", "names no account"),
        ("\n".join(f"did:plc:{number}" for number in range(10_001)), "10,000 at most"),
    ],
)
def test_given_a_file_without_accounts_then_it_is_refused(tmp_path: Path, lines: str, says: str) -> None:
    path = tmp_path / "dids"
    path.write_text(lines)
    with pytest.raises(InputError, match=says):
        jetstream_request(DEFAULT_URL, (), str(path), None)


def test_given_a_file_of_accounts_then_comments_prefixes_and_repeats_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "dids"
    path.write_text(f"# who\n{DIDS[0]}\nbluesky:{DIDS[1]} # a note\n\n{DIDS[0]}\n")
    assert list(jetstream_request(DEFAULT_URL, (), str(path), None).dids) == DIDS[:2]


@pytest.mark.parametrize("raw", [b"", b"no dictionary", b"\x37\xa4\x30\xec"])
def test_given_what_is_no_dictionary_then_it_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "dictionary"
    path.write_bytes(raw)
    with pytest.raises(InputError, match="no dictionary of zstd"):
        jetstream_request(DEFAULT_URL, (), None, str(path))
