"""Draw the first suspected network of a run as an SVG picture: who copies which agency, and who follows them.

    .venv/bin/python examples/draw_network.py ALERTS.jsonl NETWORKS.jsonl REGISTRY.jsonl PICTURE.svg

All numbers come from the alert, the samples from its network, and the owners from the registry. The same run gives the
same picture. It has room for five accounts and ten follows; a network names no more than ten follows.
"""

import sys
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from schemas.alerts import Alert
from schemas.networks import NetworkSnapshot
from schemas.registry import RegistryEntity

_WIDTH = 960
_ACCOUNT_X, _ACCOUNT_WIDTH, _FOLLOWER_X = 384, 196, 694
_TOP, _BOTTOM = 128, 398
"""The part of the picture, in pixels, in which accounts, owners and followers stand."""
_OWNER_WIDTH = 216
_MOST_ACCOUNTS = 5

_STYLE = """
  svg { font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 14px }
  .page { fill: #ffffff; stroke: #d0d7de } .text { fill: #1f2328 } .quiet { fill: #59636e; font-size: 13px }
  .title { fill: #1f2328; font-size: 20px; font-weight: 600 } .number { fill: #1f2328; font-weight: 600 }
  .account { fill: #fff1e5; stroke: #bc4c00; stroke-width: 1.5 } .entity { fill: #ddf4ff; stroke: #0969da }
  .copies { stroke: #bc4c00; stroke-width: 2.5; fill: none } .copies-label { fill: #bc4c00; font-size: 13px }
  .links { stroke: #0969da; stroke-width: 1.5; stroke-dasharray: 5 4; fill: none }
  .links-label { fill: #0969da; font-size: 13px }
  .follows { stroke: #8250df; stroke-width: 1.2; fill: none; opacity: .75 } .follower { fill: #8250df }
  .owns { stroke: #59636e; stroke-width: 1.2; fill: none } .rule { stroke: #d0d7de }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #3d444d } .text, .title, .number { fill: #f0f6fc } .quiet { fill: #9198a1 }
    .account { fill: #3b2312; stroke: #f0883e } .entity { fill: #121d2f; stroke: #4493f8 }
    .copies { stroke: #f0883e } .copies-label { fill: #f0883e }
    .links { stroke: #4493f8 } .links-label { fill: #4493f8 }
    .follows { stroke: #ab7df8 } .follower { fill: #ab7df8 } .owns { stroke: #9198a1 } .rule { stroke: #3d444d }
  }
"""


class _Row(NamedTuple):
    """A line of the table under the picture: what was seen, how often, and what chance gives."""

    what: str
    seen: str
    chance: str


def draw(alert: Alert, entities: Sequence[RegistryEntity]) -> str:
    """Draw a network as SVG.

    Args:
        alert: A suspected network.
        entities: The registry of the run.
    """
    members = alert.members[:_MOST_ACCOUNTS]
    middles = _spread(len(members), _TOP + 36, _BOTTOM - 36)
    height = {member.account_id: middle for member, middle in zip(members, middles, strict=True)}
    rows = _rows(alert)
    end = _BOTTOM + 70 + 26 * len(rows) + 18
    parts = [*_heading(alert), *_owners(alert, entities, height), *_followers(alert, entities, height)]
    for member in members:
        parts += _account(member.handle or member.account_id, member.followers, height[member.account_id])
    parts += _table(rows)
    title = f"{alert.member_count} accounts that are suspected to be a covert network"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {end}" role="img" aria-label="{title}">\n'
        f"<style>{_STYLE}</style>\n{_arrow_heads()}"
        f'<rect class="page" x=".5" y=".5" width="{_WIDTH - 1}" height="{end - 1}" rx="8"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _heading(alert: Alert) -> list[str]:
    days = f"{alert.event_time_start:%Y-%m-%d %H:%M} to {alert.event_time_end:%Y-%m-%d %H:%M} UTC"
    scores = (
        f"coordination {alert.coordination:.2f} · covertness {alert.covertness or 0:.2f} · {alert.severity}"
    )
    count = alert.member_count
    return [
        _text(28, 42, f"{count} accounts, suspected to be a covert network", "title"),
        _text(28, 66, f"{alert.network_id} · {days} · {scores}", "quiet"),
    ]


