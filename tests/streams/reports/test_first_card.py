"""The first card of the invented world in which three accounts copy a state agency answers what a reader asks first."""

import re
from html import unescape
from pathlib import Path

import pytest

from tests.streams.conftest import Lockstep

QUESTIONS = ("Who", "What they did", "Compared to what", "What speaks against it", "What to do next")


@pytest.mark.slow
def test_the_first_card_says_who_what_compared_to_what_what_against_and_what_next(
    lockstep: Lockstep, tmp_path: Path
) -> None:
    world = ("simulate", "diaspora-press", "--accounts", "1500", "--days", "4", "--out", "world")
    assert lockstep(*world).returncode == 0
    files = ("--registry", "world/registry.jsonl", "--accounts", "world/accounts.jsonl.gz")
    done = lockstep("replay", "world/posts.jsonl.gz", *files, "--report", "out.html")
    assert done.returncode == 0, done.stderr.decode()
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    card = page[page.index('<article id="n1"') : page.index("The whole case")]
    assert 'class="suspected"' in card
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", card)).split())
    assert all(question in text for question in QUESTIONS)
    why = text.split("What they did")[1].split(" Who ")[0]
    assert 10 < len(why.split()) <= 60
    assert len(set(re.findall(r"@\w+", text.split(" Who ")[1].split("Compared")[0]))) == 3
    assert card.count('<div class="two">') == 3
    assert "Original" in text
    assert "<mark>" in card
    assert re.findall(r'href="https://x\.com/i/web/status/\d+"', card)
    assert "Review" in text.split("What to do next")[1]
