"""The page about a soak, for docs/operations: figures in tables, panels in pictures."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks.soak.outcome import Soak
from benchmarks.soak.panel_pictures import Pictures
from deploy.grafana.panels import Dashboard
from streams.version import VERSION


def write_report(
    page: Path,
    soak: Soak,
    arguments: argparse.Namespace,
    pictures: Pictures,
    dashboards: Sequence[Dashboard],
) -> None:
    """Write the page, and the pictures into the folder `pictures` beside it."""
    folder = page.parent / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for board in dashboards:
        path = folder / f"{board.uid}.png"
        pictures.draw(board, path)
        drawn.append(
            f"## {board.title}\n\n{board.description}\n\n![{board.title}]({folder.name}/{path.name})\n"
        )
    page.write_text(_text(soak, arguments) + "\n" + "\n".join(drawn), encoding="utf-8")


def _text(soak: Soak, arguments: argparse.Namespace) -> str:
    figures = soak.prometheus
    assert figures is not None  # noqa: S101 - the run asks Prometheus before it writes the page
    fired = ", ".join(f"{name} ({seconds} s)" for name, seconds in sorted(figures.rules_fired.items()))
    memory = ", ".join(f"{mb:,}" for mb in figures.memory_mb_by_quarter)
    half = arguments.days / 2
    return f"""# A soak

These are the results of the last step of `make soak`, run with Lockstep {VERSION}. Broker, publisher, two workers and
Prometheus shared one machine with {os.cpu_count()} cores:

    python -m benchmarks.soak --minutes {arguments.minutes:g} --accounts {arguments.accounts} --days {arguments.days} \
--kill-every {arguments.kill_every:g} --seed {arguments.seed} --report docs/operations/soak.md

The soak publishes a simulated world of {arguments.accounts:,} accounts and {arguments.days} days
([simulate](../simulate.md)) in {soak.minutes:.0f} minutes. About every {arguments.kill_every:g} seconds
it kills a worker (SIGKILL) and starts it again:
in turn the one that runs detection and the other one. At the end it compares the alerts on the topic with those of
`lockstep backtest` on the same files. Detection is set to forget after a week, so its state is full after a quarter of
the time.

| | |
|---|---|
| posts published | {soak.posts:,}, {soak.posts / soak.minutes / 60:,.0f} a second |
| kills | {len(soak.kills)} |
| alerts on the topic | {soak.alerts:,} |
| alerts lost, invented, changed | {soak.lost}, {soak.invented}, {soak.changed} |
| dead letters | {soak.dead_letters} |

The next table is what Prometheus saw. It scraped every second. It does not see what a killed worker did after its
last scrape:

| | |
|---|---|
| posts that ingest read (batches that a kill interrupted are read again) | {figures.posts_read:,} |
| posts that detection applied | {figures.posts_applied:,} |
| alerts raised | {figures.alerts:,} |
| dead letters | {figures.dead_letters:,} |
| largest lag of ingest | {figures.lag_posts_max:,} posts |
| most frames that detection had not applied | {figures.lag_frames_max:,} |
| longest time without a worker that runs detection | {figures.without_owner_s:g} s, 3 s of it the session timeout |
| state rebuilt | {figures.rebuilds} times, {figures.rebuild_longest_s:g} s at most |
| memory of the largest worker, the highest value of each quarter of the time | {memory} MB |
| its slope over the highest of each tenth of the second half | {figures.memory_slope_mb_per_h:+,.0f} MB an hour: \
{figures.memory_growth_of_second_half:+.1%} over the second half, in which {half:g} days of posts were read |
| alert rules that fired | {fired or "none"} |

The pictures plot the answers of that Prometheus to the queries of the dashboards' panels. Grafana itself was not used.
Time is in minutes. Grey lines are kills.
"""