def _owners(alert: Alert, entities: Sequence[RegistryEntity], height: dict[str, float]) -> list[str]:
    """The chain of owners, topmost first, with arrows to the accounts of which the alert has samples."""
    copied = _entity_of(alert, "unattributed_copies", entities)
    linked = _entity_of(alert, "shared_infrastructure", entities)
    chain = _chain(linked, entities)
    if copied and copied not in chain:
        chain = _chain(copied, entities)
    parts = [_text(28, _TOP - 18, "Registry: who owns what", "quiet")]
    places = _spread(len(chain), _TOP + 24, _BOTTOM - 24)
    for entity, y in zip(chain, places, strict=True):
        parts.append(
            f'<rect class="entity" x="28" y="{y - 24:.0f}" width="{_OWNER_WIDTH}" height="48" rx="6"/>'
        )
        parts.append(_text(40, y - 3, _short(entity.name, 24), "text"))
        parts.append(_text(40, y + 15, str(entity.kind).replace("_", " "), "quiet"))
    for upper, lower in pairwise(places):
        parts.append(
            f'<path class="owns" d="M130 {upper + 24:.0f}V{lower - 27:.0f}" marker-end="url(#owns)"/>'
        )
    for source, detector, line, words, label_y in (
        (copied, "unattributed_copies", "copies", "copy the agency", _TOP - 18),
        (linked, "shared_infrastructure", "links", "link to the company", _BOTTOM + 14),
    ):
        if source is None or source not in chain:
            continue
        start = places[chain.index(source)]
        right = 28 + _OWNER_WIDTH
        shown = {
            account for sample in alert.evidence if sample.kind == detector for account in sample.account_ids
        }
        for y in (height[account] for account in sorted(shown & height.keys())):
            parts.append(
                f'<path class="{line}" marker-end="url(#{line})" d="M{right} {start:.0f}C{right + 80} {start:.0f} '
                f'{_ACCOUNT_X - 80} {y:.0f} {_ACCOUNT_X - 8} {y:.0f}"/>'
            )
        measured = next(signal for signal in alert.signals if signal.detector == detector)
        label = f"{measured.observed:.0f} of {measured.n} posts {words}"
        parts.append(_text(right + 14, label_y, label, f"{line}-label"))
    return parts


def _account(name: str, followers: int | None, y: float) -> list[str]:
    known = "followers not known" if followers is None else f"{followers} followers"
    return [
        f'<rect class="account" x="{_ACCOUNT_X}" y="{y - 25:.0f}" width="{_ACCOUNT_WIDTH}" height="50" rx="25"/>',
        _text(_ACCOUNT_X + _ACCOUNT_WIDTH / 2, y - 3, f"@{_short(name, 22)}", "number", "middle"),
        _text(_ACCOUNT_X + _ACCOUNT_WIDTH / 2, y + 15, known, "quiet", "middle"),
    ]


def _followers(alert: Alert, entities: Sequence[RegistryEntity], height: dict[str, float]) -> list[str]:
    """Registry accounts at the right, each with a line to every account that it follows, as far as the alert lists."""
    follows: dict[str, list[str]] = {}
    kinds = set()
    for sample in alert.evidence:
        entity = _named(sample.object, entities) if sample.kind == "registry_followers" else None
        if entity and sample.account_ids[0] in height:
            follows.setdefault(entity.name, []).append(sample.account_ids[0])
            kinds.add(str(entity.kind).replace("_", " "))
    middle = {
        name: sum(map(height.__getitem__, accounts)) / len(accounts) for name, accounts in follows.items()
    }
    order = sorted(follows, key=lambda name: (middle[name], name))
    heading = f"Registry followers ({', '.join(sorted(kinds))})"
    parts = [_text(_FOLLOWER_X, _TOP - 18, heading, "quiet")] if order else []
    for name, y in zip(order, _spread(len(order), _TOP + 8, _BOTTOM - 8), strict=True):
        parts.append(f'<circle class="follower" cx="{_FOLLOWER_X + 4}" cy="{y:.0f}" r="4"/>')
        parts.append(_text(_FOLLOWER_X + 15, y + 4.5, _short(name, 30), "text"))
        edge = _ACCOUNT_X + _ACCOUNT_WIDTH
        parts += [
            f'<path class="follows" marker-end="url(#follows)" d="M{_FOLLOWER_X} {y:.0f}C{_FOLLOWER_X - 60} {y:.0f} '
            f'{edge + 60} {height[account]:.0f} {edge + 7} {height[account]:.0f}"/>'
            for account in follows[name]
        ]
    return parts


