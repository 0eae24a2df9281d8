"""A database of its own on the embedded servers, for what takes pictures of pages."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from sqlalchemy.engine import make_url

from medcontrol import db as database
from medcontrol.embedded import servers as embedded_servers
from medcontrol.migrations.migrate import migrate
from medcontrol.services.reference import load_reference_data
from medcontrol.settings import Settings
from tests.fixed_keys import fixed_keys
from workflows.tools import Tools, make_tools


@contextmanager
def empty_fund() -> Iterator[Tools]:
    """A fund with reference data and nothing else, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="medcontrol-pictures-") as folder:
        settings = Settings(home=Path(folder), database_url=None, redis_url=None, demo=True)
        with embedded_servers(settings) as addresses:
            url = make_url(addresses.database_url).render_as_string(hide_password=False)
            migrate(url)
            engine = database.make_engine(url, pool_size=20)
            # Requests run in threads of their own, which no override of this thread reaches.
            try:
                with mock.patch.object(database, "engine", return_value=engine):
                    with database.transaction() as session:
                        load_reference_data(session, "ma")
                    yield make_tools(settings, fixed_keys())
            finally:
                engine.dispose()
