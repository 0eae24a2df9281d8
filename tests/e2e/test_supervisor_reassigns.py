"""A supervisor's morning in a real browser: somebody falls ill, and a filter moves to an agency."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect
from sqlmodel import col, select

from assignment.running import run_batch
from assignment.service import assign_waiting
from medcontrol import db as database
from medcontrol import journal
from medcontrol.model import Doctor, ReassignmentBatch
from medcontrol.vocabulary import BatchStatus, Role
from tests.browser import open_browser, serious_violations
from tests.e2e.server import serve
from tests.e2e.test_desks import token_of
from tests.factories import make_principal
from tests.many_files import copy_file
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import Fund
from tests.pages.people import hire
from ui.i18n import LANGUAGE_COOKIE
from ui.visitors import SESSION_COOKIE

__all__ = ["fund", "pages_settings"]  # fixtures
pytestmark = pytest.mark.e2e

MANY = 1_200
MANY_SAID = re.compile(r"1\s?200")  # French writes a narrow space
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
    """Open a supervisor's window; nothing may break the page's policy."""

    @contextmanager
    def opened(language: str = "fr", unit: str = "MA-06") -> Iterator[Page]:
        with database.transaction() as session:
            principal = make_principal(session, Role.SUPERVISOR, unit)
        cookies = {SESSION_COOKIE: token_of(fund, principal), LANGUAGE_COOKIE: language}
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=base)
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


@pytest.fixture
def background(fund: Fund) -> Iterator[None]:
    """Do what waits in the outbox, as a worker of the batch queue does."""
    ended = threading.Event()

    def work() -> None:
        waiting = select(ReassignmentBatch.id).where(
            col(ReassignmentBatch.status) != BatchStatus.DONE
        )
        while not ended.wait(0.1):
            with database.read_only() as session:
                found = session.exec(waiting).all()
            for batch_id in found:
                run_batch(batch_id, now=lambda: fund.now)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()


def many_files(fund: Fund) -> tuple[Doctor, list[Doctor]]:
    """Give twelve hundred files to five doctors; return who will fall ill, and the others."""
    reference = fund.take()
    doctors = [hire(fund) for _ in range(4)]
    with database.transaction() as session:
        tasks = copy_file(session, reference, MANY - 1)
        due = fund.now + timedelta(days=2)
        session.execute(
            sa.text("UPDATE human_task SET due_at = :due WHERE reference <= 'COPY-000060'"),
            {"due": due},
        )
        assign_waiting(session, tasks, now=fund.now, jurisdiction="ma", actor=journal.SYSTEM)
    return doctors[0], doctors[1:]


def state() -> Any:
    """Who holds which file, where it lies, and what each doctor has open."""
    with database.read_only() as session:
        files = session.execute(
            sa.text(
                "SELECT t.id, t.assigned_doctor_id, f.assigned_doctor_id, t.agency_code,"
                " f.agency_code FROM human_task t JOIN control_file f ON f.id = t.control_file_id"
                " ORDER BY t.id"
            )
        ).all()
        loads = session.execute(
            sa.text("SELECT doctor_id, open_points, open_files FROM doctor_load ORDER BY 1")
        ).all()
    return files, loads


def count(statement: str, **values: Any) -> int:
    with database.read_only() as session:
        return int(session.execute(sa.text(statement), values).scalar_one())


HELD = """
SELECT count(*) FROM human_task WHERE assigned_doctor_id = :doctor
  AND due_at < :until AND status = 'open'"""


def test_leave_is_handed_over_then_a_filter_moves_to_an_agency_and_back(
    fund: Fund, window: Open, background: None
) -> None:
    """Must show 3 of assignment."""
    ill, _ = many_files(fund)
    until = fund.now + timedelta(days=4)
    due = count(HELD, doctor=ill.id, until=until)
    held = count("SELECT count(*) FROM human_task WHERE assigned_doctor_id = :d", d=ill.id)
    assert 0 < due < held

    with window() as page:
        fall_ill(page, ill, fund)
        expect(page.locator("#proposed-title")).to_contain_text(str(due))
        page.get_by_role("button", name="Accepter le relais").click()
        expect(page.locator(".stat-good strong")).to_have_text(str(due))
        assert count(HELD, doctor=ill.id, until=until) == 0

        before = state()
        move_everything(page)
        expect(page.locator(".stat-good strong")).to_have_text(MANY_SAID)
        assert {row[3] for row in state()[0]} == {"CASA-2"}
        assert {row[1] for row in state()[0]} == {None}

        page.get_by_role("button", name="Annuler (jusqu’à").click()
        expect(page.get_by_text("Annulation ·")).to_be_visible()
        expect(page.locator(".stat-good strong")).to_have_text(MANY_SAID)
        assert serious_violations(page) == []

    assert state() == before
    told = count("SELECT count(*) FROM journal_entry WHERE action = 'assignment.changed'")
    assert told == due + 2 * MANY
    with database.read_only() as session:
        assert journal.verify(session)[1] == []


def fall_ill(page: Page, ill: Doctor, fund: Fund) -> None:
    """Enter a leave of five days from today."""
    today = fund.now.date()
    page.goto("/supervision/absences")
    page.locator("#doctor").select_option(label=ill.name)
    page.locator("#first_day").fill(today.isoformat())
    page.locator("#last_day").fill((today + timedelta(days=4)).isoformat())
    page.locator("#reason").select_option("sick")
    page.get_by_role("button", name="Saisir").click()
    expect(page.get_by_role("heading", name=f"Absence de {ill.name}")).to_be_visible()
    assert serious_violations(page) == []


def move_everything(page: Page) -> None:
    """Move all results of a filter to the pool of an agency."""
    page.goto("/supervision/tasks?flow=ald")
    page.locator("[name=everything]").check()
    page.get_by_role("button", name="Réaffecter…").click()
    expect(page.get_by_role("heading", name="Réaffecter 1200 dossiers")).to_be_visible()
    page.locator("[name=target][value=pool]").check()
    page.locator("#unit").select_option("CASA-2")
    page.locator("#reason").select_option("insured_moved")
    page.get_by_role("button", name="Aperçu").click()
    expect(page.locator("#moved-title")).to_contain_text(MANY_SAID)
    assert serious_violations(page) == []
    page.get_by_role("button", name="Déplacer 1200 dossiers").click()


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_supervisors_pages_are_accessible_and_fit(
    fund: Fund, window: Open, language: str
) -> None:
    fund.take()
    hire(fund, kind="contracted")
    pages = (
        "/supervision", "/supervision/absences", "/supervision/reassignments",
        "/supervision/fairness", "/supervision/levers", "/supervision/levers/load?value=50",
        "/supervision/statements",
    )  # fmt: skip

    with window(language, "MA-CENTRAL") as page:
        for address in pages:
            answer = page.goto(address)
            page.evaluate("document.fonts.ready")
            assert answer is not None, address
            assert answer.status == 200, address
            assert serious_violations(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth") <= 1440, address
