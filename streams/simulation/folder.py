"""`lockstep simulate`: a world as a folder of files, the same bytes for the same plan."""

from collections import Counter
from pathlib import Path

import msgspec

from detectors.covertness.words import plural
from schemas.errors import UsageError
from streams.outputs.output_files import OutputError
from streams.simulation.planting.stealth import STEALTH, Style
from streams.simulation.records.canonical import Label, write_labels, write_posts, write_rows
from streams.simulation.scenarios import SCENARIOS, Plan, simulate

_MADE_BY = "lockstep simulate"
_RECORD = "scenario.json"
POSTS, FOLLOWS, ACCOUNTS = "posts.jsonl.gz", "follows.jsonl.gz", "accounts.jsonl.gz"
REGISTRY, LABELS = "registry.jsonl", "labels.csv"
_FILES = (_RECORD, POSTS, FOLLOWS, ACCOUNTS, REGISTRY, LABELS)


class RoleCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many accounts of one group post, and their label."""

    label: str
    accounts: int


class WorldRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder holds, and the options that make it again."""

    made_by: str
    scenario: str
    summary: str
    seed: int
    accounts: int
    days: int
    stealth: int
    posts: int
    """About how many posts were requested."""
    dials: Style
    groups: dict[str, RoleCount]
    """By name of the group; ordinary accounts by what they do, accounts of states by their entity."""


def write_world(plan: Plan, folder: Path) -> str:
    """Simulate a world and write posts, follow events, profiles, registry, labels and a record of the options.

    Returns:
        A short description of what was written.

    Raises:
        UsageError: the plan cannot be carried out, or the folder holds anything but an earlier simulation.
        OutputError: a file cannot be written.
    """
    plan.check()
    _make_room(folder)
    world = simulate(plan)
    try:
        # the record first: it marks an unfinished folder as one of ours
        (folder / _RECORD).write_bytes(
            msgspec.json.format(msgspec.json.encode(_record(plan, world.labels))) + b"\n"
        )
        (folder / REGISTRY).write_bytes(
            b"".join(msgspec.json.encode(entity) + b"\n" for entity in world.registry)
        )
        write_labels(world.labels, folder / LABELS)
        write_rows([world.accounts], folder / ACCOUNTS)
        write_rows([world.follows], folder / FOLLOWS)
        posts = write_posts(world.posts, folder / POSTS)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}.") from error
    planted = sum(label.label == "io" for label in world.labels)
    return f"{plural(posts, 'post')} by {plural(len(world.labels), 'account')}, {planted:,} of them planted"


def _record(plan: Plan, labels: list[Label]) -> WorldRecord:
    sizes = Counter((label.group, label.label) for label in labels)
    return WorldRecord(
        made_by=_MADE_BY,
        scenario=plan.scenario,
        summary=SCENARIOS[plan.scenario].summary,
        seed=plan.seed,
        accounts=plan.accounts,
        days=plan.days,
        stealth=plan.stealth,
        posts=plan.wanted_posts,
        dials=STEALTH[plan.stealth],
        groups={
            group: RoleCount(label=label, accounts=size) for (group, label), size in sorted(sizes.items())
        },
    )


def _make_room(folder: Path) -> None:
    """Make the folder, or empty it of an earlier simulation."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = sorted(path.name for path in folder.iterdir())
        if not names:
            return
        if not _is_ours(folder / _RECORD) or set(names) - set(_FILES):
            raise UsageError(
                f"--out: {folder} holds something else than a simulation ({', '.join(names[:3])}). "
                "Name a new or an empty folder."
            )
        for name in names:
            if name != _RECORD:
                (folder / name).unlink()
    except OSError as error:
        raise UsageError(
            f"--out: {folder} cannot be a folder to write to: {error.strerror or error}."
        ) from error


def _is_ours(record: Path) -> bool:
    try:
        return msgspec.json.decode(record.read_bytes(), type=dict).get("made_by") == _MADE_BY
    except (FileNotFoundError, msgspec.DecodeError):
        return False
