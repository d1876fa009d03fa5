"""The first values of each column of a table, or of each path of JSON objects."""

from collections.abc import Mapping

from streams.sources.csv_layouts import SEPARATORS, first_record, layout_of
from streams.sources.files.csv_rows import split_record
from streams.sources.files.json_sample import samples

_ROWS = 200
_DEEPEST = 5
_MOST = 400


def sample_columns(head: str) -> dict[str, list[str]]:
    """Return the values of each column or path, as text, in the order of the input; blanks are left out.

    Args:
        head: the beginning of an input. It may end anywhere.
    """
    if head.lstrip().startswith(("{", "[")):
        return _json_columns(head)
    return _table_columns(head)


def _table_columns(head: str) -> dict[str, list[str]]:
    header = first_record(head)
    layout = max((layout_of(header, separator) for separator in SEPARATORS), key=lambda one: len(one.columns))
    values: dict[str, list[str]] = {name: [] for name in layout.columns if name}
    rest = head[head.index(header) + len(header) :].lstrip("\r\n")
    for _ in range(_ROWS):
        record = first_record(rest)
        if not record:
            break
        at = rest.index(record) + len(record)
        if at >= len(rest) and len(values) > 0 and any(values.values()):
            break  # the last record may be cut off
        rest = rest[at:].lstrip("\r\n")
        fields = split_record(record, layout.separator)
        for name, field in zip(layout.columns, fields, strict=False):
            if name and field.strip():
                values[name].append(field.strip())
    return values


def _json_columns(head: str) -> dict[str, list[str]]:
    """Paths of the objects that the input consists of: of an array with many fields, or the objects themselves."""
    best: dict[str, list[str]] = {}
    for sample in samples(head):
        values: dict[str, list[str]] = {}
        for record in sample.objects[:_ROWS]:
            _flatten(record, "", values, _DEEPEST)
        # a page of posts has few fields of its own, and each post has many
        if len(values) > len(best) and not _is_page(sample.objects[0]):
            best = values
    return best


def _is_page(record: Mapping[str, object]) -> bool:
    """Whether an object is little else than an array of objects."""
    plain = sum(not isinstance(value, dict | list) for value in record.values())
    rows = [
        value for value in record.values() if isinstance(value, list) and value and isinstance(value[0], dict)
    ]
    return bool(rows) and plain <= 2


def _flatten(value: object, path: str, values: dict[str, list[str]], depth: int) -> None:
    if isinstance(value, dict):
        if depth:
            for key, inner in value.items():
                _flatten(inner, f"{path}.{key}" if path else key, values, depth - 1)
    elif isinstance(value, list):
        for inner in value[:20]:
            _flatten(inner, f"{path}[]", values, depth)
    elif value is not None and str(value).strip() and (path in values or len(values) < _MOST):
        values.setdefault(path, []).append(str(value).strip())
