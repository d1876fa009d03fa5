"""Expressions over the fields of decoded JSON."""

import polars as pl

TEXT = pl.String()


def struct(*names: str, **inner: pl.DataType) -> pl.Struct:
    """An object with text fields of these names, and with fields of other types."""
    return pl.Struct({**dict.fromkeys(names, TEXT), **inner})


def path(*names: str) -> pl.Expr:
    """A field inside objects: `path("user", "id")` is `user.id`."""
    field = pl.col(names[0])
    for name in names[1:]:
        field = field.struct.field(name)
    return field


def each(objects: pl.Expr, *fields: str) -> pl.Expr:
    """From a list of objects, the first of `fields` that each has. Objects without any are left out."""
    value = pl.coalesce(pl.element().struct.field(field) for field in fields)
    return objects.list.eval(value.drop_nulls())


def filled(text: pl.Expr) -> pl.Expr:
    """Null where a text is empty."""
    return pl.when(text != "").then(text)
