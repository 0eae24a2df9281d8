"""Whether the process answers, and whether its database does."""

import pytest

from medcontrol import db as database
from tests.serving import Web


def test_a_process_with_its_database_is_up_and_ready(web: Web) -> None:
    caller = web.anonymous()

    assert caller.get("/health").json() == {"status": "up"}
    assert caller.get("/ready").json() == {"status": "ready"}


def test_without_its_database_a_process_is_up_but_not_ready(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = database.make_engine("postgresql+psycopg://nobody@/none?host=/nowhere")
    monkeypatch.setattr(database, "engine", lambda: gone)
    caller = web.anonymous()

    assert caller.get("/health").status_code == 200
    assert caller.get("/ready").status_code == 503
