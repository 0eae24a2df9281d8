"""The desks of supervisors, agents and administrators in a real browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from medcontrol import db as database
from medcontrol import outbox
from medcontrol.model import Doctor, OutboxMessage, QuarantinedMessage, UserAccount
from medcontrol.policy import Principal
from medcontrol.queries.incidents_loading import load_incidents
from medcontrol.services import sessions
from medcontrol.vocabulary import Role
from tests.browser import open_browser, serious_violations
from tests.e2e.server import serve
from tests.factories import make_principal
from tests.flow_world import raw
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import AMBULATORY, Fund
from tests.pages.people import hire
from ui.i18n import LANGUAGE_COOKIE
from ui.visitors import SESSION_COOKIE
from workflows.gate.single import take_in_one

__all__ = ["fund", "pages_settings"]  # fixtures
pytestmark = pytest.mark.e2e

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture
def base(fund: Fund) -> Iterator[str]:
    with serve(fund.app) as address:
        yield address


@pytest.fixture
def window(browser: Browser, fund: Fund, base: str) -> Open:
    """Open a window for somebody new with a role; nothing may break the page's policy."""

    @contextmanager
    def opened(role: Role, unit: str, language: str = "fr", **more: Any) -> Iterator[Page]:
        with database.transaction() as session:
            principal = make_principal(session, role, unit)
        cookies = {SESSION_COOKIE: token_of(fund, principal), LANGUAGE_COOKIE: language}
        size = {"width": 1440, "height": 900}
        context = browser.new_context(viewport=size, base_url=base, **more)
        context.add_cookies([{"name": n, "value": v, "url": base} for n, v in cookies.items()])
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        yield page
        context.close()
        signs = ("Refused", "violates", "Uncaught", "Error:")
        assert [text for text in complaints if any(sign in text for sign in signs)] == []

    return opened


def token_of(fund: Fund, principal: Principal) -> str:
    with database.transaction() as session:
        user = session.get_one(UserAccount, principal.id)
        return sessions.open(session, user, now=fund.now)[0]


def some_work(fund: Fund) -> dict[str, str]:
    """Fill the fund; return the addresses of pages about one thing."""
    reference = fund.take()
    checked = fund.take(external_id="K-1", form=None)
    fund.take(external_id="W-2", **AMBULATORY)
    take_in_one(fund.tools, raw(agency="NOWHERE-1"), source_name="test", now=fund.now)
    line = fund.rows(QuarantinedMessage)[0]
    doctor = fund.rows(Doctor)[0]
    return {
        "queue": f"/supervision/doctors/{fund.world.doctor.id}",
        "reassign": f"/supervision/reassign?task={fund.task(reference).id}",
        "check": f"/reception/files/{checked}",
        "pieces": f"/reception/files/{reference}",
        "line": f"/quarantine/{line.id}",
        "doctor": f"/doctors/{doctor.code}",
        "user": f"/users/{fund.world.agent.id}",
        "evidence": f"/files/{reference}/evidence",
        "incident": f"/incidents/{failing_letter(fund)}",
    }


def failing_letter(fund: Fund) -> str:
    """Let a letter fail; return the key of its incident."""
    with database.transaction() as session:
        message = next(each for each in fund.rows(OutboxMessage) if each.topic == "letters.send")
        outbox.note_failure(session, message.id, "unavailable", now=fund.now)
        (incident,) = load_incidents(session, now=fund.now)
    return incident.fingerprint.key


