"""Many rows at once by COPY, in the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Session, SQLModel


def copy_rows(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each with the same members; columns that no row names take their default.

    Enumerations are given as their values or members, JSON as plain values.
    """
    if not rows:
        return
    names = tuple(rows[0])
    columns = _columns(table)
    connection = session.connection().connection.driver_connection
    assert connection is not None  # noqa: S101 - an open transaction has one
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(str(table.__tablename__)),
        sql.SQL(", ").join(sql.Identifier(columns[name][0]) for name in names),
    )
    is_json = [columns[name][1] for name in names]
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for values in _prepared(rows, names, is_json):
            copy.write_row(values)


def _prepared(
    rows: Iterable[Mapping[str, Any]], names: Sequence[str], is_json: Sequence[bool]
) -> Iterable[list[Any]]:
    json_places = [place for place, json in enumerate(is_json) if json]
    for row in rows:
        values = [row[name] for name in names]
        for place in json_places:
            if values[place] is not None:
                values[place] = orjson.dumps(values[place]).decode()
        yield values


@lru_cache(maxsize=64)
def _columns(table: type[SQLModel]) -> dict[str, tuple[str, bool]]:
    """Return column name and whether it holds JSON, by attribute name."""
    mapper = sa.inspect(table)
    return {
        name: (str(column.name), isinstance(column.type, pg.JSON | sa.JSON))
        for name, column in mapper.columns.items()
    }
