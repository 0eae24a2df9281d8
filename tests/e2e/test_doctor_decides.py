"""A doctor's way from the queue to the toast, in a real browser on a real server."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from medcontrol import db as database
from medcontrol.model import UserAccount
from medcontrol.services import sessions
from medcontrol.vocabulary import DecisionOutcome
from tests.browser import open_browser, serious_violations
from tests.e2e.server import serve
from tests.intake_examples import document
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import AMBULATORY, Fund
from tests.pages.test_file_pages import PDF
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


@pytest.fixture
def page(browser: Browser, fund: Fund, base: str) -> Iterator[Page]:
    """The local doctor's window; nothing may break the policy of the page."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=base)
    principal = fund.world.by_doctor[fund.world.doctor.id]
    with database.transaction() as session:
        user = session.get_one(UserAccount, principal.id)
        token, _ = sessions.open(session, user, now=fund.now)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": base}])
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda message: complaints.append(message.text))
    yield opened
    context.close()
    signs = ("Refused", "violates", "Uncaught", "Error:")
    assert [text for text in complaints if any(sign in text for sign in signs)] == []


def test_a_doctor_decides_by_keyboard_from_queue_to_toast_and_takes_it_back(
    fund: Fund, page: Page
) -> None:
    first = fund.take(**AMBULATORY)
    second = fund.take(external_id="W-2", **AMBULATORY)
    page.goto("/queue")
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text(first)

    page.get_by_role("button", name="Tout accepter").click()
    page.locator("#reasoning").fill("Actes justifiés par le dossier.")
    expect(page.locator("#draft-state")).to_contain_text("Brouillon enregistré")
    page.locator("h2").first.click()
    page.keyboard.press("1")
    page.get_by_role("button", name="Aperçu du courrier").click()
    expect(page.locator("#letter-preview img").first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")

    expect(page.locator("h1")).to_have_text(second)
    toast = page.locator(".toast-message")
    expect(toast).to_contain_text(first)
    assert fund.file(first).outcome is DecisionOutcome.GRANTED
    toast.get_by_role("button", name="Annuler").click()
    expect(page.locator("h1")).to_have_text(first)
    expect(page.locator(".toast-message")).to_contain_text("annulée")
    assert fund.file(first).closed_at is None


def test_who_comes_back_to_the_queue_stands_on_the_row_that_was_opened(
    fund: Fund, page: Page
) -> None:
    for n in range(30):
        fund.take(external_id=f"W-{n}", **AMBULATORY)
    page.goto("/queue")
    link = page.locator("[data-open-row]").last
    reference = link.inner_text()
    link.click()
    expect(page.locator("h1")).to_have_text(reference)

    page.get_by_role("link", name="Retour à la liste").click()

    row = page.locator("tr.is-current")
    expect(row.locator("[data-open-row]")).to_have_text(reference)
    expect(row.locator("[data-open-row]")).to_be_focused()
    expect(row).to_be_in_viewport()
    page.goto("/queue")
    expect(row).to_have_count(0)


def test_a_draft_that_was_typed_is_there_on_the_next_visit(fund: Fund, page: Page) -> None:
    reference = fund.take()
    page.goto(f"/files/{reference}")
    page.locator("#reasoning").fill("À reprendre demain")
    expect(page.locator("#draft-state")).to_contain_text("Brouillon enregistré")

    page.goto("/queue")
    page.goto(f"/files/{reference}")

    expect(page.locator("#reasoning")).to_have_value("À reprendre demain")


def test_a_refusal_shows_only_motives_that_explain_it(fund: Fund, page: Page) -> None:
    reference = fund.take()
    page.goto(f"/files/{reference}")
    page.locator("[name=outcome][value=adjourned]").check(force=True)

    offered = page.locator("#motive option:not([disabled])").evaluate_all(
        "all => all.map(each => each.dataset.effects || '')"
    )
    assert len(offered) > 1
    assert all("adjourned" in effects for effects in offered if effects)
    page.get_by_role("button", name="Soumettre").click()

    expect(page.locator("[data-first-error]")).to_be_focused()
    expect(page.locator("#motive")).to_have_attribute("aria-invalid", "true")


def test_a_pdf_is_shown_in_its_frame(fund: Fund, page: Page) -> None:
    reference = fund.take(documents=[document(PDF, "application/pdf")])
    page.goto(f"/files/{reference}?tab=documents")
    with page.expect_response(re.compile(r"/documents/[0-9a-f-]{36}$")) as answer:
        page.locator("a[data-document]").click()

    assert answer.value.status == 200
    expect(page.locator(".viewer iframe")).to_be_visible()


def test_the_diagram_shows_where_the_file_stands(fund: Fund, page: Page) -> None:
    reference = fund.take()
    page.goto(f"/files/{reference}?tab=flow")

    expect(page.locator("#diagram[data-drawn=yes]")).to_be_visible()
    here = page.locator(".djs-shape.is-current")
    expect(here).to_have_attribute("data-element-id", "control_on_file")
    box = here.bounding_box()
    assert box is not None
    assert box["width"] > 40  # large enough to be read


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_queue_and_file_are_accessible(fund: Fund, page: Page, language: str) -> None:
    reference = fund.take(**AMBULATORY)
    fund.take(external_id="W-2", documents=[document(PDF, "application/pdf")])
    page.goto("/queue")
    with page.expect_navigation():
        page.locator(f"button[name=language][value={language}]").click()
    expect(page.locator("html")).to_have_attribute("lang", language)

    for address in ("/queue", "/me", *(f"/files/{reference}?tab={tab}" for tab in
                    ("summary", "request", "opinions", "journal"))):  # fmt: skip
        page.goto(address)
        assert serious_violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_everything_needed_to_decide_works_without_script(
    browser: Browser, fund: Fund, page: Page, base: str
) -> None:
    reference = fund.take()
    context = browser.new_context(java_script_enabled=False, base_url=base)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    plain = context.new_page()
    plain.goto("/queue")
    plain.locator("[data-open-row]").first.click()
    plain.locator("[name=outcome][value=granted]").check(force=True)
    plain.locator("#reasoning").fill("Sans script")
    plain.get_by_role("button", name="Soumettre").click()

    expect(plain.locator(".toast-message")).to_contain_text(reference)
    assert fund.file(reference).outcome is DecisionOutcome.GRANTED
    context.close()
