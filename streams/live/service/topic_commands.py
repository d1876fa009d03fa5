"""What `lockstep topics` does; `streams.command.live_program` turns its faults into messages and exit statuses."""

import asyncio

import msgspec

from streams.live.broker.connection import connection
from streams.live.broker.topic_admin import Checked, check_topics, create_topics
from streams.outputs.output_files import output
from streams.outputs.plain_text import plain_lines
from streams.settings.settings import for_run, load_settings


class TopicsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `lockstep topics check --json` prints."""

    as_wanted: bool
    """Whether nothing is absent and nothing differs."""
    bootstrap_servers: list[str]
    topics: list[Checked]


def create(config: str | None, run_id: str | None = None) -> None:
    """`lockstep topics create`; those of a replay if a run is named."""
    kafka = for_run(load_settings(config), run_id).kafka
    made = asyncio.run(create_topics(connection(kafka), kafka.topic_prefix))
    created = sum(topic.created for topic in made)
    _print(
        *(f"{'created' if topic.created else 'exists '}  {topic.topic}" for topic in made),
        f"{created} created, {len(made) - created} there already.",
    )


def check(config: str | None, *, as_json: bool) -> bool:
    """`lockstep topics check`: whether all is as wanted."""
    kafka = load_settings(config).kafka
    found = asyncio.run(check_topics(connection(kafka), kafka.topic_prefix))
    findings = TopicsReport(
        as_wanted=all(topic.as_wanted for topic in found),
        bootstrap_servers=list(kafka.servers),
        topics=found,
    )
    if as_json:
        with output("-") as file:
            file.write(msgspec.json.format(msgspec.json.encode(findings), indent=1) + b"\n")
    else:
        _print(*_lines(found))
    return findings.as_wanted


def _lines(found: list[Checked]) -> list[str]:
    lines = []
    for topic in found:
        state = "ok     " if topic.as_wanted else "differs" if topic.exists else "absent "
        lines.append(f"{state}  {topic.topic}")
        lines += [f"         {d.property}: wanted {d.wanted}, found {d.found}" for d in topic.differences]
    absent = sum(not topic.exists for topic in found)
    differ = sum(bool(topic.differences) for topic in found)
    if absent:
        lines.append(
            f"{absent} absent, or not for these credentials to see: `lockstep topics create` makes them."
        )
    if differ:
        lines.append(
            f"{differ} not as wanted. Nothing is changed here: docs/operations/topics.md says how to."
        )
    return lines if absent or differ else [*lines, f"All {len(found)} are as wanted."]


def _print(*lines: str) -> None:
    with output("-") as file:
        file.writelines(f"{plain_lines(line)}\n".encode() for line in lines)
