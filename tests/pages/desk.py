"""A fund on the real database and its screens over HTTP: people log in, read and decide."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import html
from sqlmodel import Session, select

from medcontrol import db as database
from medcontrol.model import ControlFile, HumanTask, UserAccount
from medcontrol.policy import Principal
from medcontrol.services import sessions
from medcontrol.settings import Settings
from medcontrol.vocabulary import TaskStatus
from tests.factories import NOW
from tests.flow_world import World, make_world, raw
from ui.app import create_app
from ui.visitors import SESSION_COOKIE
from workflows.gate.single import take_in_one
from workflows.tools import Tools

LINES = [
    {"no": 1, "act": "C2", "quantity": "1", "amount": "150.00", "date": "2026-11-18"},
    {"no": 2, "act": "Z15", "quantity": "2", "amount": "300.00", "date": "2026-11-18"},
]
AMBULATORY: dict[str, Any] = {
    "flow": "ambulatory",
    "nature": "reimbursement",
    "lines": LINES,
    "amount": "450.00",
    "currency": "MAD",
    "control": {"required": True, "mode": "on_file"},
    "form": None,
}


class Browser:
    """Somebody's browser without script: cookies, forms, pages as trees."""

    def __init__(self, app: FastAPI) -> None:
        self.client = TestClient(app, follow_redirects=False)

    def get(self, address: str, **headers: str) -> Any:
        return self.client.get(address, headers=headers)

    def page(self, address: str) -> Any:
        """Load a page that must be there, redirects followed."""
        answer = self.client.get(address, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return html.fromstring(answer.text)

    def send(self, page: Any, action: str, headers: dict[str, str] | None = None,
             **values: Any) -> Any:  # fmt: skip
        """Submit the form of a page whose action ends so, with these fields filled in."""
        form = form_of(page, action)
        fields = dict(form.form_values()) | values
        given = {name: value for name, value in fields.items() if value is not None}
        return self.client.post(form.action, data=given, headers=headers or {})


def form_of(page: Any, action: str) -> Any:
    """Return the one form of a page whose address ends so."""
    found = [form for form in page.forms if re.search(rf"{action}$", form.action or "")]
    assert len(found) == 1, [form.action for form in page.forms]
    return found[0]


def texts(page: Any, path: str) -> list[str]:
    """Return the words of the elements that a path finds."""
    return [" ".join(each.text_content().split()) for each in page.xpath(path)]


@dataclass
class Fund:
    """The fund, its people and the application; ``now`` moves the clock of all."""

    tools: Tools
    app: FastAPI
    world: World
    now: datetime = NOW

    def take(self, **changes: Any) -> str:
        """Take a file in; return its reference."""
        taken = take_in_one(self.tools, raw(**changes), source_name="test", now=self.now)
        assert taken.reference is not None, taken
        return taken.reference

    def file(self, reference: str) -> ControlFile:
        with database.read_only() as session:
            return session.exec(select(ControlFile).where(ControlFile.reference == reference)).one()

    def task(self, reference: str) -> HumanTask:
        with database.read_only() as session:
            return session.exec(
                select(HumanTask).where(
                    HumanTask.reference == reference, HumanTask.status == TaskStatus.OPEN
                )
            ).one()

    def rows(self, table: type) -> list[Any]:
        with database.read_only() as session:
            # In the order of their keys, which is that in which they were made.
            return list(session.exec(select(table).order_by(*sa.inspect(table).primary_key)).all())

    def log_in(self, principal: Principal) -> Browser:
        """Return the browser of somebody who logged in."""
        with database.transaction() as session:
            user = session.get_one(UserAccount, principal.id)
            token, _ = sessions.open(session, user, now=self.now)
        browser = Browser(self.app)
        browser.client.cookies.set(SESSION_COOKIE, token)
        return browser

    def doctor(self) -> Browser:
        """The local doctor."""
        return self.log_in(self.world.by_doctor[self.world.doctor.id])

    def regional(self) -> Browser:
        """The coordinator of the region."""
        return self.log_in(self.world.by_doctor[self.world.regional.id])

    def central(self) -> Browser:
        """The central doctor."""
        return self.log_in(self.world.by_doctor[self.world.central.id])

    def agent(self) -> Browser:
        """The agent of the agency."""
        return self.log_in(self.world.agent)


@contextmanager
def open_fund(engine: sa.Engine, tools: Tools, settings: Settings) -> Iterator[Fund]:
    """Put people into an empty database and build the application over it."""
    with database.transaction() as session:
        world = make_world(session, tools)
    fund: Fund

    def clock() -> datetime:
        return fund.now

    fund = Fund(tools, create_app(tools, settings, clock=clock), world)
    yield fund


def set_password(session: Session, user_id: UUID, hashed: str) -> None:
    """Give an account a password, already hashed."""
    session.get_one(UserAccount, user_id).password_hash = hashed
