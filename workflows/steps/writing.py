"""New rows gathered on the way and written together at the end (écriture)."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlmodel import Session, SQLModel

from medcontrol.copying import change, copy_rows, insertion
from medcontrol.driver import Statement, Values, run
from medcontrol.model import (
    Appointment,
    CompletionRequest,
    ControlFile,
    ControlOutcome,
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
    EntitlementEvent, Decision, ControlOutcome, SecondReading,
    CompletionRequest, Suspension, Appointment, HumanTask, Deadline, Letter, OutboxMessage,
    JournalEntry, PaperMovement, SealedEnvelope,
)  # fmt: skip
# The same piece of work is published once, however often it is announced.
_ONCE: dict[Table, str] = {OutboxMessage: "ON CONFLICT (key) DO NOTHING"}


class Gathered:
    """Statements to run and rows to insert, by table; nothing is read back."""

    def __init__(self) -> None:
        self._statements: list[Statement] = []
        self.by_table: dict[Table, list[dict[str, Any]]] = {table: [] for table in _ORDER}

    def add(self, table: Table, row: dict[str, Any]) -> None:
        """Keep a row; a column that it does not name takes the database's default."""
        self.by_table[table].append(row)

    def change(self, table: Table, key: UUID, values: Mapping[str, Any]) -> None:
        """Keep the change of a row that is under lock; ``key`` is its primary key."""
        if values:
            self._statements.append(change(table, key, values))

    def run(self, statement: bytes, values: Values) -> None:
        """Keep a statement, in the driver's own notation (``%(name)s``)."""
        self._statements.append((statement, values))

    def copy(self, session: Session) -> None:
        """Write thousands of rows, by COPY; the rows of a table name the same members."""
        for table, rows in self.by_table.items():
            copy_rows(session, table, rows)
            rows.clear()

    def write(self, session: Session) -> None:
        """Run the statements in the order given, then insert the rows, in one round trip."""
        statements = self._statements
        for table, rows in self.by_table.items():
            # Rows of a table may come from several places: the same members go together.
            statements += [
                insertion(table, list(alike), otherwise=_ONCE.get(table, ""))
                for _, alike in groupby(rows, key=tuple)
            ]
            rows.clear()
        if statements:
            run(session, statements)
        statements.clear()
