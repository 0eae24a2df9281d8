"""The calculation page of long-term care in a real browser."""

import pytest
from playwright.sync_api import expect

from medcontrol.vocabulary import Role
from tests.browser import serious_violations
from tests.e2e.test_desks import Open, base, browser, window
from tests.pages.conftest import fund, pages_settings

__all__ = ["base", "browser", "fund", "pages_settings", "window"]  # fixtures
pytestmark = pytest.mark.e2e
PAGE = "/long-term-care/calculation"


def test_an_agent_types_a_plan_and_stays_and_sees_the_calculation(window: Open) -> None:
    with window(Role.AGENT, "CASA-1") as page:
        page.goto(PAGE)
        page.get_by_role("button", name="Calculer", exact=True).click()
        expect(page.locator(".care-formulas")).to_contain_text("6479/7")

        page.get_by_role("button", name="Ajouter un séjour").click()
        page.get_by_label("Admission").fill("2007-03-01")
        page.get_by_label("Sortie").fill("2007-03-10")
        page.get_by_role("button", name="Ajouter un séjour").click()
        page.get_by_label("Admission").nth(1).fill("2007-03-20")
        page.get_by_label("Sortie").nth(1).fill("2007-03-23")
        page.get_by_role("button", name="Calculer", exact=True).click()

        expect(page.locator("td.care-acute")).to_have_count(14)
        expect(page.locator("td.care-full_week")).to_have_count(14)
        expect(page.locator("td.care-partial_week")).to_have_count(3)
        expect(page.locator(".care-month")).to_have_count(1)
        expect(page.locator(".stats strong").first).to_have_text("507 4/7 (507,57)")
        assert serious_violations(page) == []


def test_a_wrong_figure_is_named_at_its_field_and_what_was_typed_stays(window: Open) -> None:
    with window(Role.AGENT, "CASA-1") as page:
        page.goto(PAGE)
        page.get_by_label("Minutes par semaine").last.fill("-5")
        page.get_by_role("button", name="Calculer", exact=True).click()

        field = page.locator("#act-0-minutes")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_value("-5")
        expect(page.locator("#act-0-minutes-error")).to_contain_text("inférieur")


def test_the_page_is_whole_in_arabic(window: Open) -> None:
    with window(Role.AUDITOR, "MA-CENTRAL", "ar") as page:
        page.goto(PAGE)
        page.locator("main button.btn-primary").click()
        expect(page.locator(".care-month")).to_have_count(1)
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        assert serious_violations(page) == []
