"""Wiring of the tests: real servers, one migrated database per xdist worker."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.engine import make_url
from sqlmodel import Session

from medcontrol import db as database
from medcontrol.crypto import KeyRing
from medcontrol.embedded import Addresses
from medcontrol.embedded import servers as embedded_servers
from medcontrol.migrations.migrate import migrate
from medcontrol.services import passwords
from medcontrol.services.reference import load_reference_data
from medcontrol.settings import Settings
from tests import TEST_HOME
from tests.emptying import empty
from tests.fixed_keys import fixed_keys
from workflows.tools import Tools, make_tools

# Machines differ in speed: no test fails for being slow. A landing tries the same examples every
# time, so that what fails there fails here; elsewhere they are drawn anew.
hypothesis.settings.register_profile(
    "project", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)  # fmt: skip
hypothesis.settings.load_profile("project")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process of a run waits for another's last test."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Argon2id at its least cost: tests show who gets in, not how dear a guess is."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: cheap)
        yield


@pytest.fixture(scope="session")
def addresses() -> Iterator[Addresses]:
    """The embedded servers, shared by all workers; they stop with the last one."""
    with embedded_servers(Settings(home=TEST_HOME, database_url=None, redis_url=None)) as found:
        yield found


@pytest.fixture(scope="session")
def worker(worker_id: str) -> str:
    return worker_id if worker_id != "master" else f"solo{os.getpid()}"


@pytest.fixture(scope="session")
def database_url(addresses: Addresses, worker: str) -> Iterator[str]:
    """A database of this worker's own, migrated by Alembic, with the reference data."""
    name = f"test_{worker}"
    admin = sa.create_engine(addresses.database_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
        # Nobody needs these rows after a loss of power; waiting for the disk is most of a commit.
        connection.execute(sa.text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    url = make_url(addresses.database_url).set(database=name)
    text = url.render_as_string(hide_password=False)
    migrate(text)
    yield text
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[sa.Engine]:
    """The worker's engine. What is committed through it stays: clean up, see ``committed``."""
    with pytest.MonkeyPatch.context() as patch:  # ten threads on a busy machine wait their turn
        patch.setattr(database, "LOCK_TIMEOUT_MS", 120_000)
        made = database.make_engine(database_url, pool_size=30)
    with database.using(made), database.transaction() as session:
        load_reference_data(session, "ma")
    yield made
    made.dispose()


@pytest.fixture
def db(engine: sa.Engine) -> Iterator[Session]:
    """A session inside an outer transaction that is rolled back.

    ``transaction()`` and ``read_only()`` of this thread join the same outer transaction, so that
    code which commits can be tested; tests about locks and threads use ``committed``.
    """
    with engine.connect() as connection:
        outer = connection.begin()
        with (
            database.using(connection),
            Session(
                connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            ) as session,
        ):
            yield session
        outer.rollback()


@pytest.fixture
def committed(engine: sa.Engine) -> Iterator[sa.Engine]:
    """The engine for tests that commit for real; every table but the units is emptied after."""
    with database.using(engine):
        yield engine
    empty(engine)


@pytest.fixture(scope="session")
def keys() -> KeyRing:
    return fixed_keys()


@pytest.fixture
def tools(keys: KeyRing, tmp_path: Path) -> Tools:
    """What commands need, with documents in a folder of the test's own."""
    return make_tools(Settings(home=tmp_path, database_url=None, redis_url=None), keys)
