"""What a command needs around it: servers, a database that is up to date, and their addresses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol import db
from medcontrol.embedded import Addresses, servers
from medcontrol.errors import Unavailable
from medcontrol.model import Unit
from medcontrol.services.reference import CENTRAL_UNITS, load_reference_data
from medcontrol.settings import settings
from runtime import wiring

DATABASE, REDIS = "MEDCONTROL_DATABASE_URL", "MEDCONTROL_REDIS_URL"


@contextmanager
def environment(*, may_migrate: bool = True) -> Iterator[Addresses]:
    """Give this process its servers and an up-to-date database for the length of a block.

    Embedded servers are used if they run, else started, and stop with their last user. Their
    addresses stand in the environment meanwhile, so that processes started from here find them.

    Args:
        may_migrate: bring an older database up to date; otherwise it is refused.

    Raises:
        Unavailable: servers or database can't be used; the sentence says why.
    """
    with servers(settings()) as addresses, _announced(addresses):
        prepare(addresses.database_url, may_migrate=may_migrate)
        try:
            yield addresses
        finally:
            _forget()


@contextmanager
def _announced(addresses: Addresses) -> Iterator[None]:
    """Put the addresses where settings are read from, for the length of a block."""
    before = {name: os.environ.get(name) for name in (DATABASE, REDIS)}
    os.environ |= {DATABASE: addresses.database_url, REDIS: addresses.redis_url}
    _forget()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _forget()


def _forget() -> None:
    """Let settings and everything built from them be made anew."""
    if db.engine.cache_info().currsize:
        db.engine().dispose()
    db.engine.cache_clear()
    settings.cache_clear()
    wiring.forget()


def prepare(database_url: str, *, may_migrate: bool = True) -> None:
    """Migrate a database that is behind, and bring a new one its units. No connection is left.

    Several processes may do this at once: migrations wait for each other.

    Raises:
        Unavailable: it does not answer, is ahead of this version, or is behind and may not be
            migrated.
    """
    from medcontrol.migrations.migrate import migrate  # Alembic: not for --help

    engine = db.make_engine(database_url, pool_size=1, batch=True)
    try:
        if _is_behind(engine, database_url):
            if not may_migrate:
                raise Unavailable("the database is older than this version: run medcontrol migrate")
            migrate(database_url)
        _load_units(engine, settings().jurisdiction)
    except sa.exc.OperationalError as error:
        raise Unavailable(f"the database can't be used: {_first_line(error)}") from error
    finally:
        engine.dispose()


def _is_behind(engine: sa.Engine, url: str) -> bool:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from medcontrol.migrations.migrate import alembic_config

    scripts = ScriptDirectory.from_config(alembic_config(url))
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise Unavailable(
            f"the database is newer than this version of medcontrol (revision {found})"
        )
    return found != scripts.get_current_head()


def _load_units(engine: sa.Engine, jurisdiction: str) -> None:
    """Bring the reference data into an installation without units."""
    if jurisdiction not in CENTRAL_UNITS:
        return
    with db.using(engine), db.transaction() as session:
        if not _has_units(session):
            load_reference_data(session, jurisdiction)


def _has_units(session: Session) -> bool:
    return bool(session.execute(sa.select(sa.exists().select_from(Unit))).scalar_one())


def _first_line(error: sa.exc.DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
