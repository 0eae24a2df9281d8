"""The migrated database is the one that the tables describe."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel

import medcontrol.model  # noqa: F401  every table
from medcontrol.embedded import Addresses
from medcontrol.migrations.migrate import alembic_config, migrate

ENUMS = [
    (table.name, column.name, column.type)
    for table in SQLModel.metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, sa.Enum)
]


@pytest.fixture
def empty(addresses: Addresses, worker: str) -> Iterator[str]:
    """The address of a database of this test's own, without anything in it."""
    name = f"migrations_{worker}"
    admin = sa.create_engine(addresses.database_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield make_url(addresses.database_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    admin.dispose()


def tables_of(url: str) -> set[str]:
    engine = sa.create_engine(url)
    found = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_an_empty_database_is_migrated_to_every_table(empty: str) -> None:
    migrate(empty)

    assert tables_of(empty) == set(SQLModel.metadata.tables) | {"alembic_version"}


def test_migrating_twice_changes_nothing(empty: str) -> None:
    migrate(empty)
    migrate(empty)

    assert tables_of(empty) == set(SQLModel.metadata.tables) | {"alembic_version"}


def test_migrations_can_be_taken_back_and_done_again(empty: str) -> None:
    migrate(empty)
    command.downgrade(alembic_config(empty), "base")
    left = tables_of(empty)
    migrate(empty)

    assert left == {"alembic_version"}
    assert tables_of(empty) == set(SQLModel.metadata.tables) | {"alembic_version"}


def test_tables_and_migrations_say_the_same(empty: str) -> None:
    migrate(empty)

    command.check(alembic_config(empty))  # raises when a migration is missing


@pytest.mark.parametrize(("table", "column", "kind"), ENUMS, ids=lambda each: str(each)[:40])
def test_the_database_allows_exactly_the_words_of_the_domain(
    engine: sa.Engine, table: str, column: str, kind: sa.Enum
) -> None:
    """Alembic does not see a new member of a list that a CHECK holds."""
    with engine.connect() as connection:
        checks = connection.execute(
            sa.text(
                "SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c"
                " WHERE c.conrelid = CAST(:name AS regclass) AND c.contype = 'c'"
            ),
            {"name": table},
        ).scalars()
        allowed = [set(re.findall(r"'([^']*)'", text)) for text in checks if _is_of(text, column)]

    assert set(kind.enums) in allowed


def _is_of(check: str, column: str) -> bool:
    return bool(re.match(rf"CHECK \(\(\(?\"?{column}\"?\)?::text = ANY", check))


def test_what_every_step_changes_of_a_file_has_no_index(engine: sa.Engine) -> None:
    """Such a change stays on its page and touches none of the fifteen indexes of the table."""
    with engine.connect() as connection:
        definitions = connection.execute(
            sa.text("SELECT indexdef FROM pg_indexes WHERE tablename = 'control_file'")
        ).scalars()
        named = set(re.findall(r"\w+", " ".join(definitions)))
        room = connection.execute(
            sa.text("SELECT reloptions FROM pg_class WHERE relname = 'control_file'")
        ).scalar_one()

    changing = {"assigned_doctor_id", "status", "version", "journal_length", "journal_head"}
    assert named & changing == set()
    assert room == ["fillfactor=80"]


def test_the_view_that_somebodys_list_opened_with_stays_so_when_views_can_be_shared(
    empty: str,
) -> None:
    migrate(empty)
    config = alembic_config(empty)
    engine = sa.create_engine(empty)
    kept = "SELECT v.name FROM view_choice c JOIN saved_view v ON v.id = c.view_id"
    with engine.begin() as connection:
        connection.execute(sa.text(_PEOPLE_WITH_VIEWS))
    command.downgrade(config, "0024")
    with engine.connect() as connection:
        before = connection.execute(sa.text("SELECT name, is_default FROM saved_view")).all()
    migrate(empty)
    with engine.connect() as connection:
        after = connection.execute(sa.text(kept)).scalars().all()
    engine.dispose()

    assert before == [("mine", True)]  # what was shared goes
    assert after == ["mine"]


_PEOPLE_WITH_VIEWS = """
WITH someone AS (
    INSERT INTO user_account (id, login, name, language, is_active, shortcuts, failed_logins)
    VALUES (gen_random_uuid(), 'a', 'A', 'fr', true, true, 0) RETURNING id
), views AS (
    INSERT INTO saved_view (id, user_id, path, name, address, role, created_at)
    SELECT gen_random_uuid(), id, '/queue', name, '?', role, now() FROM someone,
        (VALUES ('mine', NULL), ('of the role', 'doctor')) AS v (name, role)
    RETURNING id, user_id, path, name
)
INSERT INTO view_choice SELECT user_id, path, id FROM views WHERE name = 'mine'
"""
