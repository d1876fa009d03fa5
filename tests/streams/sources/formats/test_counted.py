"""What an input holds that is no post is counted and named."""

from typer.testing import CliRunner

from streams.command.program import app
from tests.streams.sources.exports import jsonl
from tests.streams.sources.formats.test_jetstream import CARD, OTHERS, POST, REPOST


def test_given_likes_and_deletions_in_a_stream_when_inspected_then_they_are_counted_and_named(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text(jsonl(*OTHERS, POST, CARD, REPOST))
    done = CliRunner().invoke(app, ["inspect", str(path)])
    assert done.exit_code == 0
    words = " ".join(done.stdout.split())
    assert "All 3 posts: 1 account on bluesky" in words
    kinds = "account events (1), changes (1), deletions (1), follows (1), likes (1), other records (1)."
    assert f"Not posts: {kinds}" in words