PAGES = {
    (Role.SUPERVISOR, "MA-06"): (
        "/supervision", "/supervision/tasks", "queue", "reassign", "/doctors", "doctor",
        "/search?name=alami", "/search", "evidence",
    ),
    (Role.AGENT, "CASA-1"): (
        "/reception/today", "/reception/new", "/reception/new?flow=dental&nature=reimbursement",
        "check", "pieces", "/quarantine", "line",
    ),
    (Role.ADMINISTRATOR, "MA-CENTRAL"): (
        "/doctors/new", "/doctors/import", "doctor", "/users", "/users/new", "user", "/holidays",
        "/outbox", "/incidents", "/incidents/runbook", "incident", "/views/roles",
    ),
    (Role.AUDITOR, "MA-CENTRAL"): ("/access-log",),
}  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("who", PAGES)
def test_every_page_is_accessible_fits_the_screen_and_breaks_no_policy(
    fund: Fund, window: Open, who: tuple[Role, str], language: str
) -> None:
    addresses = some_work(fund)

    with window(*who, language) as page:
        for each in PAGES[who]:
            answer = page.goto(addresses.get(each, each))
            page.evaluate("document.fonts.ready")
            assert answer.status == 200, each
            assert serious_violations(page) == [], each
            assert page.evaluate("document.documentElement.scrollWidth") <= 1440, each
            assert page.evaluate("document.dir") == ("rtl" if language == "ar" else "ltr")


def test_files_are_reassigned_without_script(fund: Fund, window: Open) -> None:
    fund.take()
    other = hire(fund)

    with window(Role.SUPERVISOR, "MA-06", java_script_enabled=False) as page:
        page.goto(f"/supervision/doctors/{fund.world.doctor.id}")
        page.locator(".row-check").check()
        page.get_by_role("button", name="Réaffecter…").click()
        page.locator("[name=target][value=doctor]").check()
        page.get_by_label(other.name, exact=True).check()
        page.locator("#reason").select_option("absence")
        page.get_by_role("button", name="Aperçu").click()
        expect(page.get_by_text("Rien n’a encore changé.")).to_be_visible()
        page.get_by_role("button", name="Déplacer 1 dossier").click()
        expect(page.locator(".stat-good")).to_contain_text(f"déplacés vers {other.name}")


def test_rows_are_ticked_and_reassigned_by_key(fund: Fund, window: Open) -> None:
    fund.take()
    fund.take(external_id="W-2", **AMBULATORY)

    with window(Role.SUPERVISOR, "MA-06") as page:
        page.goto("/supervision/tasks")
        for key in ("j", "x", "j", "x"):
            page.keyboard.press(key)
        expect(page.locator("[data-selected-count]")).to_have_text("2 sélectionnés")
        page.keyboard.press("r")
        expect(page.get_by_role("heading", name="Réaffecter 2 dossiers")).to_be_visible()


def test_the_search_field_is_reached_by_key_from_everywhere(fund: Fund, window: Open) -> None:
    reference = fund.take()

    with window(Role.SUPERVISOR, "MA-06") as page:
        page.goto("/supervision")
        page.keyboard.press("/")
        page.keyboard.type("alami")
        page.keyboard.press("Enter")
        expect(page.locator("[data-open-row]")).to_have_text(reference)


def test_after_a_fault_the_focus_is_on_the_summary_of_faults(fund: Fund, window: Open) -> None:
    with window(Role.AGENT, "CASA-1") as page:
        page.goto("/reception/new?flow=ald&nature=first")
        page.get_by_label("Prénom").first.fill("Amina")
        page.get_by_role("button", name="Enregistrer").last.click()
        expect(page.locator("[data-first-error]")).to_be_focused()
        page.locator("[data-first-error] a").first.click()
        expect(page.locator("[aria-invalid=true]").first).to_be_visible()
        expect(page.locator("[name='insured.given_name']")).to_have_value("Amina")
        assert serious_violations(page) == []


def test_an_agent_registers_a_paper_file_and_reads_its_number(fund: Fund, window: Open) -> None:
    with window(Role.AGENT, "CASA-1") as page:
        page.goto("/reception/today")
        page.keyboard.press("n")
        page.locator("a[href*='flow=ald'][href$='nature=renewal']").click()
        values = {
            "insured.registration_number": "999123456", "insured.family_name": "Alami",
            "insured.given_name": "Amina", "insured.birth_date": "1975-03-02",
        }  # fmt: skip
        for name, value in values.items():
            page.locator(f"[name='{name}']").fill(value)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("heading", name="Dossier enregistré")).to_be_visible()
        expect(page.locator("bdi.code").first).to_contain_text("261120-")
