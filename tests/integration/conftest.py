"""What several files of these tests stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from medcontrol import db as database
from medcontrol.settings import settings
from runtime import wiring
from tests.emptying import empty
from tests.integration.assignment_fund import add_units
from workflows.tools import Tools


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


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    """This process wired to a home folder of its own; letters go to a folder there."""
    monkeypatch.setenv("MEDCONTROL_HOME", str(tmp_path))
    monkeypatch.setenv("MEDCONTROL_REDIS_URL", "redis://127.0.0.1:1/0")
    settings.cache_clear()
    wiring.forget()
    yield wiring.tools()
    monkeypatch.undo()
    settings.cache_clear()
    wiring.forget()
