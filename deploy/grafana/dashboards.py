"""Writes the dashboards: `make dashboards`, or `python -m deploy.grafana.dashboards`; --check only compares.

Grafana reads the JSON beside this file (`provisioning/`). Never edit it by hand.
"""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.backtest import BACKTEST
from deploy.grafana.detection import DETECTION
from deploy.grafana.overview import OVERVIEW
from deploy.grafana.panels import Dashboard, built
from deploy.grafana.pipeline import PIPELINE

FOLDER = Path(__file__).parent / "dashboards"
DASHBOARDS = (OVERVIEW, PIPELINE, DETECTION, BACKTEST)


def text_of(board: Dashboard) -> str:
    """The content of the file of a dashboard."""
    return json.dumps(built(board), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Write the files; with --check, only name the stale ones."""
    stale = []
    for board in DASHBOARDS:
        path, text = FOLDER / f"{board.uid}.json", text_of(board)
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if "--check" not in arguments:
                FOLDER.mkdir(exist_ok=True)
                path.write_text(text)
    if stale:
        print("stale:" if "--check" in arguments else "written:", ", ".join(stale))
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
