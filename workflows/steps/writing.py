"""New rows gathered on the way and written together at the end (écriture)."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from psycopg import sql
from sqlmodel import Session, SQLModel

from medcontrol.copying import copy_rows, prepared
from medcontrol.driver import Values, driver
from medcontrol.model import (
    Appointment,
    CompletionRequest,
    ControlFile,
    Deadline,
    Decision,
    Entitlement,
    EntitlementEvent,
    FlowInstance,
    HumanTask,
    JournalEntry,
    Letter,
    LineOpinion,
    MedicalRecord,
    Opinion,
    OutboxMessage,
    PaperMovement,
    SealedEnvelope,
    SecondReading,
    Suspension,
)

Table = type[SQLModel]

# What foreign keys want.
_ORDER: tuple[Table, ...] = (
    ControlFile, FlowInstance, MedicalRecord, Opinion, LineOpinion, Entitlement,
    EntitlementEvent, Decision, SecondReading,
    CompletionRequest, Suspension, Appointment, HumanTask, Deadline, Letter, OutboxMessage,
    JournalEntry, PaperMovement, SealedEnvelope,
)  # fmt: skip
# The same piece of work is published once, however often it is announced.
_ONCE: dict[Table, str] = {OutboxMessage: " ON CONFLICT (key) DO NOTHING"}


class Gathered:
    """Statements to run and rows to insert, by table; nothing is read back."""

    def __init__(self) -> None:
        self._statements: list[tuple[bytes, Values]] = []
        self.by_table: dict[Table, list[dict[str, Any]]] = {table: [] for table in _ORDER}

    def add(self, table: Table, row: dict[str, Any]) -> None:
        """Keep a row; a column that it does not name takes the database's default."""
        self.by_table[table].append(row)

    def change(self, table: Table, key: UUID, values: Mapping[str, Any]) -> None:
        """Keep the change of a row that is under lock; ``key`` is its primary key."""
        if values:
            names = tuple(values)
            row = [*prepared(table, names, values), key]
            self._statements.append((_update(table, names), row))

    def run(self, statement: bytes, values: Mapping[str, Any]) -> None:
        """Keep a statement, in the driver's own notation (``%(name)s``)."""
        self._statements.append((statement, values))

    def copy(self, session: Session) -> None:
        """Write thousands of rows, by COPY; the rows of a table name the same members."""
        for table, rows in self.by_table.items():
            copy_rows(session, table, rows)
            rows.clear()

    def write(self, session: Session) -> None:
        """Run the statements in the order given, then insert the rows, in one round trip."""
        with driver(session) as connection, connection.pipeline(), connection.cursor() as cursor:
            for statement, values in self._statements:
                cursor.execute(statement, values, prepare=True)
            self._statements.clear()
            for table, rows in self.by_table.items():
                # Rows of a table may come from several places: the same members go together.
                for names, alike in groupby(rows, key=tuple):
                    flat = [value for row in alike for value in prepared(table, names, row)]
                    count = len(flat) // len(names)
                    cursor.execute(_insert(table, names, count), flat, prepare=True)
                rows.clear()


@lru_cache(maxsize=512)
def _insert(table: Table, names: tuple[str, ...], count: int) -> bytes:
    columns = sa.inspect(table).columns
    row = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() * len(names)))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES {}").format(
        sql.Identifier(str(table.__tablename__)),
        sql.SQL(", ").join(sql.Identifier(columns[name].name) for name in names),
        sql.SQL(", ").join([row] * count),
    )
    return statement.as_bytes() + _ONCE.get(table, "").encode()


@lru_cache(maxsize=256)
def _update(table: Table, names: tuple[str, ...]) -> bytes:
    mapper = sa.inspect(table)
    statement = sql.SQL("UPDATE {} SET {} WHERE {} = %s").format(
        sql.Identifier(str(table.__tablename__)),
        sql.SQL(", ").join(
            sql.SQL("{} = %s").format(sql.Identifier(mapper.columns[name].name)) for name in names
        ),
        sql.Identifier(mapper.primary_key[0].name),
    )
    return statement.as_bytes()
