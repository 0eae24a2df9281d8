"""Engine and transactions: the only ``commit`` of the repository."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.settings import settings

LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 30_000
BATCH_STATEMENT_TIMEOUT_MS = 300_000
IDLE_TIMEOUT_MS = 60_000

_override = threading.local()


def make_engine(url: str, *, pool_size: int = 10, batch: bool = False) -> sa.Engine:
    """Return an engine whose connections give up rather than wait for ever.

    Args:
        url: a ``postgresql+psycopg://`` address.
        pool_size: connections kept; as many again may be opened in a burst.
        batch: five minutes a statement instead of thirty seconds.
    """
    statement_timeout = BATCH_STATEMENT_TIMEOUT_MS if batch else STATEMENT_TIMEOUT_MS
    options = (
        f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={statement_timeout} "
        f"-c idle_in_transaction_session_timeout={IDLE_TIMEOUT_MS} -c timezone=UTC"
    )
    return sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,  # an error must not quote rows into a log
        connect_args={"options": options},
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


@cache
def engine() -> sa.Engine:
    """Return this process's engine, made at first use (never before a fork).

    Raises:
        RuntimeError: no database was configured; the edge starts the embedded one first and
            puts its address into ``MEDCONTROL_DATABASE_URL``.
    """
    url = settings().database_url
    if url is None:
        raise RuntimeError("no database: MEDCONTROL_DATABASE_URL is not set")
    return make_engine(url, pool_size=settings().pool_size)


@contextmanager
def using(replacement: sa.Engine | sa.Connection) -> Iterator[None]:
    """Make this thread's transactions run on another engine or connection (tests, batches)."""
    before = getattr(_override, "bind", None)
    _override.bind = replacement
    try:
        yield
    finally:
        _override.bind = before


def shared_engine() -> sa.Engine | None:
    """Return the engine that other threads may use as well; None when one connection is all."""
    bind = getattr(_override, "bind", None) or engine()
    return bind if isinstance(bind, sa.Engine) else None


def _session(**options: Any) -> Session:
    bind = getattr(_override, "bind", None) or engine()
    if isinstance(bind, sa.Connection):
        options["join_transaction_mode"] = "create_savepoint"
    return Session(bind, expire_on_commit=False, **options)


@contextmanager
def transaction() -> Iterator[Session]:
    """Give a session; commit when the block ends, roll back when it raises."""
    with _session() as session:
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise


@contextmanager
def trial() -> Iterator[Session]:
    """Give a session in which everything may be written, and all of it is taken back."""
    with _session() as session:
        try:
            yield session
        finally:
            session.rollback()


@contextmanager
def read_only() -> Iterator[Session]:
    """Give a session in which a write fails loudly."""
    with _session() as session:
        if not isinstance(getattr(_override, "bind", None), sa.Connection):
            session.execute(sa.text("SET TRANSACTION READ ONLY"))
        try:
            yield session
        finally:
            session.expunge_all()  # what was read stays readable; a rollback would empty it
            session.rollback()
