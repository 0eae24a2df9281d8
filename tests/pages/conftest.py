"""The fund that page tests work in, on a database that really commits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from medcontrol import db as database
from medcontrol.settings import Settings
from tests.pages.desk import Fund, open_fund
from workflows.tools import Tools


@pytest.fixture
def pages_settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=None, redis_url=None, demo=True)


@pytest.fixture
def fund(
    committed: sa.Engine,
    tools: Tools,
    pages_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Fund]:
    # Requests run in threads of their own, which no override of this thread reaches.
    monkeypatch.setattr(database, "engine", lambda: committed)
    with open_fund(committed, tools, pages_settings) as found:
        yield found
