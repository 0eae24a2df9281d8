"""Quoting a page beside the opinion, in a real browser: at the caret, by keyboard, kept."""

from base64 import b64decode

import pytest
from playwright.sync_api import Page, expect

from tests.browser import serious_violations
from tests.e2e.test_doctor_decides import base, browser, page
from tests.intake_examples import document
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import Fund
from tests.pages.test_file_pages import PDF

__all__ = ["base", "browser", "fund", "page", "pages_settings"]  # fixtures
pytestmark = pytest.mark.e2e

PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_a_page_is_quoted_by_keyboard_where_one_was_writing(fund: Fund, page: Page) -> None:
    reference = fund.take(documents=[
        document(PDF, "application/pdf"), document(PNG, "image/png"),
    ])  # fmt: skip
    page.goto(f"/files/{reference}?tab=documents")
    reasons = page.locator("#reasoning")
    reasons.fill("Selon, traitement.")
    reasons.evaluate("each => each.setSelectionRange(5, 5)")
    page.keyboard.press("Escape")

    page.keyboard.press("]")
    expect(page.locator(".viewer iframe")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator("#quote-page")).to_be_focused()
    page.keyboard.type("2")
    page.keyboard.press("Enter")

    expect(reasons).to_have_value("Selon [Doc 1 p. 2], traitement.")
    expect(reasons).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("]")
    picture = page.locator(".viewer img")
    expect(picture).to_be_visible()
    page.keyboard.press("t")
    expect(page.locator(".viewer-body")).to_have_attribute("data-turned", "1")
    page.keyboard.press("c")
    expect(reasons).to_have_value("Selon [Doc 1 p. 2] [Doc 2 p. 1], traitement.")
    expect(page.locator("#draft-state")).to_contain_text("Brouillon enregistré")
    assert serious_violations(page) == []
    page.locator("#reasoning").press("Control+z")
    expect(reasons).to_have_value("Selon [Doc 1 p. 2], traitement.")


def test_a_page_is_quoted_in_the_question_that_one_was_writing(fund: Fund, page: Page) -> None:
    reference = fund.take(documents=[document(PNG, "image/png")])
    page.goto(f"/files/{reference}?tab=documents")
    page.locator("a[data-document]").click()
    page.keyboard.press("e")
    page.locator("#escalate-question").fill("Que dire de")

    page.get_by_role("button", name="Citer").click()

    expect(page.locator("#escalate-question")).to_have_value("Que dire de [Doc 1 p. 1]")
    expect(page.locator("#reasoning")).to_have_value("")
