"""Where the time of a replay goes, by stage."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.runs.program import Program


def profile(program: Program, posts: Path, options: Sequence[str] = ()) -> dict[str, float]:
    """Replay `posts` once more; return the seconds of each stage, largest first.

    Decoding, ordering and tracing run in a second thread, so the sum is more than the run took.

    Raises:
        ProgramError: the run fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        result, alerts = Path(folder, "timings.json"), Path(folder, "alerts.jsonl")
        program.run("replay", posts, *options, "--alerts", alerts, "--no-progress", "--timings", result)
        seconds = {str(stage): float(spent) for stage, spent in json.loads(result.read_bytes()).items()}
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))
