"""A scanner and a decision in a real browser: slips received code by code, the letter as typed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from medcontrol import db as database
from medcontrol.policy import Principal
from medcontrol.services import paper
from medcontrol.services.paper_moves import Desk
from medcontrol.vocabulary import Role
from tests.browser import open_browser, serious_violations
from tests.e2e.server import serve
from tests.e2e.test_desks import token_of
from tests.factories import make_principal
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import Fund
from ui.i18n import LANGUAGE_COOKIE
from ui.visitors import SESSION_COOKIE

__all__ = ["fund", "pages_settings"]  # fixtures
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture
def base(fund: Fund) -> Iterator[str]:
    with serve(fund.app) as address:
        yield address


def window(browser: Browser, fund: Fund, base: str, who: Principal, language: str) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=base)
    cookies = {SESSION_COOKIE: token_of(fund, who), LANGUAGE_COOKIE: language}
    context.add_cookies([{"name": n, "value": v, "url": base} for n, v in cookies.items()])
    return context.new_page()


def on_its_way(fund: Fund, references: list[str]) -> tuple[str, Principal]:
    """The number of a slip with these files, and an agent of the region that it is sent to."""
    with database.transaction() as session:
        desk = Desk(fund.world.agent, fund.now)
        slip = paper.create(session, desk, "CASA-1", "MA-06")
        for each in references:
            paper.add(session, desk, slip.id, each)
        paper.seal(session, desk, slip.id)
        number = paper.dispatch(session, desk, slip.id).number
        return number, make_principal(session, Role.AGENT, "MA-06")


def test_a_scanner_types_faster_than_the_server_answers_and_no_code_is_lost(
    browser: Browser, fund: Fund, base: str
) -> None:
    given = {"location": "Armoire 3"}
    references = [
        fund.take(external_id=f"S-{n}", channel="paper", form=None, paper=given) for n in range(4)
    ]
    number, receiver = on_its_way(fund, references[:3])
    page = window(browser, fund, base, receiver, "ar")
    page.goto(f"/reception/slips/{number}")

    # The scanner's own speed: a burst of keys, Enter, and the next code at once.
    for code in [*references, "4006381333931"]:
        page.keyboard.type(code.lower())
        page.keyboard.press("Enter")

    expect(page.locator(".scan-bad")).to_contain_text("4006381333931")
    rows = page.locator("tr[data-reference]")
    expect(rows).to_have_count(4)
    expect(rows.locator(".state-good")).to_have_count(3)
    expect(rows.locator(".state-warn")).to_have_count(1)
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator("#scan")).to_have_value("")
    assert serious_violations(page) == []
    page.context.close()


def test_the_letter_is_drawn_while_the_doctor_types_in_both_languages(
    browser: Browser, fund: Fund, base: str
) -> None:
    reference = fund.take()
    doctor = fund.world.by_doctor[fund.world.doctor.id]
    page = window(browser, fund, base, doctor, "fr")
    page.goto(f"/files/{reference}")
    page.locator("#live-letter-box summary").click()
    expect(page.locator("#live-letter .hint")).to_be_visible()  # nothing chosen: no letter yet

    page.locator("input[name=outcome][value=granted]").check(force=True)
    french = page.locator('#live-letter figure[data-language="fr"] img')
    arabic = page.locator('#live-letter figure[data-language="ar"] img')
    expect(french).to_be_visible()
    expect(arabic).to_be_hidden()
    granted = french.get_attribute("src")
    page.locator("#live-letter-box input[value=both]").check(force=True)
    expect(arabic).to_be_visible()
    page.locator("#valid_from").fill("2026-12-01")

    page.wait_for_function(
        "before => document.querySelector('#live-letter figure img')?.src !== before", arg=granted
    )
    assert serious_violations(page) == []
    page.context.close()
