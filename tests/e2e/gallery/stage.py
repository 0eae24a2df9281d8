"""Where pictures are taken: an empty fund with people, the application, a browser."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, FloatRect, Page, ViewportSize
from sqlmodel import Session

from medcontrol import db as database
from medcontrol.model import Doctor, UserAccount
from medcontrol.policy import Principal
from medcontrol.reference.flows import flows
from medcontrol.services import sessions
from medcontrol.settings import Settings
from medcontrol.vocabulary import ControlLevel, Profession, Role
from tests.adjacent_world import AdjacentWorld
from tests.browser import open_browser
from tests.e2e.own_database import empty_fund
from tests.e2e.screens import LANGUAGES, LOCALES
from tests.e2e.server import serve
from tests.factories import NOW, make_doctor, make_principal
from tests.flow_world import World
from ui.app import create_app
from ui.visitors import SESSION_COOKIE
from workflows.tools import Tools

SIZE: ViewportSize = {"width": 1440, "height": 2600}
#: Space that is left under a form or a page.
FOOT = 40


def people(session: Session, tools: Tools) -> World:
    """Return a world with a doctor of each profession and level who controls every flow."""
    every = tuple(flows())
    places = {
        ControlLevel.LOCAL: ("CASA-1", Role.DOCTOR),
        ControlLevel.REGIONAL: ("MA-06", Role.COORDINATOR),
        ControlLevel.CENTRAL: ("MA-CENTRAL", Role.CENTRAL_DOCTOR),
    }
    by_doctor: dict[Any, Principal] = {}
    first: dict[ControlLevel, Doctor] = {}
    for level, (unit, role) in places.items():
        for profession in Profession:
            doctor = make_doctor(
                session, flows=every, minutes=480, profession=profession, level=level,
                unit_code=unit,
            )  # fmt: skip
            by_doctor[doctor.id] = make_principal(session, role, unit, doctor)
            first.setdefault(level, doctor)
    agent = make_principal(session, Role.AGENT, "CASA-1")
    local, regional, central = (first[level] for level in places)
    return World(session, tools, local, regional, central, by_doctor, agent)


@dataclass
class Stage:
    """The application at work. ``now`` moves the clock of all."""

    tools: Tools
    browser: Browser
    out: Path
    world: World
    secretary: Principal
    base: str = ""
    now: datetime = NOW

    def people(self, session: Session) -> AdjacentWorld:
        """Return the fund's people for a block of work in a transaction."""
        was = self.world
        here = AdjacentWorld(
            session, self.tools, was.doctor, was.regional, was.central, was.by_doctor, was.agent,
            self.now,
        )  # fmt: skip
        here.secretary = self.secretary
        return here

    def shoot(self, name: str, address: str, who: Principal, form: str = "") -> None:
        """Take a page in both languages, as high as it is.

        Args:
            name: of the pictures. address: of the page. who: looks at it.
            form: selects the summary of a part to open first.
        """
        for language in LANGUAGES:
            page = self._open(who, language)
            page.goto(f"{self.base}{address}")
            page.evaluate("document.fonts.ready")
            if form:
                page.locator(form).click()
            path = self.out / f"{name}.{language}.png"
            page.screenshot(path=path, clip=_content(page), full_page=True)
            page.context.close()
            sys.stdout.write(f"{path.name}\n")

    def _open(self, who: Principal, language: str) -> Page:
        context = self.browser.new_context(
            viewport=SIZE, color_scheme="light", reduced_motion="reduce", locale=LOCALES[language]
        )
        with database.transaction() as session:
            user = session.get_one(UserAccount, who.id)
            user.language = language
            token, _ = sessions.open(session, user, now=self.now)
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": self.base}])
        return context.new_page()


def _content(page: Page) -> FloatRect:
    """Return where the page's content ends; a form beside a file stands for the file."""
    ends = page.locator("#decide, .desk > *").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().bottom)"
    )
    assert ends, page.url
    return {"x": 0, "y": 0, "width": SIZE["width"], "height": max(ends) + FOOT}


@contextmanager
def open_stage(out: Path) -> Iterator[Stage]:
    """Fill an empty fund with people and serve it."""
    with empty_fund() as tools, open_browser() as browser:
        with database.transaction() as session:
            world = people(session, tools)
            secretary = make_principal(session, Role.APPEALS_SECRETARY, "MA-06")
        stage = Stage(tools, browser, out, world, secretary)
        settings = Settings(database_url=None, redis_url=None, demo=True)
        with serve(create_app(tools, settings, clock=lambda: stage.now)) as stage.base:
            yield stage
