"""`lockstep topics`. `streams.command.live_program` turns its faults into messages and exit statuses."""

import asyncio
from pathlib import Path

import msgspec

from streams.live.broker.connection import connection
from streams.live.broker.topic_admin import Checked, check_topics, create_topics
from streams.live.service.topic_dump import dump_topics, topic_of
from streams.outputs.output_files import output
from streams.outputs.plain_text import plain_lines
from streams.settings.settings import for_run, load_settings


class TopicsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `lockstep topics check --json` prints."""

    as_wanted: bool
    """Whether no topic is absent and none differs."""
    bootstrap_servers: list[str]
    topics: list[Checked]


def create(config: str | None, run_id: str | None = None) -> None:
    """Run `lockstep topics create`; with `run_id`, for the topics of that replay."""
    kafka = for_run(load_settings(config), run_id).kafka
    made = asyncio.run(create_topics(connection(kafka), kafka.topic_prefix))
    created = sum(topic.created for topic in made)
    _print(
        *(f"{'created' if topic.created else 'exists '}  {topic.topic}" for topic in made),
        f"{created} created, {len(made) - created} there already.",
    )


def check(config: str | None, *, as_json: bool) -> bool:
    """Run `lockstep topics check`. Returns whether all topics are as wanted."""
    kafka = load_settings(config).kafka
    topics = asyncio.run(check_topics(connection(kafka), kafka.topic_prefix))
    report = TopicsReport(
        as_wanted=all(topic.as_wanted for topic in topics),
        bootstrap_servers=list(kafka.servers),
        topics=topics,
    )
    if as_json:
        with output("-") as file:
            file.write(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    else:
        _print(*_lines(topics))
    return report.as_wanted


def dump(names: list[str], out: str, config: str | None, run_id: str | None = None) -> None:
    """Run `lockstep topics dump`; with `run_id`, for the topics of that replay."""
    topics = [topic_of(name) for name in names]
    kafka = for_run(load_settings(config), run_id).kafka
    dumped = asyncio.run(dump_topics(connection(kafka), kafka.topic_prefix, topics, Path(out)))
    _print(*(f"{one.records:,} records in {one.path}." for one in dumped))


def _lines(topics: list[Checked]) -> list[str]:
    lines = []
    for topic in topics:
        state = "ok     " if topic.as_wanted else "differs" if topic.exists else "absent "
        lines.append(f"{state}  {topic.topic}")
        lines += [f"         {d.property}: wanted {d.wanted}, found {d.found}" for d in topic.differences]
    absent = sum(not topic.exists for topic in topics)
    differ = sum(bool(topic.differences) for topic in topics)
    if absent:
        lines.append(
            f"{absent} absent, or hidden from these credentials: `lockstep topics create` creates them."
        )
    if differ:
        lines.append(
            f"{differ} not as wanted. This command changes nothing; docs/operations/topics.md explains how to."
        )
    return lines if absent or differ else [*lines, f"All {len(topics)} are as wanted."]


def _print(*lines: str) -> None:
    with output("-") as file:
        file.writelines(f"{plain_lines(line)}\n".encode() for line in lines)
