"""Tables and lists that others have published: which kind one is, and its rows.

- indicators as CSV, as agencies add them to reports: a value a row, with type, entity and source
- domains, one a line, also as hosts files and with remarks
- a row an entity, with its site and its handles on each platform, as queries of Wikidata give it
- labels that a platform put on accounts
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from schemas.errors import InputError
from schemas.registry import EntityKind
from schemas.values import platform_name
from streams.registry.indicators import PLATFORMS
from streams.registry.merging import Found
from streams.registry.stix_lists import is_stix, stix_entities
from streams.sources.files.compressed import ByteInput

_MOST_BYTES = 1 << 27
_SEPARATORS = (",", ";", "\t", "|")
_COLUMNS: Mapping[str, Sequence[str]] = {
    "value": ("value", "indicator", "ioc", "observable", "domain", "domains", "domain_name", "domainname", "url",
              "host", "hostname", "account", "handle", "username", "screen_name", "login", "account_id", "user_id"),
    "type": ("type", "ioc_type", "indicator_type", "observable_type", "kind_of_indicator", "attribute_type"),
    "platform": ("platform", "network", "social_network", "service"),
    "entity": ("entity", "name", "outlet", "organisation", "organization", "operation", "campaign", "actor", "group",
               "cluster", "network_name", "mode_operatoire", "label_of", "owner"),
    "entity_id": ("entity_id", "actor_id"),
    "kind": ("kind", "entity_kind"),
    "source": ("source", "reference", "report", "link", "source_url", "url_source", "cited_in"),
    "note": ("note", "comment", "description", "remarks", "notes", "details"),
    "label": ("label", "platform_label", "affiliation", "state_affiliation"),
}  # fmt: skip
"""Names of columns, the first that is there counts; in small letters, with _ for spaces."""
_ITEMS = ("item", "entity", "wikidata", "qid", "organization", "organisation")
_ITEM_NAMES = ("itemlabel", "entitylabel", "name", "label")
_SITES = ("website", "site", "officialwebsite", "official_website", "url", "domain", "web")
_PARENTS = ("parent", "owner", "parentorganization", "parent_organization", "ownedby", "owned_by")
_WHAT = ("kind", "instance", "instancelabel", "type", "typelabel", "instanceoflabel", "category")
_PLATFORM_WORDS = re.compile(
    r"^(twitter|x|facebook|instagram|telegram|youtube|tiktok|vk|weibo|bluesky|mastodon|threads|reddit|linkedin)"
    r"(?:_?(?:username|user_?name|handle|account|id|user_?id|channel|channel_?id|numeric_?id|page|profile|name))*$"
)
_KINDS: Sequence[tuple[str, EntityKind]] = (
    (r"embass|consul|ambassad|diplomat|foreign ministr|ministry of foreign|permanent mission|high commission|"
     r"government", EntityKind.DIPLOMAT),
    (r"party (?:organ|newspaper)|party organ|political party", EntityKind.PARTY_ORGAN),
    (r"news|media|broadcast|television|\btv\b|radio|press|journal|magazine|agency", EntityKind.STATE_MEDIA),
    (r"company|business|enterprise|corporation|agenc", EntityKind.COMPANY),
    (r"human|person|politician|journalist", EntityKind.PERSON),
)  # fmt: skip


def is_registry(path: str) -> bool:
    """Whether a file is a registry already."""
    head = ByteInput(path).peek(1 << 16).decode("utf-8-sig", "replace").lstrip()
    if head.startswith("{"):
        return '"entity_id"' in head and not is_stix(head)
    names = {_plain(name) for name in head.partition("\n")[0].split(",")}
    return {"entity_id", "name", "kind"} <= names


def rows_of(path: str, entity: str, source: str) -> Iterator[Found]:
    """The rows of a list; its content shows its kind.

    Args:
        path: of the list; `-` is standard input.
        entity: that all rows belong to which name none; empty: none.
        source: of all rows which name none; empty: the name of the file.

    Raises:
        InputError: it cannot be read, or is of no kind that is known.
    """
    stream = ByteInput(path)
    data = stream.whole(_MOST_BYTES, "a list of entities")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{stream.name}: byte {error.start + 1:,} is not UTF-8. Save it as UTF-8."
        ) from error
    source = source or PurePath(stream.name).name
    if is_stix(text):
        for found in stix_entities(text, stream.name):
            yield found._replace(source=found.source or source)
        return
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "//", "!"))
    ]
    if not lines:
        raise InputError(f"{stream.name}: holds no entry.")
    table = _table("\n".join(lines))
    if table is None:
        yield from _domains(lines, entity, source)
        return
    header, rows = table
    if _is_items(header):
        yield from _items(header, rows, source)
    elif _column(header, "value") or _column(header, "label"):
        yield from _indicators(header, rows, entity, source)
    else:
        raise InputError(
            f"{stream.name}: no column says what an entity has. Name one of them value, domain, url, handle or "
            f"account_id. Its columns are: {', '.join(header)}."
        )


def _table(text: str) -> tuple[list[str], list[dict[str, str]]] | None:
    """Header and rows of a CSV; None if the text is a plain list."""
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    names = [_plain(name) for name in next(csv.reader([first], delimiter=separator), [])]
    known = {name for group in _COLUMNS.values() for name in group} | {*_ITEMS, *_ITEM_NAMES, *_SITES}
    if not known & set(names):
        return None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    next(reader)
    try:
        rows = [dict(zip(names, [cell.strip() for cell in row], strict=False)) for row in reader if any(row)]
    except csv.Error as error:
        raise InputError(f"line {reader.line_num} is not CSV: {error}.") from error
    return names, rows


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def _column(header: Sequence[str], of: str) -> str:
    return next((name for name in _COLUMNS[of] if name in header), "")


def _is_items(header: Sequence[str]) -> bool:
    """Whether a row is an entity with a column for each platform."""
    platforms = sum(_PLATFORM_WORDS.match(name) is not None for name in header)
    named = any(name in header for name in (*_ITEMS, *_ITEM_NAMES))
    return named and (platforms > 0 or (any(name in header for name in _SITES) and "itemlabel" in header))


def _items(header: Sequence[str], rows: Sequence[Mapping[str, str]], source: str) -> Iterator[Found]:
    item = next((name for name in _ITEMS if name in header), "")
    label = next((name for name in _ITEM_NAMES if name in header), item)
    what = [name for name in header if name in _WHAT]
    parent = next((name for name in _PARENTS if name in header), "")
    for number, row in enumerate(rows, start=2):
        entity_id = row.get(item, "").rpartition("/")[2]
        name = row.get(label, "") or entity_id
        if not name:
            continue
        cited = row.get(_column(header, "source") or "", "")
        if row.get(item, "").startswith("http"):
            cited = cited or row[item]
        base = Found(
            "", "", "", name, entity_id if item else "", cited or source, "", f"line {number}",
            kind_of(" ".join([*(row.get(column, "") for column in what), name])),
            row.get(parent, "").rpartition("/")[2] if parent else "",
        )  # fmt: skip
        yield base
        for column in header:
            value = row.get(column, "")
            if not value:
                continue
            if found := _PLATFORM_WORDS.match(column):
                # a column of ids has ids, one of handles has handles
                is_id = re.search(r"id$|channel", column) and not value.startswith("http")
                for part in re.split(r"[;,\s]+", value):
                    shown = part if is_id or "/" in part or part.startswith("@") else f"@{part}"
                    yield base._replace(value=shown, platform=platform_name(found[1]))
            elif column in _SITES:
                for part in re.split(r"[;,\s]+", value):
                    yield base._replace(value=part)


def _indicators(
    header: Sequence[str], rows: Sequence[Mapping[str, str]], entity: str, source: str
) -> Iterator[Found]:
    column = {of: _column(header, of) for of in _COLUMNS}
    by_label = bool(column["label"]) and bool(column["platform"])
    for number, row in enumerate(rows, start=2):
        cell = {of: row.get(name, "") if name else "" for of, name in column.items()}
        value, platform = cell["value"], cell["platform"]
        if platform_name(platform) not in PLATFORMS and not by_label:
            platform = ""
        if (
            column["value"] in ("handle", "username", "screen_name", "login")
            and value
            and not value.startswith("@")
        ):
            value = f"@{value}"
        name = cell["entity"] or entity or (value.removeprefix("@") if by_label else "")
        what = cell["kind"] or cell["label"]
        yield Found(
            value,
            cell["type"] or ("" if column["value"] != "url" else "url"),
            platform,
            name,
            cell["entity_id"],
            cell["source"] or source,
            cell["note"] or cell["label"],
            f"line {number}",
            kind_of(what) if what else None,
        )


def _domains(lines: Sequence[str], entity: str, source: str) -> Iterator[Found]:
    for number, line in enumerate(lines, start=1):
        parts = re.split(r"\s+#|\s*[,;\t]\s*", line.strip(), maxsplit=1)
        value = re.sub(r"^(?:0\.0\.0\.0|127\.0\.0\.1|\|\|)\s*", "", parts[0]).rstrip("^")
        note = parts[1].strip() if len(parts) > 1 else ""
        cited = note if note.startswith("http") else source
        yield Found(
            value, "", "", entity, "", cited, "" if note.startswith("http") else note, f"entry {number}"
        )


def kind_of(words: str) -> EntityKind | None:
    """The kind of an entity by the words of a list; None: they do not say."""
    plain = words.strip().lower().replace("_", " ").replace("-", " ")
    for kind in EntityKind:
        if plain == kind.value.replace("_", " "):
            return kind
    return next((kind for pattern, kind in _KINDS if re.search(pattern, plain)), None)
