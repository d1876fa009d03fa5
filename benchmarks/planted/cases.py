"""How many planted groups are one case each, and how many cases hold more than one group.

    python -m benchmarks.planted many-groups POSTS.jsonl.gz --labels LABELS.csv
    lockstep replay POSTS.jsonl.gz --alerts ALERTS.jsonl
    python -m benchmarks.planted.cases ALERTS.jsonl LABELS.csv

A group is in a case if three of its members or more are in networks of the case. Groups of the labels `io` and
`coordinated` count.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.runs.alerts_file import bare
from streams.exports.alert_files import latest_alerts
from streams.reports.latest_alerts import case_of
from streams.simulation.records.canonical import Label, read_labels

_LEAST = 3
"""Members from which a group is in a case: as many as the smallest network has."""


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """Groups and the cases that they are in."""

    groups: int
    in_one_case: int
    in_several_cases: int
    in_no_case: int
    networks: int
    cases: int
    cases_of_several_groups: int


def case_figures(networks: Iterable[tuple[str, Iterable[str]]], labels: Iterable[Label]) -> CaseFigures:
    """Compare cases with groups.

    Args:
        networks: the case of each network, and its members without platform.
        labels: of all accounts.
    """
    group_of = {label.account_id: label.group for label in labels if label.label in {"io", "coordinated"}}
    members: Mapping[str, Counter[str]] = defaultdict(Counter)
    count = 0
    for case, accounts in networks:
        count += 1
        members[case].update(group_of[account] for account in accounts if account in group_of)
    cases_of: Counter[str] = Counter()
    several = 0
    for groups in members.values():
        inside = [group for group, size in groups.items() if size >= _LEAST]
        cases_of.update(inside)
        several += len(inside) > 1
    groups = set(group_of.values())
    return CaseFigures(
        groups=len(groups),
        in_one_case=sum(cases_of[group] == 1 for group in groups),
        in_several_cases=sum(cases_of[group] > 1 for group in groups),
        in_no_case=sum(cases_of[group] == 0 for group in groups),
        networks=count,
        cases=len(members),
        cases_of_several_groups=several,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.planted.cases", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("alerts", help="alerts of a replay, JSONL")
    parser.add_argument("labels", type=Path, help="account_id,label,group")
    args = parser.parse_args(argv)
    networks = [
        (case_of(alert), [bare(member.account_id) for member in alert.members])
        for alert in latest_alerts(args.alerts)
    ]
    print(json.dumps(asdict(case_figures(networks, read_labels(args.labels)))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
