"""Rows gathered by table and copied in the order that foreign keys want."""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from medcontrol.copying import copy_rows
from medcontrol.model import (
    Appointment,
    Assignment,
    ControlFile,
    ControlOutcome,
    Deadline,
    Decision,
    Document,
    Entitlement,
    FlowInstance,
    HumanTask,
    InboxMessage,
    JournalEntry,
    Letter,
    LineOpinion,
    MedicalRecord,
    Opinion,
    ReceivedFile,
    SelectivityDecision,
)

_ORDER: tuple[type[SQLModel], ...] = (
    ReceivedFile, InboxMessage, SelectivityDecision, Document, ControlFile, FlowInstance,
    MedicalRecord, HumanTask, Assignment, Opinion, LineOpinion, Decision, Appointment, Deadline,
    Letter, Entitlement, ControlOutcome, JournalEntry,
)  # fmt: skip
_MISSING = object()


class Gathered:
    """Rows that wait to be copied."""

    def __init__(self) -> None:
        self._rows: dict[type[SQLModel], list[Mapping[str, Any]]] = {table: [] for table in _ORDER}

    def add(self, table: type[SQLModel], *rows: Mapping[str, Any]) -> None:
        """Keep rows, completed with what the table's columns default to."""
        defaults = _defaults(table)
        self._rows[table].extend(_plain({**defaults, **row}) for row in rows)

    def add_ready(self, table: type[SQLModel], *rows: Mapping[str, Any]) -> None:
        """Keep rows as the gate makes them: plain values, all of them with the same members."""
        self._rows[table].extend(rows)

    def copy(self, session: Session) -> None:
        """Copy everything in the caller's transaction, and forget it."""
        for table, rows in self._rows.items():
            copy_rows(session, table, rows)
            rows.clear()


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return enumeration members as their values, as COPY wants them."""
    missing = [name for name, value in row.items() if value is _MISSING]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    return {name: v.value if isinstance(v, Enum) else v for name, v in row.items()}


@lru_cache(maxsize=64)
def _defaults(table: type[SQLModel]) -> dict[str, Any]:
    """Return what each column is when a row does not say."""
    found: dict[str, Any] = {}
    for name, column in sa.inspect(table).columns.items():
        default = column.default
        if default is not None and default.is_scalar:
            found[name] = default.arg
        elif name == "signals":
            found[name] = []
        else:
            found[name] = None if column.nullable else _MISSING
    return found


def serials(session: Session, sequence: str, count: int) -> Sequence[int]:
    """Take the next numbers of a sequence of the database."""
    statement = sa.text("SELECT nextval(CAST(:name AS regclass)) FROM generate_series(1, :n)")
    return session.execute(statement, {"name": sequence, "n": count}).scalars().all()
