"""Emptying the database between tests, as often as there are tests that commit."""

import sqlalchemy as sa

#: All tables but the units, and a statement that returns a DELETE for each that has rows.
_OURS = """
    SELECT string_agg(quote_ident(tablename), ', '),
           string_agg(format('SELECT %L WHERE EXISTS (SELECT FROM %I)',
                             quote_ident(tablename), tablename), ' UNION ALL ')
    FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('unit', 'alembic_version')
"""


def empty(engine: sa.Engine) -> None:
    """Empty every table but the units, as TRUNCATE would: after all who write, without triggers.

    TRUNCATE gives each of a hundred tables and its indexes a new file, however few rows there
    are; that took longer than most tests. The pages go back too: rows of the next test stand in
    the order in which it makes them, as in a table that was never used.
    """
    with engine.begin() as connection:
        tables = _delete_rows(connection)
    if tables:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text(f"VACUUM (TRUNCATE) {', '.join(tables)}"))


def _delete_rows(connection: sa.Connection) -> list[str]:
    """Return the tables that had rows."""
    names, filled = connection.execute(sa.text(_OURS)).one()
    connection.execute(sa.text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    tables = list(connection.execute(sa.text(filled)).scalars())
    connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
    for table in tables:
        connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - of our own names only
    return tables
