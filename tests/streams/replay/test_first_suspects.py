"""A suspected network is named while the run goes on."""

from pathlib import Path

import pytest

from tests.detectors.test_quiet_networks import world
from tests.streams.conftest import Lockstep
from tests.streams.press_files import write_posts, write_registry

SUSPECTED = "suspected covert in data up to "


@pytest.mark.slow
def test_given_a_suspected_network_then_one_line_names_it_before_the_summary(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    posts = write_posts(world(), tmp_path / "posts.jsonl")
    command = ["replay", str(posts), "--registry", str(write_registry(tmp_path / "registry.jsonl"))]

    lines = lockstep(*command).stderr.decode().splitlines()
    quiet = lockstep(*command, "--no-progress").stderr.decode()

    named = [number for number, line in enumerate(lines) if line.startswith(SUSPECTED)]
    summary = next(number for number, line in enumerate(lines) if " posts in " in line)
    assert len(named) == 1, lines
    assert named[0] < summary
    assert "x:" in lines[named[0]] or "@" in lines[named[0]], lines[named[0]]
    assert SUSPECTED not in quiet
