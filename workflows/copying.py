"""Many rows at once by COPY, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from psycopg import sql
from sqlmodel import Session, SQLModel

from workflows.driver import driver


def copy_rows(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each with the same members; columns that no row names take their default.

    Enumerations are given as their values or members, JSON as plain values.
    """
    if not rows:
        return
    names = tuple(rows[0])
    statement = _statement(table, names)
    with driver(session) as connection, connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(prepared(table, names, row))


def prepared(table: type[SQLModel], names: tuple[str, ...], row: Mapping[str, Any]) -> list[Any]:
    """Return the values of a row as the driver wants them: JSON as text."""
    values = [row[name] for name in names]
    for place in _json_places(table, names):
        if values[place] is not None:
            values[place] = orjson.dumps(values[place]).decode()
    return values


@lru_cache(maxsize=256)
def _json_places(table: type[SQLModel], names: tuple[str, ...]) -> tuple[int, ...]:
    columns = sa.inspect(table).columns
    return tuple(
        place for place, name in enumerate(names) if isinstance(columns[name].type, sa.JSON)
    )


@lru_cache(maxsize=64)
def _statement(table: type[SQLModel], names: tuple[str, ...]) -> sql.Composed:
    columns = sa.inspect(table).columns
    return sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(str(table.__tablename__)),
        sql.SQL(", ").join(sql.Identifier(columns[name].name) for name in names),
    )
