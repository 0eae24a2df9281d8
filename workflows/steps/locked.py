"""A row under lock: read like its model, and written back by one UPDATE of what changed."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlmodel import SQLModel

Model = TypeVar("Model", bound=SQLModel)


class _Locked:
    """Remembers what was set since the row was read or written; no session knows it."""

    __slots__ = ("_changed", "_values")

    def __init__(self, values: dict[str, Any]) -> None:
        object.__setattr__(self, "_values", values)
        object.__setattr__(self, "_changed", {})

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._values:
            raise AttributeError(name)
        self._values[name] = self._changed[name] = value


def column_list(table: type[SQLModel], alias: str) -> str:
    """Return the columns that ``locked`` wants, for a SELECT."""
    return ", ".join(f"{alias}.{name}" for name in _names(table))


def locked(table: type[Model], values: Sequence[Any]) -> Model:
    """Return a row under lock from the values of ``column_list``."""
    row = dict(zip(_names(table), values, strict=True))
    for name, read in _readers(table):
        if row[name] is not None:
            row[name] = read(row[name])
    return cast(Model, _Locked(row))


def columns(row: SQLModel) -> dict[str, Any]:
    """Return all columns of a locked row, as it stands now."""
    return dict(cast(_Locked, row)._values)


def take_changes(row: SQLModel) -> dict[str, Any]:
    """Return what was set on a locked row, and forget that it was."""
    changed = cast(_Locked, row)._changed
    taken = dict(changed)
    changed.clear()
    return taken


@cache
def _names(table: type[SQLModel]) -> tuple[str, ...]:
    return tuple(sa.inspect(table).columns.keys())


@cache
def _readers(table: type[SQLModel]) -> tuple[tuple[str, Callable[[str], Any]], ...]:
    return tuple(
        (name, column.type.enum_class)
        for name, column in sa.inspect(table).columns.items()
        if isinstance(column.type, sa.Enum) and column.type.enum_class is not None
    )
