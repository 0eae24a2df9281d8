"""The web application over a test database, called without a network, by people and programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.types import ASGIApp

from api.app import make_app as make_api
from api.deps import Context
from medcontrol import db as database
from medcontrol.model import UserAccount
from medcontrol.services import clients, sessions
from medcontrol.settings import settings
from medcontrol.vocabulary import Role
from runtime.asgi import make_web
from tests.factories import NOW, make_user
from workflows.tools import Tools

API = "/api/v1"
LARGEST_BATCH = 4 * 1024 * 1024


@dataclass
class Web:
    """The application, and who calls it. ``calls`` go through real middleware and routing."""

    app: ASGIApp
    tools: Tools
    _clients: list[TestClient] = field(default_factory=list)

    def anonymous(self) -> TestClient:
        made = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)
        self._clients.append(made)
        return made

    def program(
        self, *scopes: str, unit: str | None = "CASA-1", name: str = "si-amo"
    ) -> TestClient:
        """A client program's caller; needs the unit only for scopes over files."""
        with database.transaction() as session:
            _, token = clients.create(session, name=name, scopes=scopes, unit_code=unit, now=NOW)
        made = self.anonymous()
        made.headers["authorization"] = f"Bearer {token}"
        return made

    def person(self, role: Role, unit: str = "CASA-1", **more: Any) -> TestClient:
        with database.transaction() as session:
            user = make_user(session, role, unit, **more)
        return self.login(user)

    def login(self, user: UserAccount) -> TestClient:
        return self.become(self.anonymous(), user)

    def become(self, caller: TestClient, user: UserAccount) -> TestClient:
        """Log a caller in as somebody else; one caller for many people starts one thread only."""
        with database.transaction() as session:
            token, csrf = sessions.open(session, user, now=NOW)
        caller.cookies.set("medcontrol_session", token)
        caller.headers["x-csrf-token"] = csrf
        return caller

    def close(self) -> None:
        for each in self._clients:
            each.close()


@contextmanager
def serving(
    engine: sa.Engine,
    tools: Tools,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    with_pages: bool = False,
) -> Iterator[Web]:
    """Serve the application for the length of a block, over an engine, at the tests' time."""
    monkeypatch.setenv("MEDCONTROL_HOME", str(home))
    monkeypatch.setenv("MEDCONTROL_BATCH_MAX_BYTES", str(LARGEST_BATCH))
    monkeypatch.setattr(database, "engine", lambda: engine)
    settings.cache_clear()
    api = make_api(Context(settings(), tools, clock=lambda: NOW))
    pages: ASGIApp = Starlette()
    if with_pages:
        from ui.app import create_app

        pages = create_app(tools, settings(), clock=lambda: NOW)
    web = Web(make_web(api, pages), tools)
    try:
        yield web
    finally:
        web.close()
        monkeypatch.undo()
        settings.cache_clear()
