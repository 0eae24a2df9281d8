"""The web application for the tests of this folder; what they write is committed, then emptied."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.serving import Web, serving
from workflows.tools import Tools


@pytest.fixture
def web(
    committed: sa.Engine, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Web]:
    with serving(committed, tools, tmp_path, monkeypatch) as served:
        yield served
