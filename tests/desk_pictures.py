"""Writes the pictures of the review desk for the docs: queue and case of an invented world, with verdicts on them.

python -m tests.desk_pictures    # writes docs/pictures/desk-queue.png and docs/pictures/desk-case.png
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from typer.testing import CliRunner

from deploy.chromium.browser import chromium
from streams.command.program import app
from tests.report_pictures import PICTURES, WIDTH, WORLD
from tests.streams.desk.desk_program import running_desk

HEIGHT = 900
_VERDICTS = [
    (0, "ana", "--assign", "ben", "you know this agency"),
    (0, "ben", "--label", "confirmed_inauthentic", "all three copy one agency, and none says so"),
    (1, "ana", "--acknowledge", None, "looks like a newsroom"),
]
"""Place in the file, reviewer, verdict, its value, and the reason."""


def write_pictures(folder: Path) -> None:
    """Simulate the world, replay it, record verdicts, and take the pictures of the desk over it."""
    with tempfile.TemporaryDirectory() as made:
        world = Path(made) / "world"
        alerts, networks = Path(made) / "alerts.jsonl", Path(made) / "networks.jsonl"
        options = ["--registry", world / "registry.jsonl", "--follows", world / "follows.jsonl.gz"]
        options += ["--accounts", world / "accounts.jsonl.gz", "--alerts", alerts, "--networks", networks]
        _run(*WORLD, "--out", world)
        _run("replay", world / "posts.jsonl.gz", *options, "--no-progress")
        with (
            running_desk(Path(made), alerts, "--networks", networks, "--as", "ana") as desk,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            page.goto(desk.address)
            ids = [link.get_attribute("href") or "" for link in page.locator("a.open").all()]
            for place, name, verdict, value, reason in _VERDICTS:
                if place < len(ids):
                    network = ids[place].rpartition("network=")[2]
                    more = [] if value is None else [value]
                    _run(
                        "review",
                        network,
                        verdict,
                        *more,
                        "--reason",
                        reason,
                        "--alerts",
                        alerts,
                        "--as",
                        name,
                    )
            page.reload()
            # where the file lies is of no interest to a reader
            page.locator("footer").evaluate("(each) => each.remove()")
            page.screenshot(path=folder / "desk-queue.png")
            page.locator("a.open").first.click()
            page.locator("footer").evaluate("(each) => each.remove()")
            page.screenshot(path=folder / "desk-case.png")
            browser.close()


def _run(*arguments: str | Path) -> None:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exit_code:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {done.stderr}")


if __name__ == "__main__":
    write_pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
