"""Lets a command take dataclasses of options: typer sees each of their fields as an option of its own."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Spread the groups that a command takes into single options, in the order of its parameters and of their fields.

    Args:
        command: its parameters are options of typer, or dataclasses of such options, as in `streams.settings.options`.

    Returns:
        What typer is given in its place: it takes single options, and calls `command` with the groups.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    single: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name in groups:
            single += _options_of(groups[parameter.name])
        else:
            kind = hints[parameter.name]
            single.append(parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY))

    def spread(**values: Any) -> None:
        made = {
            name: kind(**{field.name: values.pop(field.name) for field in fields(kind)})
            for name, kind in groups.items()
        }
        command(**values, **made)

    spread.__name__ = command.__name__
    spread.__doc__ = command.__doc__
    spread.__annotations__ = {}
    spread.__signature__ = inspect.Signature(single)  # type: ignore[attr-defined] # what typer looks at
    return spread


def _options_of(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
