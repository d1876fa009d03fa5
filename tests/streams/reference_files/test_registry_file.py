"""`--registry`: read whole or refused with every fault named."""

import gzip
import json
from pathlib import Path

import pytest

from schemas.errors import InputError
from streams.reference_files.registry_file import read_registry

EXAMPLE = Path(__file__).parents[3] / "examples" / "registry.jsonl"


def test_given_the_example_when_read_then_the_outlet_leads_to_the_party() -> None:
    registry = read_registry(str(EXAMPLE))
    outlet = registry.domains["diario-sol.example"]
    assert [registry.entities[at].entity_id for at in registry.path(outlet)] == [
        "diario-sol",
        "orbe-holding",
        "orbe-agency",
        "orbe-party",
    ]
    assert registry.handles["x", "diario_sol"] == outlet


def test_given_the_same_as_csv_when_read_then_it_is_the_same_registry(tmp_path: Path) -> None:
    lines = ["entity_id,name,kind,parent_id,accounts,domains,source"]
    for line in EXAMPLE.read_text().splitlines():
        entity = json.loads(line)
        accounts = []
        for account in entity.get("accounts", ()):
            if "account_id" in account:
                accounts.append(f"{account['platform']}:{account['account_id']}")
            accounts.append(f"{account['platform']}:@{account['handle']}")
        fields = [entity[name] for name in ("entity_id", "name", "kind")]
        fields += [entity.get("parent_id", ""), "; ".join(accounts), " ".join(entity.get("domains", ()))]
        lines.append(",".join(f'"{field}"' for field in [*fields, entity["source"]]))
    path = tmp_path / "registry.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    read, expected = read_registry(str(path)), read_registry(str(EXAMPLE))
    assert read.accounts == expected.accounts
    assert read.handles == expected.handles
    assert read.domains == expected.domains
    assert read.parents == expected.parents


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no entity"),
        ('{"entity_id": "a"}\n', "line 1: field name is missing"),
        ('{"entity_id": "a", "name": "A", "kind": "villain"}', "a kind is one of diplomat"),
        ("\n{broken\n", "line 2"),
        (
            '{"entity_id": "a", "name": "A", "kind": "other", "accounts": [{"platform": "x"}]}',
            "a registry account needs an account_id, a handle, or both",
        ),
        ('{"entity_id": "a", "name": "A", "kind": "other", "parent_id": "b"}', "its parent b is not in the"),
        ("entity_id,name\na,A\n", "the header lacks kind"),
        ("entity_id,name,kind,colour\na,A,other,red\n", "the header has unknown colour"),
        ("entity_id,name,kind\na,A\n", "has more or fewer fields than the header"),
        ("entity_id,name,kind,accounts\na,A,other,someone\n", "'someone' is no account"),
    ],
)
def test_given_a_fault_when_read_then_the_error_names_file_line_and_reason(
    text: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "registry"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_registry(str(path))
    assert said in str(raised.value)
    assert str(path) in str(raised.value)


def test_given_bytes_that_are_not_utf8_when_read_then_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "registry"
    path.write_bytes(b'{"entity_id": "a\xff"}')
    with pytest.raises(InputError, match="byte 17 is not UTF-8"):
        read_registry(str(path))