def _rows(alert: Alert) -> list[_Row]:
    """What the alert measured, in the order in which a reader would check it."""
    signals = {signal.detector: signal for signal in alert.signals}
    together = [signal for name, signal in signals.items() if name.startswith("co_share.")]
    rows = []
    if together:
        minutes = max(signal.window_s for signal in together) / 60
        seen = sum(signal.observed for signal in together)
        expected = sum(signal.expected for signal in together)
        rows.append(
            _Row(
                f"Same text or link within {minutes:.0f} minutes of each other",
                f"{seen:.0f} times",
                _few(expected),
            )
        )
    for name, what in (
        ("unattributed_copies", "Posts that copy the agency without naming it"),
        ("hidden_mentions", "Posts that name its handle so that no link arises"),
        ("shared_infrastructure", "Posts that link to a site of its company"),
    ):
        if name in signals:
            seen_here = f"{signals[name].observed:.0f} of {signals[name].n} posts"
            rows.append(_Row(what, seen_here, _few(signals[name].expected)))
    if "registry_followers" in signals:
        signal = signals["registry_followers"]
        rows.append(
            _Row(
                "Follows from accounts of the registry",
                f"{signal.observed:.0f} follows",
                _few(signal.expected),
            )
        )
    return rows


def _table(rows: Sequence[_Row]) -> list[str]:
    y = _BOTTOM + 52.0
    parts = [_text(520, y, "seen", "quiet"), _text(680, y, "chance would give", "quiet")]
    for row in rows:
        y += 26
        parts.append(f'<path class="rule" d="M28 {y - 18:.0f}H{_WIDTH - 28}"/>')
        parts += [
            _text(28, y, row.what, "text"),
            _text(520, y, row.seen, "number"),
            _text(680, y, row.chance, "text"),
        ]
    return parts


def _entity_of(alert: Alert, kind: str, entities: Sequence[RegistryEntity]) -> RegistryEntity | None:
    """The entity named in the samples of one kind of fact."""
    for sample in alert.evidence:
        if sample.kind == kind:
            return _named(sample.object[sample.object.rfind("[") :], entities)
    return None


def _named(words: str, entities: Sequence[RegistryEntity]) -> RegistryEntity | None:
    """The entity whose name comes first in some words; the longer name where two begin at one place."""
    named = [
        (words.index(entity.name), -len(entity.name), entity.entity_id)
        for entity in entities
        if entity.name in words
    ]
    return next(entity for entity in entities if entity.entity_id == min(named)[2]) if named else None


def _chain(entity: RegistryEntity | None, entities: Sequence[RegistryEntity]) -> list[RegistryEntity]:
    """An entity and its owners, the topmost first."""
    by_id = {known.entity_id: known for known in entities}
    chain: list[RegistryEntity] = []
    while entity is not None and entity not in chain:
        chain.insert(0, entity)
        entity = by_id.get(entity.parent_id) if entity.parent_id else None
    return chain


def _spread(count: int, first: float, last: float) -> list[float]:
    """Heights of `count` things between two heights, evenly."""
    if count == 1:
        return [(first + last) / 2]
    return [first + (last - first) * place / (count - 1) for place in range(count)]


def _few(expected: float) -> str:
    return "less than 0.01" if expected < 0.01 else f"{expected:.2g}"


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _text(x: float, y: float, words: str, style: str, anchor: str = "start") -> str:
    shown = "".join(letter for letter in words if letter.isprintable())
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{style}" x="{x:.0f}" y="{y:.0f}"{place}>{escape(shown)}</text>'


def _arrow_heads() -> str:
    kinds = {"copies": "copies-label", "links": "links-label", "follows": "follower", "owns": "quiet"}
    heads = "".join(
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="9" markerHeight="9" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="{style}" d="M0 0L8 4L0 8Z"/></marker>'
        for kind, style in kinds.items()
    )
    return f"<defs>{heads}</defs>\n"


def main(arguments: Sequence[str]) -> int:
    """Read alerts, networks and registry, and write the picture."""
    if len(arguments) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    alerts_file, networks_file, registry_file, picture = map(Path, arguments)
    alerts = msgspec.json.Decoder(Alert).decode_lines(alerts_file.read_bytes())
    entities = msgspec.json.Decoder(RegistryEntity).decode_lines(registry_file.read_bytes())
    newest = {alert.network_id: alert for alert in alerts}
    suspected = [alert for alert in newest.values() if (alert.covertness or 0) >= 0.5]
    if not suspected:
        print(f"{alerts_file}: no suspected network in it", file=sys.stderr)
        return 1
    alert = max(suspected, key=lambda alert: alert.priority)
    for network in msgspec.json.Decoder(NetworkSnapshot).decode_lines(networks_file.read_bytes()):
        if (network.network_id, network.revision) == (alert.network_id, alert.revision):
            # an alert has some of the samples, its network has all
            alert = msgspec.structs.replace(alert, evidence=network.evidence)
    picture.write_text(draw(alert, entities), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
