"""The fund of Luxembourg that these tests play in."""

import pytest
from sqlmodel import Session

from tests.care_world import make_care_world
from tests.flow_world import World
from workflows.tools import Tools


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    """A fund of its own for each test."""
    return make_care_world(db, tools)
