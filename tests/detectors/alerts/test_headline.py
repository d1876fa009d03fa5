"""Headlines: they differ where networks do, name who can be named, and stay short and harmless."""

from dataclasses import replace

import pytest

from detectors.alerts.findings import found_together
from detectors.alerts.network_facts import KindFacts, NetworkFacts, ObjectFacts
from detectors.alerts.texts.headline import headline
from detectors.alerts.texts.quoting import quoted
from detectors.covertness.covertness import covertness
from schemas.shares import TraceKind
from tests.detectors.alerts.network_samples import DAY, LINKS, START, context, facts, link, member


def head(of: NetworkFacts, *handles: str | None, **chances: float) -> str:
    known = context(**chances)
    members = (*map(member, handles), *(member() for _ in of.members[len(handles) :]))
    return headline(
        found_together(of, known, START),
        of.members,
        replace(known, members=members),
        ["x"],
        covertness(known),
    )


def test_given_handles_and_an_object_then_both_are_named() -> None:
    said = head(facts(samples=(link("https://www.example.org/vote?a=1"),)), None, "luz_py", "ana")

    assert said == (
        "5 accounts on x (@luz_py, @ana and 3 more) appear to act together: they posted the same 2 links within 10 "
        "minutes of each other, since 28 January 2021, such as “example.org/vote?a=1”"
    )


def test_given_a_suspected_network_then_who_since_when_and_the_object_are_named_too() -> None:
    said = head(facts(samples=(link("example.org/a"),)), "ana", "luz", registry_followers=1e-9)

    assert said.startswith("5 accounts on x (@ana, @luz and 3 more), most of them obscure, are suspected")
    assert "since 28 January 2021 they act together and are followed by accounts of the registry" in said
    assert said.endswith("such as “example.org/a”")


@pytest.mark.parametrize(
    "other",
    [
        facts(6),
        facts(kinds=(replace(LINKS, objects=3),)),
        facts(kinds=(LINKS, KindFacts(TraceKind.TEXT, 60, 1, 0.004, 9.0, objects=1))),
        facts(start=START - DAY),
        facts(samples=(link("example.org/b"),)),
    ],
)
def test_given_another_network_then_the_headline_is_another(other: NetworkFacts) -> None:
    assert head(other) != head(facts(samples=(link("example.org/a"),)))


def test_given_an_object_that_is_an_id_then_it_is_not_named() -> None:
    repost = ObjectFacts(TraceKind.REPOST, "x:77", (0, 1), ("p", "q"), START, START, 2, 0.1)
    assert "such as" not in head(facts(samples=(repost,)))
    assert head(facts(samples=(repost, link("example.org/a")))).endswith("such as “example.org/a”")


HOSTILE = "\x1b[2J\u202egnp.exe\u200b” <b>\n" + "x" * 500


def test_given_hostile_text_then_the_headline_is_short_and_on_one_line() -> None:
    said = head(facts(samples=(link(HOSTILE),)), HOSTILE, HOSTILE)

    assert said.isprintable()
    assert len(said) < 320
    assert not any(mark in said for mark in ("<", ">", "\u202e", "\u200b", "\x1b", "\n"))
    assert said.count("”") == 1


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("https://example.org/a", 20, "example.org/a"),
        ("HTTP://www.example.org", 20, "example.org"),
        ("a  b\tc", 20, "a b c"),
        ("abcdef", 4, "abc…"),
        ("ab cdef", 4, "ab…"),
        ("日本語のニュース", 20, "日本語のニュース"),
        ("\u200b", 20, ""),
        ("ne\u200bws", 20, "news"),
    ],
)
def test_text_is_cut_and_cleaned(text: str, limit: int, expected: str) -> None:
    assert quoted(text, limit) == expected
