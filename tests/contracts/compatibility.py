"""Whether a JSON Schema is an additive successor of an earlier one.

Within one version a record may only grow: a new optional field, a new value of an enumeration, a
looser bound. Everything else breaks a producer or a consumer that was right before, and needs a new
version on a topic of its own. The checker knows the keywords that the schemas are written in and
refuses any other, so that it cannot pass what it does not understand.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

PROSE = {"title", "description", "examples", "$schema", "$id", "$defs", "$ref"}
LOWER_BOUNDS = {"minimum", "minLength", "minItems"}
UPPER_BOUNDS = {"maximum", "maxLength", "maxItems"}
FIXED = {"pattern", "format", "const", "default"}
STRUCTURE = {"type", "enum", "anyOf", "items", "properties", "required", "additionalProperties"}
KNOWN = PROSE | LOWER_BOUNDS | UPPER_BOUNDS | FIXED | STRUCTURE


class UnknownKeywordError(Exception):
    """A schema uses a keyword for which no rule of compatibility is written here."""


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Say in words every change from `old` to `new` that is not an addition; none means compatible.

    Raises:
        UnknownKeywordError: either schema uses a keyword that this checker does not know.
    """
    if old.get("$id") != new.get("$id"):
        return [f"$id was {old.get('$id')}, is {new.get('$id')}"]
    return list(_compare(old, new, old, new, "$"))


def _compare(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    # A default stands beside a reference, not behind it; an absent field means the default.
    if "default" in old and old["default"] != new.get("default"):
        yield f"{path}: the default was {old['default']!r}, is {new.get('default')!r}"
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    for schema in (old, new):
        if unknown := schema.keys() - KNOWN:
            raise UnknownKeywordError(f"{path}: {', '.join(sorted(unknown))}")
    if (was := _shape(old)) != (now := _shape(new)):
        yield f"{path}: was {was}, is {now}"
        return
    yield from _bounds(old, new, path)
    if lost := set(old.get("enum", ())) - set(new.get("enum", ())):
        yield f"{path}: no longer takes {', '.join(sorted(map(str, lost)))}"
    yield from _alternatives(old, new, old_root, new_root, path)
    yield from _fields(old, new, old_root, new_root, path)
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(old.get(keyword), dict) and isinstance(new.get(keyword), dict):
            yield from _compare(old[keyword], new[keyword], old_root, new_root, path + mark)
        elif new.get(keyword) not in (old.get(keyword), None, True):
            yield f"{path}{mark}: {keyword} was open, is closed"


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _shape(schema: Schema) -> str:
    if "anyOf" in schema:
        return "one of several types"
    if "enum" in schema:
        return "an enumeration"
    return str(schema.get("type", "anything"))


def _bounds(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for keyword in sorted(LOWER_BOUNDS & new.keys()):
        if keyword not in old or new[keyword] > old[keyword]:
            yield f"{path}: {keyword} was {old.get(keyword)}, is {new[keyword]}"
    for keyword in sorted(UPPER_BOUNDS & new.keys()):
        if keyword not in old or new[keyword] < old[keyword]:
            yield f"{path}: {keyword} was {old.get(keyword)}, is {new[keyword]}"
    for keyword in sorted((FIXED - {"default"}) & (old.keys() | new.keys())):
        if keyword == "format" or keyword in new:
            if old.get(keyword) != new.get(keyword):
                yield f"{path}: {keyword} was {old.get(keyword)!r}, is {new.get(keyword)!r}"


def _alternatives(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    befores = {_shape(_resolve(each, old_root)): each for each in old.get("anyOf", ())}
    afters = {_shape(_resolve(each, new_root)): each for each in new.get("anyOf", ())}
    if befores.keys() != afters.keys():
        yield f"{path}: was one of {sorted(befores)}, is one of {sorted(afters)}"
    for shape in sorted(befores.keys() & afters.keys()):
        yield from _compare(befores[shape], afters[shape], old_root, new_root, path)


def _fields(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    befores, afters = old.get("properties", {}), new.get("properties", {})
    needed, needs = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(befores.keys() - afters.keys()):
        yield f"{path}.{name}: removed"
    for name in sorted(needs - needed):
        yield f"{path}.{name}: is required, was not"
    for name in sorted((needed - needs) & afters.keys()):
        yield f"{path}.{name}: was always present, may be absent"
    for name in befores:
        if name in afters:
            yield from _compare(befores[name], afters[name], old_root, new_root, f"{path}.{name}")
