"""Bounds of numbers: declared on a struct's field with `msgspec.Meta`, put into words here.

msgspec checks them when it decodes or converts. A struct made in Python is not checked: `check_bounds` is for the
fields that must hold there, too.
"""

from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta

from schemas.errors import UsageError

Probability = Annotated[float, Meta(gt=0.0, lt=1.0)]
"""A probability at which a test decides: neither 0 (nothing passes) nor 1 (everything does)."""

_HUGE = 1 << 53
"""Upper bounds above this only keep arithmetic from overflowing: the message names the bound 2^62 in short."""


def check_bounds(struct: msgspec.Struct, section: str, *names: str) -> None:
    """Hold fields of a struct against the bounds that are declared on them.

    Args:
        struct: it may have been made in Python.
        section: the struct's name in a settings file.
        names: the fields to look at.

    Raises:
        UsageError: a value is out of bounds; names the setting, the value and what is allowed.
    """
    for name in names:
        bounds, value = bounds_of(type(struct), name), getattr(struct, name)
        if bounds is not None and not is_within(value, bounds):
            raise UsageError(out_of_bounds(f"{section}.{name}", value, bounds))


def bounds_of(kind: type[msgspec.Struct], name: str) -> Meta | None:
    """The bounds declared on a field; None: it has none."""
    declared = next(field.type for field in msgspec.structs.fields(kind) if field.name == name)
    return next((part for part in get_args(declared) if isinstance(part, Meta)), None)


def is_within(value: float, bounds: Meta) -> bool:
    """Whether a number is within bounds; NaN never is."""
    return all(
        (
            bounds.ge is None or value >= bounds.ge,
            bounds.gt is None or value > bounds.gt,
            bounds.le is None or value <= bounds.le,
            bounds.lt is None or value < bounds.lt,
        )
    )


def out_of_bounds(setting: str, value: Any, bounds: Meta) -> str:
    """The message for a value out of bounds, such as `time.tick_s: give a number of at least 10, not 0`."""
    return f"{setting}: give a number {_allowed(value, bounds)}, not {value}."


def _allowed(value: float, bounds: Meta) -> str:
    least, most = (
        inclusive if inclusive is not None else exclusive
        for inclusive, exclusive in ((bounds.ge, bounds.gt), (bounds.le, bounds.lt))
    )
    if (least, most) == (0, 1):
        return "between 0 and 1"
    if most is not None and most < _HUGE:
        return f"from {_short(least)} to {_short(most)}"
    return "below 2^62" if least is None or value >= least else f"of at least {_short(least)}"


def _short(bound: float | None) -> str:
    """A bound without needless decimals: 1.0 as 1, 1800.0 as 1,800."""
    return f"{int(bound) if bound is not None and bound == int(bound) else bound:,}"
