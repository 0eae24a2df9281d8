"""Run by Alembic."""

import sqlalchemy as sa
from alembic import context
from sqlmodel import SQLModel

import medcontrol.model  # noqa: F401  every table, so that autogenerate sees them all
from medcontrol.db import make_engine
from medcontrol.settings import settings

MIGRATION_LOCK = 7_140_001  # any number, the same for every migrating process


def run() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or settings().database_url
    if url is None:
        raise RuntimeError("no database: set MEDCONTROL_DATABASE_URL")
    engine = make_engine(url, pool_size=1, batch=True)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        context.configure(
            connection=connection, target_metadata=SQLModel.metadata, compare_type=True
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
    engine.dispose()


run()
