"""New rows gathered on the way and written together at the end (écriture)."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlmodel import Session, SQLModel

from medcontrol.model import (
    Appointment,
    CompletionRequest,
    ControlFile,
    Deadline,
    Decision,
    Entitlement,
    FlowInstance,
    HumanTask,
    JournalEntry,
    Letter,
    LineOpinion,
    MedicalRecord,
    Opinion,
    OutboxMessage,
    Suspension,
)
from workflows.copying import copy_rows, prepared

Table = type[SQLModel]

# What foreign keys want.
_ORDER: tuple[Table, ...] = (
    ControlFile, FlowInstance, MedicalRecord, Opinion, LineOpinion, Entitlement, Decision,
    CompletionRequest, Suspension, Appointment, HumanTask, Deadline, Letter, OutboxMessage,
    JournalEntry,
)  # fmt: skip
# The same piece of work is published once, however often it is announced.
_ONCE: dict[Table, str] = {OutboxMessage: " ON CONFLICT (key) DO NOTHING"}


class Gathered:
    """Rows to insert, by table. Rows of one table that name the same members go together."""

    def __init__(self) -> None:
        self.by_table: dict[Table, list[dict[str, Any]]] = {table: [] for table in _ORDER}

    def add(self, table: Table, row: dict[str, Any]) -> None:
        """Keep a row; a column that it does not name takes the database's default."""
        self.by_table[table].append(row)

    def copy(self, session: Session) -> None:
        """Write thousands of rows, by COPY; the rows of a table name the same members."""
        for table, rows in self.by_table.items():
            copy_rows(session, table, rows)
            rows.clear()

    def insert(self, session: Session) -> None:
        """Write a few rows, in one round trip."""
        connection = session.connection()
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)  # noqa: S101 - an open transaction has one
        with refusals(connection), driver.pipeline(), driver.cursor() as cursor:
            for table, rows in self.by_table.items():
                for row in rows:
                    names = tuple(row)
                    cursor.execute(_insert(table, names), prepared(table, names, row), prepare=True)
                rows.clear()


@contextmanager
def refusals(connection: sa.Connection) -> Iterator[None]:
    """Turn what the driver raises into what the rest of the program catches."""
    try:
        yield
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(
            None, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


@lru_cache(maxsize=256)
def _insert(table: Table, names: tuple[str, ...]) -> bytes:
    columns = sa.inspect(table).columns
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(str(table.__tablename__)),
        sql.SQL(", ").join(sql.Identifier(columns[name].name) for name in names),
        sql.SQL(", ").join(sql.Placeholder() * len(names)),
    )
    return statement.as_bytes() + _ONCE.get(table, "").encode()
