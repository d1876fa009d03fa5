"""`examples/draw_network.py`, which draws the picture in the README."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from examples.draw_network import draw, main
from schemas.alerts import Alert
from schemas.evidence import Evidence, Signal
from schemas.networks import Member, MemberRole
from schemas.registry import EntityKind, RegistryEntity
from streams.outputs.brief_alert import brief
from streams.outputs.network_record import network_of
from tests.schemas.samples import MINIMAL, NOON

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "suspected-network.svg"
ENTITIES = [
    RegistryEntity(entity_id="a", name="The Agency", kind=EntityKind.STATE_MEDIA),
    RegistryEntity(entity_id="c", name="The Agency's Company", kind=EntityKind.COMPANY, parent_id="a"),
    RegistryEntity(entity_id="d", name="An <Embassy>", kind=EntityKind.DIPLOMAT),
]


def sample(kind: str, account: str, words: str) -> Evidence:
    return Evidence(
        kind=kind,
        account_ids=[account],
        post_ids=[],
        permalinks=[],
        object=words,
        window_start=NOON,
        window_end=NOON,
        observed=1.0,
        expected=0.0,
    )


def suspected(**fields: Any) -> Alert:
    members = [
        Member(
            account_id=f"x:{name}",
            handle=name,
            role=MemberRole.CORE,
            membership=1.0,
            first_seen=NOON,
            last_seen=NOON,
            followers=9,
        )
        for name in ("one", "two", "three")
    ]
    signals = [
        Signal(
            detector=name,
            version="1",
            score=1.0,
            observed=seen,
            expected=rate,
            n=31,
            window_s=window,
            summary="",
        )
        for name, seen, rate, window in (
            ("co_share.text", 16.0, 0.015, 600),
            ("unattributed_copies", 17.0, 0.028, 0),
            ("shared_infrastructure", 7.0, 0.001, 0),
            ("registry_followers", 11.0, 2.7, 0),
        )
    ]
    evidence = [
        sample("unattributed_copies", "x:one", "some words [The Agency (state media), post 1]"),
        sample("shared_infrastructure", "x:two", "c.example/1 [The Agency's Company (company)]"),
        sample("registry_followers", "x:three", "followed by x:5: An <Embassy> (diplomat)"),
    ]
    alert = MINIMAL["alert"]
    assert isinstance(alert, Alert)
    known = {
        "covertness": 0.96,
        "members": members,
        "member_count": 3,
        "signals": signals,
        "evidence": evidence,
    }
    return msgspec.structs.replace(alert, **known | fields)


def words(picture: str) -> list[str]:
    return [
        element.text or ""
        for element in ElementTree.fromstring(picture).iter()  # noqa: S314 (our own picture)
        if element.tag.endswith("text")
    ]


def test_the_picture_shows_the_numbers_of_the_alert() -> None:
    shown = words(draw(suspected(), ENTITIES))
    assert {"@one", "@two", "@three", "The Agency", "The Agency's Company", "An <Embassy>"} <= set(shown)
    assert {"17 of 31 posts copy the agency", "7 of 31 posts link to the company"} <= set(shown)
    assert {"16 times", "0.015", "11 follows", "2.7", "less than 0.01"} <= set(shown)


def test_a_line_is_drawn_only_for_what_the_alert_lists() -> None:
    picture = draw(suspected(), ENTITIES)
    assert [
        len(re.findall(f'class="{line}"', picture)) for line in ("copies", "links", "follows", "owns")
    ] == [1, 1, 1, 1]


def test_the_same_alert_gives_the_same_picture() -> None:
    assert draw(suspected(), ENTITIES) == draw(suspected(), ENTITIES)


def test_a_network_without_ties_is_drawn_without_owners_and_followers() -> None:
    shown = words(draw(suspected(evidence=[], signals=[]), ENTITIES))
    assert {"@one", "@two", "@three"} <= set(shown)
    assert "The Agency" not in shown


def test_the_program_draws_the_suspected_network_of_highest_priority(tmp_path: Path) -> None:
    alerts, networks, registry = tmp_path / "a.jsonl", tmp_path / "n.jsonl", tmp_path / "r.jsonl"
    picture = tmp_path / "p.svg"
    full = [suspected(network_id="n1", priority=60), suspected(network_id="n2", priority=90)]
    alerts.write_bytes(msgspec.json.Encoder().encode_lines(brief(alert) for alert in full))
    networks.write_bytes(msgspec.json.Encoder().encode_lines(network_of(alert) for alert in full))
    registry.write_bytes(msgspec.json.Encoder().encode_lines(ENTITIES))
    assert main([str(alerts), str(networks), str(registry), str(picture)]) == 0
    assert "An <Embassy>" in words(picture.read_text(encoding="utf-8"))
    assert any(shown.startswith("n2 ") for shown in words(picture.read_text(encoding="utf-8")))


def test_a_run_without_a_suspected_network_gives_no_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alerts, networks, registry = tmp_path / "a.jsonl", tmp_path / "n.jsonl", tmp_path / "r.jsonl"
    picture = tmp_path / "p.svg"
    alerts.write_bytes(msgspec.json.Encoder().encode_lines([suspected(covertness=None)]))
    networks.touch()
    registry.touch()
    assert main([str(alerts), str(networks), str(registry), str(picture)]) == 1
    assert not picture.exists()
    assert "no suspected network" in capsys.readouterr().err


def test_the_picture_in_the_docs_can_be_read() -> None:
    assert "17 of 31 posts copy the agency" in words(PICTURE.read_text(encoding="utf-8"))
