"""Reads from an alerts file what benchmarks need: members of networks, and sizes of crowds."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from streams.simulation.records.canonical import Label


@dataclass(slots=True)
class AlertedNetworks:
    """The networks in all alerts of one run."""

    alerts: int = 0
    """Number of alerts: every revision of every network."""
    members: dict[str, set[str]] = field(default_factory=dict)
    """Accounts (without platform) that were ever in a network, by network."""
    last: dict[str, set[str]] = field(default_factory=dict)
    """Accounts in the last alert of each network; networks that others took in are left out."""
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    """For each network of `last`: coordination of the network x membership, by account."""
    capped: int = 0
    """Number of alerts that name only a part of the members."""
    crowds: list[int] = field(default_factory=list)
    """For each piece of evidence, how many accounts shared the object."""

    @property
    def accounts(self) -> set[str]:
        """Accounts that were ever in any network."""
        return set().union(*self.members.values())

    @property
    def last_accounts(self) -> set[str]:
        """Accounts in the last alert of any network."""
        return set().union(*self.last.values())


def read_alerts(path: Path) -> AlertedNetworks:
    """Read an alerts file (JSONL); a missing file means that there was no alert."""
    found = AlertedNetworks()
    explanations: dict[str, str] = {}
    if not path.exists():
        return found
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.strip():
                continue
            alert = json.loads(line)
            members = {bare(member["account_id"]) for member in alert.get("members", [])}
            found.alerts += 1
            found.capped += len(members) < alert.get("member_count", 0)
            found.members.setdefault(alert["network_id"], set()).update(members)
            found.crowds += [round(sample["observed"]) for sample in alert.get("evidence", [])]
            network, explanation = alert["network_id"], alert.get("explanation", "")
            if is_merged_away(alert.get("lifecycle", ""), explanation, explanations.get(network)):
                found.last.pop(network, None)
                found.scores.pop(network, None)
            else:
                found.last[network] = members
                found.scores[network] = {
                    bare(member["account_id"]): alert.get("coordination", 0.0) * member.get("membership", 1.0)
                    for member in alert.get("members", [])
                }
            explanations[network] = explanation
    return found


def is_merged_away(lifecycle: str, explanation: str, previous: str | None) -> bool:
    """Whether an alert closes a network that another one took in.

    Its lifecycle is `absorbed`. In earlier versions, with which results are compared, it is `merged`, as of the network
    that took it in; but it repeats the explanation of the alert before it, after a sentence about the merger.

    Args:
        lifecycle: of the alert.
        explanation: of the alert.
        previous: explanation of the alert before it on the same network; None: there was none.
    """
    return lifecycle == "absorbed" or (
        lifecycle == "merged"
        and previous is not None
        and explanation != previous
        and explanation.endswith(previous)
    )


def bare(account: str) -> str:
    """An account without its platform: `x:123` and `123` are both `123`."""
    return account.split(":", 1)[-1]


def recall(found: set[str], labels: Iterable[Label], group: str) -> float | None:
    """Share of the accounts in groups whose name begins with `group` that were found; None if there are none."""
    members = [label.account_id for label in labels if label.group.startswith(group)]
    return sum(member in found for member in members) / len(members) if members else None
