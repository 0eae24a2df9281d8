"""Appointments in a real browser: an agent books at the counter; every page in both directions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from medcontrol import db as database
from medcontrol.model import Appointment, Room
from medcontrol.policy import Principal
from tests.browser import open_browser, serious_violations
from tests.e2e.server import serve
from tests.e2e.test_desks import token_of
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import Fund
from tests.pages.test_agenda_pages import book
from tests.pages.test_reception import to_appointment
from ui.i18n import LANGUAGE_COOKIE
from ui.visitors import SESSION_COOKIE

__all__ = ["fund", "pages_settings"]  # fixtures
pytestmark = pytest.mark.e2e

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture
def window(browser: Browser, fund: Fund) -> Iterator[Open]:
    """Open a window for a person of the fund."""
    with serve(fund.app) as base:

        @contextmanager
        def opened(who: Principal, language: str = "fr") -> Iterator[Page]:
            cookies = {SESSION_COOKIE: token_of(fund, who), LANGUAGE_COOKIE: language}
            size = {"width": 1440, "height": 900}
            context = browser.new_context(viewport=size, base_url=base)
            context.add_cookies([{"name": n, "value": v, "url": base} for n, v in cookies.items()])
            yield context.new_page()
            context.close()

        yield opened


def test_an_agent_books_the_slot_that_suits_the_person(fund: Fund, window: Open) -> None:
    with database.transaction() as session:
        session.add(Room(unit_code="CASA-1", code="1", name="Cabinet 1", is_accessible=True))
    reference = to_appointment(fund)
    with window(fund.world.agent) as page:
        page.goto(f"/reception/files/{reference}")
        page.locator(".slot-search [name=from]").fill("2026-12-09")
        page.get_by_label("Salle accessible").check()
        page.get_by_role("button", name="Chercher des créneaux").click()
        page.locator(".slot", has_text="10:00").first.click()
        page.get_by_role("button", name="Réserver et convoquer").click()
        expect(page.get_by_text("Rendez-vous fixé ; la convocation sera envoyée.")).to_be_visible()
        page.goto("/reception/agenda?day=2026-12-09")
        expect(page.locator(".entry", has_text=reference)).to_contain_text("10:00")
        page.locator(".entry", has_text=reference).click()
        expect(page.get_by_role("heading", name=reference)).to_be_visible()
    booked = fund.rows(Appointment)[0]
    assert booked.starts_at.isoformat() == "2026-12-09T09:00:00+00:00"
    assert booked.place.endswith("Cabinet 1")


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_every_page_of_agendas_is_accessible_and_fits_the_screen(
    fund: Fund, window: Open, language: str
) -> None:
    _, booked = book(fund)
    fund.now = booked.starts_at + timedelta(minutes=40)
    agent, doctor = fund.world.agent, fund.world.by_doctor[fund.world.doctor.id]
    pages = {
        "/reception/agenda": agent, "/reception/agenda/day": agent,
        f"/reception/agenda/appointments/{booked.id}": agent, "/agenda": doctor,
    }  # fmt: skip
    for address, who in pages.items():
        with window(who, language) as page:
            page.goto(address)
            assert serious_violations(page) == [], address
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 1440, address
