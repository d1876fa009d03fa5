"""The page benchmarks/RESULTS.md."""

import math
from itertools import pairwise
from pathlib import Path

from benchmarks.results.measuring import Results
from benchmarks.runs.tables import markdown

_HEAD = """# Speed and memory

Written by `make bench`; `python -m benchmarks.results --help` has its options. All figures are of one run:

> {machine}

Other work on the machine makes seconds longer, CPU seconds by up to a half. Ratios within one table vary less.
"""


def write_page(results: Results, path: Path, pictures: dict[str, Path]) -> None:
    """Write the page; pictures are linked by their place relative to it."""
    parts = [
        _HEAD.format(machine=results.machine),
        "## Replay beside reading alone",
        results.replays,
        _growth(results),
    ]
    parts += [f"![{title}]({picture.relative_to(path.parent)})" for title, picture in pictures.items()]
    if results.peer:
        parts += ["## Beside coordination-network-toolkit 1.5.2", _PEER, _beside_peer(results)]
    parts += ["## What detection holds", _HELD, _held(results)]
    total = sum(results.stages.values()) or 1.0
    rows = [[stage, f"{spent:.2f}", f"{spent / total:.0%}"] for stage, spent in results.stages.items()]
    parts += ["## Seconds by stage, largest load", _STAGES, markdown(["stage", "s", "share"], rows)]
    parts += ["## Start-up, and dumps over many days", results.start]
    path.write_text("\n\n".join(part.strip() for part in parts) + "\n", encoding="utf-8")


_PEER = """
The toolkit loads the posts into a database, then finds pairs that share links (co_link) and pairs that repost the same
(co_retweet) within 60 s. A replay finds these, near-copies of texts, hashtags, mentions and rhythm, tests all of them
against chance, and writes alerts. The toolkit takes an empty cell of URLs for one URL that all posts without a link
share. Here each such post has a URL of its own, so that this does not count.
"""
_HELD = """
Bytes of arrays and frames, after all posts. A table that grows is up to twice as large as its items.
"""
_STAGES = "Reading and traces run in a second thread, so the sum is more than the run takes."


def _growth(results: Results) -> str:
    """Exponents of CPU seconds beyond those of a start: other work on the machine bears on them least."""
    lines = []
    for job in dict.fromkeys(one["job"] for one in results.timings):
        start, *loads = [one for one in results.timings if one["job"] == job]
        for small, large in pairwise(loads):
            spent = small["cpu_s"] - start["cpu_s"], large["cpu_s"] - start["cpu_s"]
            if min(spent) > 0:
                exponent = math.log(spent[1] / spent[0]) / math.log(large["posts"] / small["posts"])
                lines.append(
                    f"- {job}, {small['posts']:,} to {large['posts']:,} posts: CPU seconds after the start grow with "
                    f"posts ** {exponent:.2f}"
                )
    return "\n".join(lines)


def _beside_peer(results: Results) -> str:
    ours = {one["posts"]: one for one in results.timings if one["job"] == "replay"}
    rows = []
    for posts, steps in results.peer.items():
        cpu = sum(step.cpu_s for step in steps)
        peak = max(step.peak_rss_bytes for step in steps)
        rows.append(
            [
                f"{posts:,}",
                *(f"{step.cpu_s:.1f}" for step in steps),
                f"{cpu:.1f}",
                f"{ours[posts]['cpu_s']:.1f}",
                f"{cpu / ours[posts]['cpu_s']:.2f}",
                f"{peak / 1e6:,.0f}",
                f"{ours[posts]['peak_rss_bytes'] / 1e6:,.0f}",
            ]
        )
    names = [f"{step.name}, CPU s" for step in next(iter(results.peer.values()))]
    return markdown(["posts", *names, "sum", "replay, CPU s", "ratio", "its peak MB", "our peak MB"], rows)


def _held(results: Results) -> str:
    rows = [
        [
            f"{posts:,}",
            part,
            f"{one['bytes'] / 1e6:,.1f}",
            f"{one['items']:,} {one['of']}",
            f"{one['bytes'] / one['items']:,.0f}",
        ]
        for posts, parts in results.held.items()
        for part, one in parts.items()
    ]
    return markdown(["posts", "part", "MB", "items", "bytes an item"], rows)
