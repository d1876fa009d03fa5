"""Published records only grow: today's schemas against the baseline, and proof that the check bites."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas.generate.json_schema import RECORDS, schema_of
from tests.contracts.compatibility import UnknownKeywordError, breaking_changes

BASELINE = Path(__file__).parent / "baseline"
FROZEN = sorted(path.name.removesuffix(".v1.json") for path in BASELINE.glob("*.v1.json"))

Schema = dict[str, Any]


def test_every_published_record_has_a_baseline() -> None:
    assert sorted(RECORDS) == FROZEN


@pytest.mark.parametrize("name", FROZEN)
def test_a_record_is_an_additive_successor_of_its_baseline(name: str) -> None:
    frozen = json.loads((BASELINE / f"{name}.v1.json").read_text(encoding="utf-8"))
    assert breaking_changes(frozen, schema_of(name)) == []


def define(schema: Schema, name: str) -> Schema:
    definition: Schema = schema["$defs"][name]
    return definition


def remove_a_field(alert: Schema) -> None:
    del define(alert, "Alert")["properties"]["headline"]
    define(alert, "Alert")["required"].remove("headline")


def remove_an_optional_field(alert: Schema) -> None:
    del define(alert, "Member")["properties"]["handle"]


def rename_a_field(alert: Schema) -> None:
    properties = define(alert, "Reach")["properties"]
    properties["post_count"] = properties.pop("posts")
    define(alert, "Reach")["required"][0] = "post_count"


def add_a_required_field(alert: Schema) -> None:
    define(alert, "Alert")["properties"]["ticket_id"] = {"type": "string"}
    define(alert, "Alert")["required"].append("ticket_id")


def make_an_optional_field_required(alert: Schema) -> None:
    define(alert, "Member")["required"].append("handle")


def make_a_required_field_optional(alert: Schema) -> None:
    define(alert, "Alert")["required"].remove("severity")


def change_a_type(alert: Schema) -> None:
    define(alert, "Alert")["properties"]["priority"]["type"] = "string"


def narrow_a_number_to_an_integer(alert: Schema) -> None:
    define(alert, "Signal")["properties"]["observed"]["type"] = "integer"


def drop_null_from_a_type(alert: Schema) -> None:
    define(alert, "Alert")["properties"]["covertness"] = {"type": "number", "minimum": 0.0, "maximum": 1.0}


def drop_one_of_two_alternatives(alert: Schema) -> None:
    define(alert, "Alert")["properties"]["covertness"]["anyOf"].pop()


def allow_null_where_readers_count_on_a_value(alert: Schema) -> None:
    define(alert, "Alert")["properties"]["headline"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def remove_an_enum_value(alert: Schema) -> None:
    define(alert, "Severity")["enum"].remove("critical")


def narrow_a_string_to_an_enum(alert: Schema) -> None:
    define(alert, "Signal")["properties"]["detector"] = {"enum": ["url"]}


def raise_a_minimum(alert: Schema) -> None:
    define(alert, "Alert")["properties"]["priority"]["minimum"] = 1


def lower_a_maximum(alert: Schema) -> None:
    define(alert, "Alert")["properties"]["priority"]["maximum"] = 10


def add_a_bound_within_a_list(alert: Schema) -> None:
    define(alert, "Evidence")["properties"]["post_ids"]["items"]["maxLength"] = 8


def add_a_pattern(alert: Schema) -> None:
    define(alert, "Alert")["properties"]["run_id"]["pattern"] = "^[0-9]+$"


def drop_a_format(alert: Schema) -> None:
    del define(alert, "Alert")["properties"]["emitted_at"]["format"]


def change_a_default(alert: Schema) -> None:
    define(alert, "Member")["properties"]["allow_listed"]["default"] = True


def change_the_values_of_a_map(alert: Schema) -> None:
    define(alert, "Provenance")["properties"]["input_offsets"]["additionalProperties"]["type"] = "string"


def close_a_record(alert: Schema) -> None:
    define(alert, "Alert")["additionalProperties"] = False


def change_the_identity(alert: Schema) -> None:
    alert["$id"] = "urn:lockstep:schema:alert:v2"


@pytest.mark.parametrize(
    ("mutate", "said"),
    [
        (remove_a_field, "$.headline: removed"),
        (remove_an_optional_field, "$.members[].handle: removed"),
        (rename_a_field, "$.reach.posts: removed"),
        (add_a_required_field, "$.ticket_id: is required, was not"),
        (make_an_optional_field_required, "$.members[].handle: is required, was not"),
        (make_a_required_field_optional, "$.severity: was always present, may be absent"),
        (change_a_type, "$.priority: was integer, is string"),
        (narrow_a_number_to_an_integer, "$.signals[].observed: was number, is integer"),
        (drop_null_from_a_type, "$.covertness: was one of several types, is number"),
        (drop_one_of_two_alternatives, "$.covertness: was one of ['null', 'number'], is one of"),
        (allow_null_where_readers_count_on_a_value, "$.headline: was string, is one of several types"),
        (remove_an_enum_value, "$.severity: no longer takes critical"),
        (narrow_a_string_to_an_enum, "$.signals[].detector: was string, is an enumeration"),
        (raise_a_minimum, "$.priority: minimum was 0, is 1"),
        (lower_a_maximum, "$.priority: maximum was 100, is 10"),
        (add_a_bound_within_a_list, "$.evidence[].post_ids[]: maxLength was None, is 8"),
        (add_a_pattern, "$.run_id: pattern was None"),
        (drop_a_format, "$.emitted_at: format was 'date-time', is None"),
        (change_a_default, "$.members[].allow_listed: the default was False, is True"),
        (change_the_values_of_a_map, "$.provenance.input_offsets{}: was integer, is string"),
        (close_a_record, "additionalProperties was open, is closed"),
        (change_the_identity, "$id was urn:lockstep:schema:alert:v1"),
    ],
)
def test_a_breaking_change_is_named(mutate: Callable[[Schema], None], said: str) -> None:
    old = schema_of("alert")
    new = copy.deepcopy(old)
    mutate(new)
    assert any(said in change for change in breaking_changes(old, new)), breaking_changes(old, new)


def add_an_optional_field(alert: Schema) -> None:
    define(alert, "Alert")["properties"]["ticket_id"] = {"type": "string", "default": ""}


def add_an_optional_record(alert: Schema) -> None:
    alert["$defs"]["Case"] = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    define(alert, "Member")["properties"]["case"] = {"$ref": "#/$defs/Case", "default": None}


def add_an_enum_value(alert: Schema) -> None:
    define(alert, "Severity")["enum"].append("emergency")


def loosen_bounds(alert: Schema) -> None:
    priority = define(alert, "Alert")["properties"]["priority"]
    priority["minimum"] = -10
    del priority["maximum"]


def reword(alert: Schema) -> None:
    define(alert, "Alert")["description"] = "Said better."
    define(alert, "Alert")["properties"]["headline"]["description"] = "Said better."


def rename_a_definition(alert: Schema) -> None:
    alert["$defs"]["Kind"] = alert["$defs"].pop("Lifecycle")
    define(alert, "Alert")["properties"]["lifecycle"]["$ref"] = "#/$defs/Kind"


@pytest.mark.parametrize(
    "mutate",
    [
        add_an_optional_field,
        add_an_optional_record,
        add_an_enum_value,
        loosen_bounds,
        reword,
        rename_a_definition,
    ],
)
def test_an_addition_passes(mutate: Callable[[Schema], None]) -> None:
    old = schema_of("alert")
    new = copy.deepcopy(old)
    mutate(new)
    assert new != old
    assert breaking_changes(old, new) == []


def test_a_keyword_without_a_rule_is_refused_rather_than_passed() -> None:
    old = schema_of("alert")
    new = copy.deepcopy(old)
    define(new, "Alert")["properties"]["headline"]["not"] = {"const": "x"}
    with pytest.raises(UnknownKeywordError, match=r"\$\.headline: not"):
        breaking_changes(old, new)
