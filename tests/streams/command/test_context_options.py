"""`--registry`, `--follows`, `--accounts`, `--suppressions`: what they change, and what is said of faults."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.generate.json_schema import PUBLISHED
from streams.simulation.folder import write_world
from streams.simulation.scenarios import Plan
from tests.streams.conftest import Done, Lockstep
from tests.streams.simulation.worlds import Folder
from tests.streams.small_world import TOGETHER, small_world, write_jsonl

Row = dict[str, Any]
ENVOYS = ("envoy0", "envoy1", "envoy2")
OTHERS = tuple(f"other{number}" for number in range(120))
SEEN = "2023-02-13T00:00:00Z"
REGISTRY: list[Row] = [
    {
        "entity_id": name,
        "name": f"The {name}",
        "kind": "diplomat",
        "accounts": [{"platform": "x", "account_id": name}],
    }
    for name in ENVOYS
]
FOLLOWS: list[Row] = [
    {"platform": "x", "follower_id": who, "followee_id": followee, "action": "follow", "at": SEEN}
    for who, followee in [
        *((envoy, member) for envoy in ENVOYS for member in TOGETHER),
        *((OTHERS[n], OTHERS[(n * step + step) % 120]) for n in range(120) for step in (1, 7, 11, 31)),
        *((envoy, OTHERS[number]) for number, envoy in enumerate(ENVOYS)),
    ]
    if who != followee
]
PROFILES: list[Row] = [
    {
        "platform": "x",
        "account_id": name,
        "handle": f"{name}_h",
        "followers_count": 3 if name in TOGETHER else 200 + number,
        "observed_at": SEEN,
    }
    for number, name in enumerate((*TOGETHER, *OTHERS))
]
RULES: list[Row] = [
    {
        "rule_id": "r1",
        "kind": "mute",
        "account_ids": [f"x:{name}" for name in TOGETHER],
        "reason": "known to us",
    }
]
FILES: dict[str, tuple[str, list[Row]]] = {
    "--registry": ("registry.jsonl", REGISTRY),
    "--follows": ("follows.jsonl", FOLLOWS),
    "--accounts": ("accounts.jsonl", PROFILES),
    "--suppressions": ("rules.jsonl", RULES),
}


@pytest.fixture
def folder(tmp_path: Path, world: Path) -> Path:
    """A dump of posts, and a good file for every option."""
    (tmp_path / "dump").write_bytes(world.read_bytes())
    for name, rows in FILES.values():
        write_jsonl(tmp_path / name, rows)
    return tmp_path


def options(*without: str) -> list[str]:
    return [word for option, (name, _) in FILES.items() if option not in without for word in (option, name)]


def alerts(path: Path) -> list[Row]:
    """Alerts of a run, each held against the published schema."""
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    validator = Draft202012Validator(json.loads((PUBLISHED / "alert.v1.json").read_text(encoding="utf-8")))
    for alert in found:
        validator.validate(alert)
    return found


def said(done: Done) -> str:
    return re.sub(r"[\s\u2502]+", " ", done.stderr.decode()).strip()


def test_given_registry_follows_and_profiles_then_the_group_is_suspected_by_who_follows_it(
    lockstep: Lockstep, folder: Path
) -> None:
    done = lockstep("replay", "dump", *options("--suppressions"), "--alerts", "out.jsonl")

    assert done.returncode == 0, done.stderr.decode()
    last = alerts(folder / "out.jsonl")[-1]
    assert {member["account_id"] for member in last["members"]} == {f"x:{name}" for name in TOGETHER}
    assert last["severity"] != "info"
    assert last["covertness"] >= 0.5
    assert "15 follows in all" in last["explanation"]
    assert {member["followers"] for member in last["members"]} == {3}
    assert {member["handle"] for member in last["members"]} == {f"{name}_h" for name in TOGETHER}


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("--registry", "no registry was given"),
        ("--follows", "no follow events were given"),
        ("--accounts", "followers and reactions are known of too few"),
    ],
)
def test_given_all_but_one_then_nobody_is_suspected_and_the_alert_says_what_is_not_known(
    missing: str, reason: str, lockstep: Lockstep, folder: Path
) -> None:
    assert lockstep("replay", "dump", *options(missing), "--alerts", "out.jsonl").returncode == 0

    found = alerts(folder / "out.jsonl")
    assert found
    assert {alert["severity"] for alert in found} == {"info"}
    assert reason in found[-1]["explanation"]


def test_given_a_mute_then_the_alert_is_kept_with_the_rule_and_asks_for_nothing(
    lockstep: Lockstep, folder: Path
) -> None:
    assert lockstep("replay", "dump", *options(), "--alerts", "out.jsonl").returncode == 0

    for alert in alerts(folder / "out.jsonl"):
        assert alert["severity"] == "info"
        assert alert["suppression"]["rule_id"] == "r1"
        assert alert["suppression"]["reason"] == "known to us"
        assert alert["suggested_actions"] == []
        assert alert["covertness"] >= 0.5


def test_given_compressed_files_or_standard_input_then_the_alerts_are_the_same(
    lockstep: Lockstep, folder: Path
) -> None:
    plain = ["--registry", "registry.jsonl", "--accounts", "accounts.jsonl"]
    lockstep("replay", "dump", *plain, "--follows", "follows.jsonl", "--alerts", "plain.jsonl")
    follows = (folder / "follows.jsonl").read_bytes()
    for name in ("registry", "accounts"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / f"{name}.jsonl").read_bytes(), mtime=0))
    packed = ["--registry", "registry.gz", "--accounts", "accounts.gz", "--follows", "-"]

    done = lockstep("replay", "dump", *packed, "--alerts", "packed.jsonl", stdin=follows)

    assert done.returncode == 0, done.stderr.decode()
    ours, theirs = (
        [{**alert, "emitted_at": "", "run_id": ""} for alert in alerts(folder / f"{name}.jsonl")]
        for name in ("plain", "packed")
    )
    assert ours
    assert ours == theirs


def test_given_some_bad_follow_events_and_profiles_then_they_are_dead_letters_and_the_rest_counts(
    lockstep: Lockstep, folder: Path
) -> None:
    write_jsonl(folder / "follows.jsonl", [*FOLLOWS, {**FOLLOWS[0], "action": "poke"}])
    write_jsonl(folder / "accounts.jsonl", [*PROFILES, {**PROFILES[0], "followers_count": -1}])
    outputs = ("--alerts", "out.jsonl", "--dead-letters", "dead.jsonl")

    assert lockstep("replay", "dump", *options("--suppressions"), *outputs).returncode == 0

    dead = [json.loads(line) for line in (folder / "dead.jsonl").read_text().splitlines()]
    assert {(letter["source"], letter["reason"]) for letter in dead} == {
        ("follows.jsonl", "malformed"),
        ("accounts.jsonl", "malformed"),
    }
    assert alerts(folder / "out.jsonl")[-1]["covertness"] >= 0.5


ENTITY = {"entity_id": "a", "name": "A", "kind": "state_media"}
BAD: dict[str, tuple[str, list[Row] | bytes, str]] = {
    "no registry at all": ("--registry", b"", "registry.jsonl"),
    "registry of another kind": ("--registry", [{"hello": "world"}], "line 1"),
    "registry with an unknown kind": ("--registry", [{**ENTITY, "kind": "bot"}], "a kind is one of"),
    "registry that names one entity twice": ("--registry", [ENTITY, ENTITY], "registry.jsonl: "),
    "registry with a parent that is not there": (
        "--registry",
        [{**ENTITY, "parent_id": "b"}],
        "registry.jsonl: ",
    ),
    "registry that owns itself": ("--registry", [{**ENTITY, "parent_id": "a"}], "registry.jsonl: "),
    "registry in another encoding": ("--registry", b"\xff\xfe{\x00", "registry.jsonl"),
    "rule without a target": (
        "--suppressions",
        [RULES[0], {"rule_id": "r2", "kind": "mute", "reason": "x"}],
        "line 2: ",
    ),
    "rule without a reason": (
        "--suppressions",
        [{"rule_id": "r", "kind": "mute", "network_id": "n"}],
        "reason",
    ),
    "rule that is no JSON": ("--suppressions", b"mute everything\n", "line 1"),
    "two rules with one id": ("--suppressions", [*RULES, *RULES], "line 2: a second rule with the id r1"),
    "posts instead of follows": ("--follows", small_world()[:20], "no follow events"),
    "profiles instead of follows": ("--follows", PROFILES, "no follow events"),
    "empty follows": ("--follows", b"", "follows.jsonl"),
    "follows instead of profiles": ("--accounts", FOLLOWS, "no account profiles"),
    "empty profiles": ("--accounts", b"\n", "accounts.jsonl"),
}


@pytest.mark.parametrize("name", BAD)
def test_given_a_reference_file_of_something_else_then_it_is_named_and_nothing_is_written(
    name: str, lockstep: Lockstep, folder: Path
) -> None:
    option, content, reason = BAD[name]
    path = folder / FILES[option][0]
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        write_jsonl(path, content)
    (folder / "out.jsonl").write_bytes(b"of an earlier run\n")

    done = lockstep("replay", "dump", *options(), "--alerts", "out.jsonl", "--no-progress")

    assert done.returncode == 1
    assert path.name in said(done)
    assert reason in said(done)
    assert len(done.stderr.decode().strip().splitlines()) == 1
    assert done.stdout == b""
    assert (folder / "out.jsonl").read_bytes() == b"of an earlier run\n"


@pytest.mark.parametrize("option", FILES)
def test_given_no_such_file_or_a_folder_then_it_is_named(
    option: str, lockstep: Lockstep, folder: Path
) -> None:
    for wrong in ("nowhere.jsonl", "."):
        done = lockstep("replay", "dump", option, wrong, "--alerts", "out.jsonl", "--no-progress")

        assert done.returncode == 1
        assert wrong in said(done)
        assert len(done.stderr.decode().strip().splitlines()) == 1
        assert not (folder / "out.jsonl").exists()


@pytest.mark.slow
def test_given_a_bad_reference_file_when_the_installed_program_runs_then_no_traceback(
    program: Lockstep, folder: Path
) -> None:
    (folder / "registry.jsonl").write_text('{"entity_id": "a"}\n')

    assert program("replay", "dump", "--registry", "registry.jsonl").returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ("dump", "--registry", "-", "--follows", "-"),
        ("dump", "--accounts", "-", "--suppressions", "-"),
        ("-", "--registry", "-"),
    ],
)
def test_given_standard_input_for_two_then_it_is_wrong_usage(
    words: tuple[str, ...], lockstep: Lockstep, folder: Path
) -> None:
    done = lockstep("replay", *words, stdin=b"{}\n")

    assert done.returncode == 2
    assert "only once" in said(done)


@pytest.mark.parametrize("output", ["--alerts", "--pairs", "--report", "--dead-letters"])
@pytest.mark.parametrize("option", FILES)
def test_given_an_output_that_is_a_reference_file_then_it_is_refused_and_left_as_it_was(
    option: str, output: str, lockstep: Lockstep, folder: Path
) -> None:
    name = FILES[option][0]
    before = (folder / name).read_bytes()
    (folder / "link").symlink_to(name)

    for path in (name, f"./{name}", "link"):
        done = lockstep("replay", "dump", *options(), output, path)

        assert done.returncode == 2
        assert f"{output}: {path}" in said(done)
        assert (folder / name).read_bytes() == before


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A simulated world with three accounts that carry an agency's content, as its folder is written."""
    path = tmp_path_factory.mktemp("press") / "out"
    write_world(Plan("diaspora-press", seed=3, accounts=800, days=3, stealth=0), path)
    return Folder(path)


