"""Screenshots for ``docs/images``: a small invented fund, the real application, a real browser.

``python -m tests.e2e.screens`` (or ``make screens``) takes them anew.
"""

import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page

from medcontrol import db as database
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.settings import Settings
from medcontrol.vocabulary import Role
from runtime.demo.generator import Fund
from runtime.demo.loader import agencies, load_fund
from runtime.demo.playing import Play
from runtime.demo.supply import Volume
from tests.browser import open_browser
from tests.e2e.own_database import empty_fund
from tests.e2e.server import serve
from ui.app import create_app
from ui.i18n import translations
from ui.labels import label_of
from workflows.gate.counts import BatchName
from workflows.gate.intake import take_in
from workflows.tools import Tools

IMAGES = Path(__file__).parents[2] / "docs" / "images"
AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
MORNING = datetime.combine(AS_OF.date(), time(9, 12), UTC)
# Days before, and files of each: some of them are late by now.
DAYS = ((10, 9_000), (4, 10_000), (0, 12_000))
SIZE = {"width": 1440, "height": 900}
LANGUAGES = ("fr", "ar")
LOCALES = {"fr": "fr-MA", "ar": "ar-MA"}


def fill(tools: Tools) -> None:
    """Load a small fund, and a day of files on which people worked."""
    with database.read_only() as session:
        places = agencies(session)
    fund = Fund.make(8, as_of=AS_OF.date(), agencies=places, insured=30_000)
    load_fund(tools, fund, volume=Volume(received=6_000, controlled=700, months=6))
    for days_before, number in DAYS:
        now = MORNING - timedelta(days=days_before, hours=1)
        raws = (raw.rstrip(b"\n") for raw in fund.day(now.date(), number))
        lines = [Line(n, raw, len(raw)) for n, raw in enumerate(raws, start=1)]
        batch = BatchName(new_id(), f"{now.date()}.ndjson")
        take_in(tools, lines, batch=batch, now=partial(_at, now))
    Play(tools, MORNING - timedelta(minutes=20)).run()


def _at(now: datetime) -> datetime:
    return now


def main() -> None:
    """Take every screenshot in every language."""
    logging.disable(logging.INFO)
    IMAGES.mkdir(parents=True, exist_ok=True)
    settings = Settings(database_url=None, redis_url=None, demo=True)
    with empty_fund() as tools, open_browser() as browser:
        fill(tools)
        app = create_app(tools, settings, clock=lambda: MORNING)
        with serve(app) as base:
            for language in LANGUAGES:
                for name in _take(browser, base, language):
                    sys.stdout.write(f"docs/images/{name}\n")


def _take(browser: Browser, base: str, language: str) -> Iterator[str]:
    doctor, address = _doctor_with_documents(browser, base, language)
    doctor.goto(f"{base}/queue")
    yield _shoot(doctor, f"queue.{language}.png")
    doctor.goto(address)
    yield _shoot(doctor, f"file.{language}.png")
    doctor.goto(address.replace("?", "?tab=documents&"))
    doctor.locator("a[data-document][href]").first.click()
    doctor.wait_for_timeout(1500)  # the viewer of PDF is another process
    yield _shoot(doctor, f"documents.{language}.png")
    doctor.goto(address.replace("?", "?tab=flow&"))
    doctor.locator("#diagram[data-drawn=yes]").wait_for()
    yield _shoot(doctor, f"flow.{language}.png")
    doctor.goto(address)
    doctor.locator("input[name=outcome][value=granted]").check(force=True)
    doctor.locator("[data-preview]").click()
    doctor.locator("#letter-preview img").first.wait_for()
    doctor.wait_for_timeout(300)
    yield _shoot(doctor, f"decision.{language}.png")
    doctor.context.close()
    supervisor = _log_in(browser, base, language, "coordinator")
    supervisor.goto(f"{base}/supervision")
    yield _shoot(supervisor, f"supervision.{language}.png")
    supervisor.context.close()


def _doctor_with_documents(browser: Browser, base: str, language: str) -> tuple[Page, str]:
    """Return one of the two doctors that the login page offers, and a file to show.

    Raises:
        LookupError: neither has a file with documents.
    """
    for place in range(2):
        doctor = _log_in(browser, base, language, "doctor", place)
        address = _file_with_documents(doctor, base)
        if address is not None:
            return doctor, address
        doctor.context.close()
    raise LookupError("no doctor has a file with documents")


def _log_in(browser: Browser, base: str, language: str, role: str, place: int = 0) -> Page:
    """Open a demonstration account by its one click."""
    context = browser.new_context(
        viewport=SIZE, color_scheme="light", reduced_motion="reduce", locale=LOCALES[language]
    )
    page = context.new_page()
    page.goto(f"{base}/login")
    page.locator(f"button[name=language][value={language}]").click()
    word = translations(language).gettext(label_of(Role(role)))
    page.locator(".demo-list button").filter(has_text=word).nth(place).click()
    page.wait_for_load_state("networkidle")
    page.locator(".tour button[value=close]").click()
    page.locator(".tour").wait_for(state="detached")
    page.wait_for_load_state("networkidle")
    return page


def _file_with_documents(page: Page, base: str) -> str | None:
    """Return the first file of the queue that has documents, rather one with lines too."""
    page.goto(f"{base}/queue?size=100")
    links = page.locator("[data-open-row]").evaluate_all("all => all.map(each => each.href)")
    with_documents = []
    for link in links:
        page.goto(link.replace("?", "?tab=documents&"))
        if page.locator("a[data-document][href]").count():
            if page.locator(".line-opinion").count():
                return str(link)
            with_documents.append(str(link))
    return with_documents[0] if with_documents else None


def _shoot(page: Page, name: str) -> str:
    page.evaluate("document.fonts.ready")
    page.mouse.move(0, 0)
    page.screenshot(path=IMAGES / name)
    return name


if __name__ == "__main__":
    main()
