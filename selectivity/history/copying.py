"""Whole numbers in and out of tables by binary COPY: no Python object for each row (transfert)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.copying import insert_text
from medcontrol.driver import Statement, driver

EPOCH: Final = date(2000, 1, 1).toordinal()
"""PostgreSQL counts days from here."""

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_PART = 1 << 20

Rows = npt.NDArray[Any]
Members = Sequence[tuple[str, str]]
"""Name and type of each column: numpy's big-endian integers, ``day`` for dates, ``Vn`` bytes."""


def wire(members: Members) -> np.dtype[Any]:
    """Return how a row looks on the wire: a count, then each value after its length."""
    found: list[Any] = [("", ">i2")]
    for name, kind in members:
        found += [(f"{name}_length", ">i4"), (name, ">i4" if kind == "day" else kind)]
    found[0] = ("members", ">i2")
    return np.dtype(found)


def fetch(session: Session, question: bytes, values: Mapping[str, Any], members: Members) -> Rows:
    """Return the rows of a question without missing values; days as ordinals.

    Args:
        session: whose transaction asks.
        question: a SELECT of ``members``, in their order; ``%(name)s`` for values.
        values: by name; days as ``day_of``, whole numbers in bulk as ``array_of``.
        members: what comes back.
    """
    with driver(session) as connection, connection.cursor() as cursor:
        statement = b"COPY (" + question + b") TO STDOUT (FORMAT BINARY)"
        with cursor.copy(statement, values) as copy:
            content = b"".join(bytes(part) for part in copy)
    body = content[len(_HEADER) : -len(_TRAILER)]
    raw = np.frombuffer(body, dtype=wire(members))
    made = np.empty(len(raw), dtype=native(members))
    for name, kind in members:
        made[name] = raw[name]
        if kind == "day":
            made[name] += EPOCH
    return made


def store(session: Session, table: str, members: Members, rows: Rows) -> None:
    """Add rows to a table; days as ordinals."""
    if not len(rows):
        return
    made = np.zeros(len(rows), dtype=wire(members))
    made["members"] = len(members)
    for name, kind in members:
        made[f"{name}_length"] = made.dtype[name].itemsize
        made[name] = rows[name] - EPOCH if kind == "day" else rows[name]
    content = memoryview(_HEADER + made.tobytes() + _TRAILER)
    names = ", ".join(name for name, _ in members)
    statement = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)".encode()
    with (
        driver(session) as connection,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for start in range(0, len(content), _PART):
            copy.write(content[start : start + _PART])


def addition(table: str, members: Members, rows: Rows) -> Statement:
    """Return the statement that adds a few rows, for a caller who runs it with others of his."""
    days = {place for place, (_, kind) in enumerate(members) if kind == "day"}
    values = [
        day_of(value).isoformat() if place in days else _plain(value)
        for row in rows[[name for name, _ in members]].tolist()
        for place, value in enumerate(row)
    ]
    return insert_text(table, tuple(name for name, _ in members), len(rows)), values


def _plain(value: int | bytes) -> str | bytes:
    """Return a whole number as text: the driver gives small and large ones different types."""
    return value if isinstance(value, bytes) else str(value)


def native(members: Members) -> np.dtype[Any]:
    """Return the same columns as this machine counts."""
    return np.dtype([(name, _native(kind)) for name, kind in members])


def _native(kind: str) -> str:
    if kind.startswith("V"):
        return kind
    return "i4" if kind == "day" else kind.replace(">", "=")


def array_of(numbers: npt.NDArray[np.int64]) -> str:
    """Return whole numbers as text that PostgreSQL reads as an array."""
    return "{" + ",".join(map(str, numbers.tolist())) + "}"


def day_of(ordinal: int) -> date:
    """Return a day from its ordinal, however early: no file is older than our era."""
    return date.fromordinal(max(int(ordinal), 1))


def copy_rows(
    session: Session, table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Add rows of any values to a table; JSON and arrays are given as text."""
    if not rows:
        return
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN".encode()
    with (
        driver(session) as connection,
        connection.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def take_time(session: Session) -> None:
    """Let this transaction work on many rows at once, and think in between."""
    session.execute(sa.text("SET LOCAL statement_timeout = '600s'"))
    session.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '600s'"))
