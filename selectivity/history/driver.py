"""The driver below SQLAlchemy, for reading and writing history in bulk (pilote)."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from sqlmodel import Session


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


def take_time(session: Session) -> None:
    """Let this transaction work on many rows at once, and think in between."""
    session.execute(sa.text("SET LOCAL statement_timeout = '600s'"))
    session.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '600s'"))
