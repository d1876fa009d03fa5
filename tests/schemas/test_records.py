"""Records on the wire: what is written is read again, absent means unknown, and times are instants."""

from typing import Any

import msgspec
import pytest

from schemas.alerts import Alert, Severity, SuggestedAction
from schemas.events import PostEvent
from schemas.generate.json_schema import RECORDS
from schemas.networks import Lifecycle, MemberRole
from schemas.registry import RegistryAccount
from schemas.shares import TraceKind
from tests.schemas.samples import FULL, MINIMAL

INSTANCES = [(name, record) for sample in (MINIMAL, FULL) for name, record in sample.items()]


def test_samples_cover_every_published_record_and_every_field() -> None:
    assert MINIMAL.keys() == FULL.keys() == RECORDS.keys()
    for name, record in FULL.items():
        assert type(record) is RECORDS[name]
        encoded = msgspec.json.decode(msgspec.json.encode(record))
        optional = {
            field.name
            for field in msgspec.structs.fields(record)
            if not field.required and getattr(record, field.name) == field.default
        }
        assert encoded.keys() | optional == set(record.__struct_fields__)


@pytest.mark.parametrize(("name", "record"), INSTANCES)
def test_a_record_survives_the_wire(name: str, record: msgspec.Struct) -> None:
    assert msgspec.json.decode(msgspec.json.encode(record), type=RECORDS[name]) == record


@pytest.mark.parametrize(("name", "record"), INSTANCES)
def test_an_older_reader_ignores_fields_it_does_not_know(name: str, record: msgspec.Struct) -> None:
    newer = {**msgspec.json.decode(msgspec.json.encode(record)), "added_later": {"deep": [1]}}
    assert msgspec.json.decode(msgspec.json.encode(newer), type=RECORDS[name]) == record


def test_unknown_is_absent_and_known_to_be_none_is_written() -> None:
    assert msgspec.json.decode(msgspec.json.encode(MINIMAL["post_event"])) == {
        "post_id": "1",
        "platform": "twitter",
        "account_id": "7",
        "created_at": "2023-02-14T12:00:00.250000Z",
    }
    written = msgspec.json.decode(msgspec.json.encode(FULL["post_event"]))
    assert written["mentions"] == []
    assert written["metrics"]["likes"] == 0
    assert written["deleted"] is False


def test_an_alert_always_has_the_fields_that_consumers_rely_on() -> None:
    written = msgspec.json.decode(msgspec.json.encode(MINIMAL["alert"]))
    assert written.keys() == set(Alert.__struct_fields__) - {
        "suppression",
        "assessed_at",
        "successor_id",
        "case_id",
        "changes",
        "evidence_left_out",
        "ties",
        "ties_left_out",
    }
    assert written["covertness"] is None
    assert written["schema_version"] == "1"


def test_alert_v1_has_exactly_its_documented_fields() -> None:
    assert Alert.__struct_fields__ == (
        "schema_version",
        "alert_id",
        "network_id",
        "revision",
        "lifecycle",
        "predecessor_ids",
        "successor_id",
        "case_id",
        "changes",
        "emitted_at",
        "event_time_start",
        "event_time_end",
        "mode",
        "run_id",
        "platforms",
        "languages",
        "headline",
        "explanation",
        "coordination",
        "coordination_terms",
        "covertness",
        "covertness_terms",
        "assessed_at",
        "severity",
        "priority",
        "reach",
        "members",
        "member_count",
        "signals",
        "evidence",
        "evidence_left_out",
        "ties",
        "ties_left_out",
        "counter_evidence",
        "techniques",
        "related_networks",
        "suggested_actions",
        "suppression",
        "provenance",
        "privacy",
    )


def test_vocabularies_keep_their_order() -> None:
    assert [*TraceKind] == [
        "repost",
        "url",
        "text",
        "hashtag_sequence",
        "mention",
        "reply",
        "media",
        "follow",
    ]
    assert [*Lifecycle] == ["opened", "updated", "merged", "split", "resolved", "quiet", "absorbed"]
    assert [*MemberRole] == ["core", "peripheral"]
    assert [*Severity] == ["info", "low", "medium", "high", "critical"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"created_at": "2023-02-14T12:00:00"}, "timezone"),
        ({"created_at": "yesterday"}, "RFC3339"),
        ({"post_id": ""}, "length >= 1"),
        ({"post_id": 12}, "Expected `str`"),
        ({"followers_count": -1}, ">= 0"),
        ({"urls": "https://example.org"}, "Expected `array | null`"),
    ],
)
def test_a_malformed_post_is_refused_with_the_reason(change: dict[str, Any], said: str) -> None:
    post = {**msgspec.json.decode(msgspec.json.encode(MINIMAL["post_event"])), **change}
    with pytest.raises(msgspec.ValidationError, match=said.replace("|", r"\|")):
        msgspec.json.decode(msgspec.json.encode(post), type=PostEvent)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"coordination": 1.5}, "<= 1"),
        ({"priority": 101}, "<= 100"),
        ({"mode": "rehearsal"}, "Invalid enum value 'rehearsal'"),
        ({"schema_version": "2"}, "Invalid enum value '2'"),
        ({"members": [{"account_id": "no-platform"}]}, "matching regex"),
    ],
)
def test_a_malformed_alert_is_refused_with_the_reason(change: dict[str, Any], said: str) -> None:
    alert = {**msgspec.json.decode(msgspec.json.encode(MINIMAL["alert"])), **change}
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.json.decode(msgspec.json.encode(alert), type=Alert)


def test_a_step_that_cannot_be_undone_is_refused() -> None:
    step = b'{"action": "limit_reach", "reversible": false, "expires_in_h": 1, "rationale": ""}'
    with pytest.raises(msgspec.ValidationError, match="reversible"):
        msgspec.json.decode(step, type=SuggestedAction)


def test_a_registry_account_that_nothing_could_match_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="account_id, a handle, or both"):
        msgspec.json.decode(b'{"platform": "twitter"}', type=RegistryAccount)
