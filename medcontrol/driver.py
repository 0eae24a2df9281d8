"""The driver below SQLAlchemy, for what a decision asks and writes in a hurry (pilote)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlmodel import Session

Values = Mapping[str, Any] | Sequence[Any]
Rows = list[tuple[Any, ...]]
#: In the driver's own notation (``%(name)s`` or ``%s``), with its values.
Statement = tuple[bytes, Values]
#: Up to so many rows are read or written one by one in a single round trip: such plans are kept,
#: while those of a statement over an array are made anew each time.
FEW = 8


@contextmanager
def driver(session: Session) -> Iterator[psycopg.Connection]:
    """Give the driver's connection of a session's transaction.

    Raises:
        sqlalchemy.exc.DBAPIError: what the driver refuses, as the rest of the program catches it.
    """
    connection = session.connection()
    found = connection.connection.driver_connection
    assert isinstance(found, psycopg.Connection)  # noqa: S101 - an open transaction has one
    try:
        yield found
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(
            None, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


def ask(session: Session, values: Values, *questions: bytes) -> list[Rows]:
    """Return the rows of each question, all asked in one round trip of the same values.

    Each question sees what was committed before it began, also while an earlier one waited for
    a lock. Nothing of the session is flushed; enumerations come back as text.
    """
    return [found.fetchall() for found in run(session, [(each, values) for each in questions])]


def run(session: Session, statements: Sequence[Statement]) -> list[psycopg.Cursor]:
    """Run statements in the order given, in one round trip; return each one's result.

    As with ``ask``, each sees what was committed before it began. Statements about one row,
    named by its key, are planned once for each connection; arrays are planned anew every time.
    """
    with driver(session) as connection:
        if len(statements) == 1:
            ((only, values),) = statements
            return [connection.execute(only, values, prepare=True)]
        with connection.pipeline():
            return [connection.execute(each, values, prepare=True) for each, values in statements]