Simulated = Callable[..., list[Row]]


@pytest.fixture
def simulated(press: Folder, lockstep: Lockstep, tmp_path: Path) -> Simulated:
    def run(*words: str) -> list[Row]:
        given = [press.path / f"{name}.jsonl.gz" for name in ("posts", "follows", "accounts")]
        named = ("--follows", given[1], "--accounts", given[2], "--registry", press.path / "registry.jsonl")
        done = lockstep("replay", given[0], *named, "--alerts", "out.jsonl", *words)
        assert done.returncode == 0, done.stderr.decode()
        return alerts(tmp_path / "out.jsonl")

    return run


@pytest.mark.slow
def test_given_a_simulated_world_then_the_planted_accounts_alone_are_suspected(
    press: Folder, simulated: Simulated
) -> None:
    planted = {f"x:{name}" for name, label in press.labels.items() if label.label == "io"}
    assert len(planted) == 3

    told = simulated()

    suspected = [alert for alert in told if alert["severity"] != "info"]
    assert {member["account_id"] for alert in suspected for member in alert["members"]} == planted
    assert max(told, key=lambda alert: alert["priority"]) in suspected
    terms = {term["name"]: term["value"] for term in suspected[-1]["covertness_terms"]}
    # most of so small a world is of the registry, so that its follows tell little here
    assert "registry_followers" in terms
    assert min(terms[name] for name in ("obscurity", "unattributed_copies", "hidden_mentions")) >= 0.5


@pytest.mark.slow
def test_given_a_simulated_world_and_a_rule_that_allows_the_planted_then_nobody_is_suspected(
    press: Folder, simulated: Simulated, tmp_path: Path
) -> None:
    planted = [f"x:{name}" for name, label in press.labels.items() if label.label == "io"]
    allow = {"rule_id": "r1", "kind": "allow", "account_ids": planted, "reason": "three local papers"}
    write_jsonl(tmp_path / "rules.jsonl", [allow])

    told = simulated("--suppressions", "rules.jsonl")

    assert {alert["severity"] for alert in told} == {"info"}
    marked = {
        member["account_id"] for alert in told for member in alert["members"] if member.get("allow_listed")
    }
    assert marked == set(planted)
