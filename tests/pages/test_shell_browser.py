"""The screens in a browser: accessible, within the policy, usable by key and without script."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from medcontrol.queries.file_page import FileTab
from tests.browser import open_browser, serious_violations
from tests.pages.shell_app import serve

pytestmark = pytest.mark.e2e
FILE = "/files/HOS-2026-0009140-7"
PAGES = ["/login", "/queue", "/queue?empty=1", *(f"{FILE}?tab={tab}" for tab in FileTab)]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


VARIANTS = [(address, f"lang={language}") for address in PAGES for language in ("fr", "ar")]
VARIANTS += [("/queue", "theme=dark"), (FILE, "theme=dark")]


@pytest.mark.parametrize(("address", "variant"), VARIANTS)
def test_pages_are_accessible_fit_the_screen_and_break_no_policy(page, base, address, variant):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{base}{address}{'&' if '?' in address else '?'}{variant}")
    page.evaluate("document.fonts.ready")

    assert serious_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    # The samples have no documents behind them: their frame is refused and stays empty.
    signs = ("Refused", "violates", "Uncaught", "Error:")
    found = [text for text in complaints if any(sign in text for sign in signs)]
    assert [text for text in found if "Framing" not in text] == []


@pytest.mark.parametrize("width", [1280, 1440])
def test_every_tab_of_a_file_is_in_sight_and_a_toast_leaves_the_buttons_free(page, base, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{base}{FILE}?tab=summary&lang=fr")
    page.evaluate("document.fonts.ready")

    assert page.evaluate(
        "[...document.querySelectorAll('.file-main > .tabs a')].every(each =>"
        " each.getBoundingClientRect().right <="
        " each.parentElement.getBoundingClientRect().right)"
    )
    free_up_to = page.locator(".file-panel").bounding_box()["x"]
    toasts = page.locator("#toasts").bounding_box()
    assert toasts["x"] + toasts["width"] <= free_up_to


def test_rows_are_walked_selected_and_opened_by_key(page, base):
    page.goto(f"{base}/queue")
    expect(page.locator(".bulkbar")).to_be_hidden()
    for key in ("j", "j", "x", "j", "Shift+X"):
        page.keyboard.press(key)

    expect(page.locator("[data-row].is-current .code")).to_have_text("HOS-2026-0008886-2")
    expect(page.locator(".row-check:checked")).to_have_count(2)
    expect(page.locator("[data-selected-count]")).to_have_text("2 sélectionnés")

    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/files/HOS-2026-0008886-2\?from="))


def test_shortcuts_stay_silent_while_one_types(page, base):
    page.goto(f"{base}/queue")
    page.keyboard.press("/")
    page.keyboard.type("jx?")

    expect(page.locator("#global-search")).to_have_value("jx?")
    expect(page.locator("[data-row].is-current")).to_have_count(0)
    expect(page.locator("#keyboard-help")).to_be_hidden()


def test_help_opens_by_key_and_closes_by_escape(page, base):
    page.goto(f"{base}/queue")
    page.keyboard.press("?")
    expect(page.locator("#keyboard-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keyboard-help")).to_be_hidden()


def test_tabs_of_the_queue_are_swapped_in_place(page, base):
    page.goto(f"{base}/queue")
    page.evaluate("window.kept = true")
    page.locator(".tabs a").nth(1).click()
    page.wait_for_url("**tab=waiting**")

    assert page.evaluate("window.kept") is True
    expect(page.locator("[data-row]")).to_have_count(25)


def test_outcome_by_number_shows_what_it_needs(page, base):
    page.goto(f"{base}{FILE}")
    page.locator("h1").click()
    page.keyboard.press("1")
    expect(page.locator("[name=outcome][value=granted]")).to_be_checked()
    expect(page.locator("#valid_from")).to_be_visible()
    expect(page.locator("#motive")).to_be_hidden()

    page.keyboard.press("3")
    expect(page.locator("#motive")).to_be_visible()
    expect(page.locator("#valid_from")).to_be_hidden()


def test_keys_open_hold_and_completion_in_place(page, base):
    page.goto(f"{base}{FILE}")
    page.keyboard.press("h")
    expect(page.locator("#hold-until")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("p")
    expect(page.locator("#completion-note")).to_be_visible()


def test_what_is_typed_survives_a_server_that_does_not_answer(page, base):
    page.goto(f"{base}{FILE}")
    page.locator("#reasoning").fill("Texte à ne pas perdre")
    expect(page.locator("#draft-state")).to_have_text("Brouillon non enregistré ; nouvel essai")
    expect(page.locator("#reasoning")).to_have_value("Texte à ne pas perdre")


def test_diagram_marks_the_steps_walked(page, base):
    page.goto(f"{base}{FILE}?tab=flow")
    expect(page.locator("#diagram[data-drawn=yes]")).to_be_visible()
    expect(page.locator(".djs-shape.is-current")).to_have_attribute("data-element-id", "control")
    expect(page.locator(".djs-shape.is-done")).to_have_attribute("data-element-id", "completeness")


def test_reading_and_deciding_need_no_script(browser, base):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}/queue")
    page.locator("[data-open-row]").first.click()
    page.locator("[name=outcome][value=refused]").check(force=True)
    expect(page.locator("#motive")).to_be_visible()
    page.get_by_role("link", name="Parcours").click()
    expect(page.locator(".way-step")).to_have_count(3)
    context.close()
