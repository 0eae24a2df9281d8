"""Rows on their way into the database: many by COPY, a few as statements of the driver."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from psycopg import sql
from sqlmodel import Session, SQLModel

from medcontrol.driver import Statement, driver

_Writers = tuple[tuple[int, Callable[[Any], str]], ...]


def copy_rows(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each with the same members; columns that no row names take their default.

    Enumerations are given as their values or members, JSON as plain values.
    """
    if not rows:
        return
    names = tuple(rows[0])
    statement, writers = _statement(table, names), _writers(table, names)
    with driver(session) as connection, connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(_written(writers, names, row))


def prepared(table: type[SQLModel], names: tuple[str, ...], row: Mapping[str, Any]) -> list[Any]:
    """Return the values of a row as the driver wants them: JSON and arrays of codes as text."""
    return _written(_writers(table, names), names, row)


def _written(writers: _Writers, names: tuple[str, ...], row: Mapping[str, Any]) -> list[Any]:
    values = [row[name] for name in names]
    for place, written in writers:
        if values[place] is not None:
            values[place] = written(values[place])
    return values


def ids_text(ids: Iterable[UUID | None]) -> str:
    """Return ids as PostgreSQL reads an array; the driver looks at each for quotes."""
    return "{" + ",".join(["NULL" if each is None else each.hex for each in ids]) + "}"


def bytes_text(values: Iterable[bytes]) -> str:
    """Return digests as PostgreSQL reads an array of them."""
    return "{" + ",".join([f'"\\\\x{each.hex()}"' for each in values]) + "}"


def codes_text(codes: Iterable[str | None]) -> str:
    """Return codes as PostgreSQL reads an array; the driver's own way takes ten times as long."""
    return "{" + ",".join(["NULL" if code is None else _quoted(code) for code in codes]) + "}"


def _quoted(code: str) -> str:
    escaped = code.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


@lru_cache(maxsize=256)
def _writers(table: type[SQLModel], names: tuple[str, ...]) -> _Writers:
    kinds = [sa.inspect(table).columns[name].type for name in names]
    return tuple(
        (place, _json if isinstance(kind, sa.JSON) else codes_text)
        for place, kind in enumerate(kinds)
        if isinstance(kind, sa.JSON | sa.ARRAY)
    )


@lru_cache(maxsize=64)
def _statement(table: type[SQLModel], names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(str(table.__tablename__)),
        sql.SQL(", ").join(map(sql.Identifier, _columns(table, names))),
    )


@lru_cache(maxsize=256)
def _columns(table: type[SQLModel], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return how the database calls these members of a table."""
    columns = sa.inspect(table).columns
    return tuple(columns[name].name for name in names)


def insertion(
    table: type[SQLModel], rows: Sequence[Mapping[str, Any]], *, otherwise: str = ""
) -> Statement:
    """Return the statement that inserts a few rows, each with the same members.

    ``otherwise``: what to do with a row that is there already, ``ON CONFLICT …``.
    """
    names = tuple(rows[0])
    values = [value for row in rows for value in prepared(table, names, row)]
    columns = _columns(table, names)
    return insert_text(str(table.__tablename__), columns, len(rows), otherwise), values


def change(table: type[SQLModel], key: Any, values: Mapping[str, Any]) -> Statement:
    """Return the statement that changes one row, named by its primary key."""
    names = tuple(values)
    return _update(table, names), [*prepared(table, names, values), key]


@lru_cache(maxsize=512)
def insert_text(table: str, columns: tuple[str, ...], count: int, otherwise: str = "") -> bytes:
    """Return the text of a statement that inserts so many rows, in the driver's notation."""
    row = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() * len(columns)))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES {}").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([row] * count),
    )
    return statement.as_bytes() + f" {otherwise}".rstrip().encode()


@lru_cache(maxsize=256)
def _update(table: type[SQLModel], names: tuple[str, ...]) -> bytes:
    statement = sql.SQL("UPDATE {} SET {} WHERE {} = %s").format(
        sql.Identifier(str(table.__tablename__)),
        sql.SQL(", ").join(
            sql.SQL("{} = %s").format(sql.Identifier(each)) for each in _columns(table, names)
        ),
        sql.Identifier(sa.inspect(table).primary_key[0].name),
    )
    return statement.as_bytes()
