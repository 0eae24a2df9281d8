"""What several files of these tests stand on."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from medcontrol import db as database
from tests.emptying import empty
from tests.integration.assignment_fund import add_units


@pytest.fixture
def open_fund(engine: sa.Engine) -> Iterator[sa.Engine]:
    """Units that other connections see, gone afterwards with all that was written about them."""
    with database.using(engine):
        with database.transaction() as session:
            add_units(session)
        yield engine
    empty(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM unit WHERE code LIKE 'T-%'"))
