"""Writes the pictures of the report for the docs: the first card of an invented world, and the case below it.

python -m tests.report_pictures    # writes docs/pictures/report-queue.png and docs/pictures/report-case.png
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from typer.testing import CliRunner

from deploy.chromium.browser import chromium
from streams.command.program import app

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
WIDTH, HEIGHT = 1400, 1080
WORLD = ["simulate", "diaspora-press", "--accounts", "4000", "--days", "5"]


def write_pictures(folder: Path) -> None:
    """Simulate the world, replay it, and take the pictures of its report."""
    with tempfile.TemporaryDirectory() as made:
        world, report = Path(made) / "world", Path(made) / "report.html"
        files = [
            ("registry", "registry.jsonl"),
            ("follows", "follows.jsonl.gz"),
            ("accounts", "accounts.jsonl.gz"),
        ]
        options = [part for name, file in files for part in (f"--{name}", str(world / file))]
        _run([*WORLD, "--out", str(world)])
        _run(["replay", str(world / "posts.jsonl.gz"), *options, "--report", str(report), "--no-progress"])
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            page.goto(report.as_uri())
            page.screenshot(path=folder / "report-queue.png")
            page.goto(f"{report.as_uri()}#n1")
            page.locator("#n1 .pics").scroll_into_view_if_needed()
            page.locator("#n1 .pics").screenshot(path=folder / "report-case.png")
            browser.close()


def _run(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    if done.exit_code:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr}")


if __name__ == "__main__":
    write_pictures(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
