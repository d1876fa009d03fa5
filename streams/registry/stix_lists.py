"""STIX 2.1 bundles, as state agencies publish them: who is behind which domains and accounts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from schemas.errors import InputError
from streams.registry.merging import Found

_WHO = ("intrusion-set", "threat-actor", "campaign", "identity", "infrastructure", "malware", "grouping")
"""Objects that can be an entity, the first to be preferred."""
_MOST_OBJECTS = 1_000_000


def is_stix(text: str) -> bool:
    """Whether a text looks like a bundle of STIX."""
    return text.lstrip().startswith("{") and '"bundle"' in text[:4096] + text[-4096:]


def stix_entities(text: str, source: str) -> Iterator[Found]:
    """What the bundle names, with the entity that it belongs to.

    Raises:
        InputError: the text is no bundle.
    """
    try:
        bundle = msgspec.json.decode(text)
        objects = {
            one["id"]: one
            for one in bundle["objects"]
            if isinstance(one, dict) and isinstance(one.get("id"), str)
        }
    except (msgspec.DecodeError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{source}: is no bundle of STIX 2.1: {error}.") from error
    if len(objects) > _MOST_OBJECTS:
        raise InputError(f"{source}: has more than {_MOST_OBJECTS:,} objects.")
    near = _neighbours(objects)
    report = next((one for one in objects.values() if one.get("type") == "report"), {})
    whole = _text(report, "name") or source
    for one in objects.values():
        for type, value, platform in _values(one):
            owner = _owner(one, objects, near)
            yield Found(
                value=value,
                type=type,
                platform=platform,
                entity=whole if owner is None else _text(owner, "name") or whole,
                entity_id="" if owner is None else str(owner["id"]),
                source=_reference(one) or _reference(report) or whole,
                note=_text(one, "description")[:500],
                place=str(one["id"]),
            )


def _neighbours(objects: Mapping[str, Any]) -> dict[str, list[str]]:
    near: dict[str, list[str]] = {}
    for one in objects.values():
        if one.get("type") == "relationship":
            ends = one.get("source_ref"), one.get("target_ref")
            for here, there in (ends, ends[::-1]):
                if isinstance(here, str) and isinstance(there, str):
                    near.setdefault(here, []).append(there)
    return near


def _owner(one: Mapping[str, Any], objects: Mapping[str, Any], near: Mapping[str, list[str]]) -> Any:
    """The entity at most two relationships away: an indicator may belong to infrastructure, and that to a group."""
    seen = {str(one["id"])}
    border = list(seen)
    found: list[tuple[int, int, str]] = []
    for distance in range(2):
        border = [there for here in border for there in near.get(here, []) if there not in seen]
        seen.update(border)
        found += [
            (_WHO.index(objects[name]["type"]), distance, name)
            for name in border
            if objects.get(name, {}).get("type") in _WHO
        ]
    return objects[min(found)[2]] if found else None


def _values(one: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Type, value and platform of everything that an object names."""
    kind = one.get("type")
    if kind in ("domain-name", "url"):
        yield str(kind), _text(one, "value"), ""
    elif kind == "user-account":
        platform = _text(one, "account_type")
        if login := _text(one, "account_login"):
            yield "account", f"@{login.removeprefix('@')}", platform
        elif user := _text(one, "user_id"):
            yield "account", user, platform
    elif kind == "indicator":
        pattern = _text(one, "pattern")
        platform = next(
            (value for path, value in _compared(pattern) if path == "user-account:account_type"), ""
        )
        for path, value in _compared(pattern):
            if path in ("domain-name:value", "url:value"):
                yield path.partition(":")[0], value, ""
            elif path in ("user-account:account_login", "user-account:user_id"):
                yield "account", f"@{value}" if path.endswith("login") else value, platform


def _compared(pattern: str) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r"([a-z\-]+:[\w.]+)\s*=\s*'((?:[^'\\]|\\.)*)'", pattern):
        yield found[1], re.sub(r"\\(.)", r"\1", found[2])


def _reference(one: Mapping[str, Any]) -> str:
    references = one.get("external_references")
    for reference in references if isinstance(references, list) else []:
        if isinstance(reference, dict):
            if found := _text(reference, "url") or _text(reference, "source_name"):
                return found
    return ""


def _text(one: Mapping[str, Any], name: str) -> str:
    value = one.get(name)
    return value.strip() if isinstance(value, str) else ""
