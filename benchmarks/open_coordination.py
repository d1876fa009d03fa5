"""Open coordination on real data: members of a parliament who post in step must not be suspected of being covert.

    python -m benchmarks.open_coordination DATA_DIR

Replays `mixed_2016_spring` three times. Its labels are `io` and `organic`; organic accounts are members of the US
Congress. The first replay has a registry that lists them as persons, the second has follower counts for them (made up,
20,000 and more, since the data have none), the third has neither. A row describes the networks of organic accounts.
"""

import argparse
import csv
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.covert import latest_alerts
from benchmarks.runs.alerts_file import bare
from benchmarks.runs.program import Program
from benchmarks.runs.tables import markdown
from schemas.alerts import Alert
from streams.simulation.records.canonical import Label, read_labels

_SET = "mixed_2016_spring"


def _registry(labels: Sequence[Label], path: Path) -> None:
    """Write each organic account as a person, with a made-up name, since the data have none."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["entity_id", "name", "kind", "accounts"])
        for label in labels:
            if label.label == "organic":
                account = bare(label.account_id)
                writer.writerow([f"member-{account}", f"Member {account}", "person", f"x:{account}"])


def _profiles(labels: Sequence[Label], path: Path) -> None:
    """Write made-up follower counts: many for organic accounts, few for the others."""
    lines = []
    for number, label in enumerate(labels):
        many = 20_000 + 977 * (number % 400)
        row = {
            "platform": "x",
            "account_id": bare(label.account_id),
            "observed_at": "2016-03-01T00:00:00Z",
            "followers_count": many if label.label == "organic" else 50 + 13 * (number % 300),
        }
        lines.append(json.dumps(row))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _row(name: str, alerts: Sequence[Alert], organic: set[str]) -> list[str]:
    mine = [
        alert
        for alert in alerts
        if sum(bare(member.account_id) in organic for member in alert.members) * 2 > len(alert.members)
    ]
    kinds = Counter(fact.kind for alert in mine for fact in alert.counter_evidence)
    unknown = sum("Not assessed:" in alert.explanation for alert in mine)
    scores = [alert.covertness for alert in mine]
    known = [score for score in scores if score is not None]
    return [
        name,
        str(len(mine)),
        ", ".join(str(alert.member_count) for alert in mine),
        ", ".join(sorted({alert.severity.value for alert in mine})),
        f"{max(known):.2f}" if known else "-",
        str(len(scores) - len(known)),
        str(unknown),
        ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if a network of organic accounts is suspected."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.open_coordination", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("data", type=Path)
    args = parser.parse_args(argv)
    program = Program.beside_python()
    labels = read_labels(args.data / f"{_SET}.labels.csv")
    organic = {bare(label.account_id) for label in labels if label.label == "organic"}
    rows = []
    with tempfile.TemporaryDirectory() as work:
        registry, profiles, alerts = (
            Path(work) / name for name in ("registry.csv", "profiles.jsonl", "alerts.jsonl")
        )
        _registry(labels, registry)
        _profiles(labels, profiles)
        runs: list[tuple[str, list[str | Path]]] = [
            ("registry of persons", ["--registry", registry]),
            ("follower counts", ["--accounts", profiles]),
            ("neither", []),
        ]
        for name, options in runs:
            program.run(
                "replay", args.data / f"{_SET}.posts.jsonl.gz", *options, "--alerts", alerts, "--no-progress"
            )
            rows.append(_row(name, latest_alerts(alerts), organic))
    header = ["given", "networks", "members", "severity", "covertness at most", "null", "say what is unknown"]
    print(markdown([*header, "counter-evidence"], rows))
    return int(any(row[3] != "info" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
