"""Emptying the database between tests, as often as there are tests that commit."""

import sqlalchemy as sa
from sqlmodel import Session

#: All tables but the units, and a statement that returns a DELETE for each that has rows.
_OURS = """
    SELECT string_agg(quote_ident(tablename), ', '),
           string_agg(format('SELECT %L WHERE EXISTS (SELECT FROM %I)',
                             format('DELETE FROM %I', tablename), tablename), ' UNION ALL ')
    FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('unit', 'alembic_version')
"""


def empty_tables(connection: sa.Connection | Session) -> None:
    """Empty every table but the units, as TRUNCATE would: after all who write, without triggers.

    TRUNCATE gives each of a hundred tables and its indexes a new file, however few rows there
    are; that took longer than most tests.
    """
    names, filled = connection.execute(sa.text(_OURS)).one()
    connection.execute(sa.text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    deletions = connection.execute(sa.text(filled)).scalars().all()
    connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
    for deletion in deletions:
        connection.execute(sa.text(deletion))
    connection.execute(sa.text("SET LOCAL session_replication_role = origin"))
