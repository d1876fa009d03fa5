"""Public lists become a registry; from outside, with invented lists of the kinds that are published."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.streams.conftest import Lockstep

STIX = {
    "type": "bundle",
    "id": "bundle--1",
    "objects": [
        {"type": "report", "id": "report--1", "name": "Report on the Mirror Sites",
         "external_references": [{"source_name": "agency", "url": "https://agency.example/mirror.pdf"}]},
        {"type": "intrusion-set", "id": "intrusion-set--1", "name": "Mirror Sites"},
        {"type": "infrastructure", "id": "infrastructure--1", "name": "hosts"},
        {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value = 'mirror-one.example']"},
        {"type": "indicator", "id": "indicator--2",
         "pattern": "[url:value = 'https://t.me/mirror_one'] OR [domain-name:value = 'mirror-two.example']"},
        {"type": "user-account", "id": "user-account--1", "account_type": "twitter", "account_login": "mirror1"},
        {"type": "indicator", "id": "indicator--3", "pattern": "[ipv4-addr:value = '192.0.2.1']"},
        {"type": "domain-name", "id": "domain-name--9", "value": "loose.example"},
        *(
            {"type": "relationship", "id": f"relationship--{here}", "source_ref": here, "target_ref": there}
            for here, there in (
                ("indicator--1", "intrusion-set--1"),
                ("indicator--2", "infrastructure--1"),
                ("infrastructure--1", "intrusion-set--1"),
                ("user-account--1", "intrusion-set--1"),
            )
        ),
    ],
}  # fmt: skip


def entities(path: Path) -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {row["name"]: row for row in rows}


def merged(
    lockstep: Lockstep, tmp_path: Path, *arguments: str, status: int = 0
) -> tuple[dict[str, Any], str]:
    done = lockstep("registry", "merge", *arguments, "--out", "out.jsonl")
    assert done.returncode == status, done.stderr.decode()
    assert lockstep("registry", "check", "out.jsonl").returncode == 0
    return entities(tmp_path / "out.jsonl"), done.stderr.decode()


def test_stix(lockstep: Lockstep, tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps(STIX, indent=1))
    found, _ = merged(lockstep, tmp_path, "bundle.json")
    mirror = found["Mirror Sites"]
    assert sorted(mirror["domains"]) == ["mirror-one.example", "mirror-two.example"]
    assert mirror["accounts"] == [
        {"platform": "telegram", "handle": "mirror_one"},
        {"platform": "x", "handle": "mirror1"},
    ]
    assert mirror["source"] == "https://agency.example/mirror.pdf"
    assert found["Report on the Mirror Sites"]["domains"] == ["loose.example"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_indicators_as_csv(separator: str, lockstep: Lockstep, tmp_path: Path) -> None:
    rows = [
        ("type", "value", "campaign", "comment"),
        ("domain-name", "mirror-one[.]example", "Mirror Sites", "clone"),
        ("url", "hxxps://www.mirror-two.example/fr/a", "Mirror Sites", ""),
        ("twitter-account", "@Mirror1", "Mirror Sites", ""),
        ("telegram", "https://t.me/s/mirror_one", "Mirror Sites", ""),
        ("facebook-page", "https://www.facebook.com/profile.php?id=1000123", "Mirror Sites", ""),
        ("ipv4", "192.0.2.7", "Mirror Sites", ""),
        ("email", "me@example.org", "Mirror Sites", ""),
    ]
    (tmp_path / "iocs.csv").write_text("\ufeff" + "".join(separator.join(row) + "\r\n" for row in rows))
    found, said = merged(lockstep, tmp_path, "iocs.csv", "--source", "agency report 7")
    mirror = found["Mirror Sites"]
    assert sorted(mirror["domains"]) == ["mirror-one.example", "mirror-two.example"]
    assert mirror["accounts"] == [
        {"platform": "x", "handle": "Mirror1"},
        {"platform": "telegram", "handle": "mirror_one"},
        {"platform": "facebook", "account_id": "1000123"},
    ]
    assert (mirror["source"], mirror["kind"]) == ("agency report 7", "affiliate")
    assert "line 7: '192.0.2.7'" in said
    assert "line 8: 'me@example.org'" in said


def test_domains_one_a_line(lockstep: Lockstep, tmp_path: Path) -> None:
    (tmp_path / "domains.txt").write_text(
        "# copied sites\nwww.one.example\n0.0.0.0 two.example\nthree.example, https://agency.example/3\n"
        "hxxp://four[.]example/a # seen in May\nco.uk\nnot a domain\n"
    )
    found, said = merged(lockstep, tmp_path, "domains.txt", "--entity", "Copied Sites", "--kind", "other")
    copied = found["Copied Sites"]
    assert sorted(copied["domains"]) == ["four.example", "one.example", "three.example", "two.example"]
    assert copied["source"] == "domains.txt; https://agency.example/3"
    assert "'co.uk' is a public suffix" in said
    assert "'not a domain' is not a domain" in said
    done = lockstep("registry", "merge", "domains.txt", "--out", "none.jsonl")
    assert done.returncode == 1
    assert "belongs to no entity. Name it with --entity" in done.stderr.decode()


def test_a_table_as_wikidata_gives_it(lockstep: Lockstep, tmp_path: Path) -> None:
    (tmp_path / "query.csv").write_text(
        "item,itemLabel,instanceLabel,website,twitterUsername,telegram,youtubeChannelId,parent\n"
        "http://www.wikidata.org/entity/Q900001,Embassy of Elbonia,embassy,https://elbonia.example/,ElboniaEmb,,,\n"
        "http://www.wikidata.org/entity/Q900002,Elbonia Today,newspaper,https://today.example,ElboniaToday,elbonia_t,"
        "UC123abc,http://www.wikidata.org/entity/Q900003\n"
        "http://www.wikidata.org/entity/Q900003,Elbonia Press Agency,news agency,press.example,,,,\n"
        "http://www.wikidata.org/entity/Q900004,Nothing Known,embassy,,,,,\n"
    )
    found, _ = merged(lockstep, tmp_path, "query.csv")
    assert list(found) == ["Embassy of Elbonia", "Elbonia Today", "Elbonia Press Agency"]
    today = found["Elbonia Today"]
    assert (today["entity_id"], today["kind"], today["parent_id"]) == ("Q900002", "state_media", "Q900003")
    assert today["accounts"] == [
        {"platform": "x", "handle": "ElboniaToday"},
        {"platform": "telegram", "handle": "elbonia_t"},
        {"platform": "youtube", "account_id": "UC123abc"},
    ]
    assert today["source"] == "http://www.wikidata.org/entity/Q900002"
    assert found["Embassy of Elbonia"]["kind"] == "diplomat"


def test_a_parent_that_is_known_under_another_id(lockstep: Lockstep, tmp_path: Path) -> None:
    own = {"entity_id": "agency", "name": "Agency", "kind": "state_media", "domains": ["press.example"]}
    (tmp_path / "own.jsonl").write_text(json.dumps(own) + "\n")
    (tmp_path / "query.csv").write_text(
        "item,itemLabel,website,twitterUsername,parent\nQ2,Elbonia Today,today.example,,Q3\n"
        "Q3,Elbonia Press Agency,press.example,elbonia_press,Q999\n"
    )
    found, _ = merged(lockstep, tmp_path, "query.csv", "--into", "own.jsonl", "--kind", "state_media")
    assert found["Elbonia Today"]["parent_id"] == "agency"
    assert found["Agency"]["accounts"] == [{"platform": "x", "handle": "elbonia_press"}]
    assert "parent_id" not in found["Agency"]


def test_labels_of_platforms(lockstep: Lockstep, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "platform,account_id,name,label\ntwitter,111,Elbonia Today,Elbonia state-affiliated media\n"
        "twitter,222,Envoy of Elbonia,Elbonia government organization\n"
    )
    found, _ = merged(lockstep, tmp_path, "labels.csv")
    today = found["Elbonia Today"]
    assert today["accounts"] == [{"platform": "x", "account_id": "111"}]
    assert (today["kind"], today["note"]) == ("state_media", "Elbonia state-affiliated media")
    assert found["Envoy of Elbonia"]["kind"] == "diplomat"


def test_conflicts_are_named_and_the_first_keeps_what_it_has(lockstep: Lockstep, tmp_path: Path) -> None:
    own = {
        "entity_id": "agency",
        "name": "Agency",
        "kind": "state_media",
        "domains": ["one.example"],
        "source": "me",
    }
    (tmp_path / "own.jsonl").write_text(json.dumps(own) + "\n")
    (tmp_path / "list.csv").write_text(
        "entity,domain,source\nAgency,one.example,https://a.example/list\nAgency,more.example,https://a.example/list\n"
        "Somebody,two.example,https://a.example/list\n"
    )
    (tmp_path / "other.csv").write_text(
        "entity,domain\nThird,two.example\nThird,one.example\nThird,third.example\n"
    )
    found, said = merged(lockstep, tmp_path, "list.csv", "other.csv", "--into", "own.jsonl", status=1)
    assert found["Agency"]["domains"] == ["one.example", "more.example"]
    assert found["Agency"]["source"] == "me; https://a.example/list"
    assert found["Somebody"]["domains"] == ["two.example"]
    assert found["Third"]["domains"] == ["third.example"]
    assert "agency and third both have the domain one.example; agency keeps it" in said
    assert "somebody and third both have the domain two.example; somebody keeps it" in said
    assert "agency is state_media in one list and affiliate in another" in said


def test_a_registry_that_contradicts_itself_is_not_sound(lockstep: Lockstep, tmp_path: Path) -> None:
    one = {"entity_id": "a", "name": "A", "kind": "company", "domains": ["one.example"]}
    (tmp_path / "r.jsonl").write_text(json.dumps(one) + "\n" + json.dumps({**one, "entity_id": "b"}) + "\n")
    done = lockstep("registry", "check", "r.jsonl")
    assert done.returncode == 1
    assert "a and b both have the domain one.example" in done.stderr.decode()
    (tmp_path / "r.jsonl").write_text(json.dumps(one) + "\n")
    done = lockstep("registry", "check", "r.jsonl")
    assert done.returncode == 0
    assert "1 entity (1 company) with 0 accounts and 1 domain" in done.stderr.decode()
    assert "name no source" in done.stderr.decode()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", b"\n# nothing\n", "holds no entry"),
        ("broken.json", b'{"type": "bundle", "objects": [', "is no bundle of STIX"),
        ("odd.csv", b"name,colour\nA,red\n", "no column says what an entity has"),
        ("latin.txt", b"caf\xe9.example\n", "is not UTF-8"),
        ("absent.txt", None, "absent.txt"),
    ],
)
def test_lists_that_cannot_be_read_are_refused_in_words(
    name: str, content: bytes | None, said: str, lockstep: Lockstep, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = lockstep("registry", "merge", name, "--out", "out.jsonl", "--entity", "E")
    assert done.returncode == 1
    assert said in done.stderr.decode()
    assert not (tmp_path / "out.jsonl").exists()
