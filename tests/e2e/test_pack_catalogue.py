"""The catalogue of flows in a real browser: the load on the diagram, and a diagram edited."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from medcontrol.vocabulary import Role
from tests.browser import serious_violations
from tests.e2e.test_desks import Open, base, browser, window
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import Fund
from workflows.definition.bpmn import read
from workflows.definition.catalog import PACKS, Catalog
from workflows.definition.checks import check
from workflows.definition.scenarios import load, play
from workflows.tools import FONTS

__all__ = ["base", "browser", "fund", "pages_settings", "window"]  # fixtures
pytestmark = pytest.mark.e2e

ALD = "/flows/ma/ald/1"
MOVE = """id => {
  const modeler = document.getElementById("draft-diagram").modeler;
  const shape = modeler.get("elementRegistry").get(id);
  modeler.get("modeling").moveElements([shape], { x: 30, y: 700 });
}"""
# In the middle of the screen, where a mouse can take it.
CENTRE = """id => {
  const modeler = document.getElementById("draft-diagram").modeler;
  const canvas = modeler.get("canvas"), shape = modeler.get("elementRegistry").get(id);
  const { width, height } = canvas.viewbox().outer;
  const x = shape.x + shape.width / 2 - width / 2, y = shape.y + shape.height / 2 - height / 2;
  canvas.viewbox({ x, y, width, height });
}"""


def played(pack: Any) -> list[tuple[str, list[str], list[str]]]:
    """What each scenario of a pack goes through."""
    found = []
    for path in pack.scenarios():
        run = play(pack, load(path))
        calls = [f"{each.step}:{each.operation}" for each in run.called]
        found.append((path.stem, run.problems, calls))
    return found


def saved(page: Page, tmp_path: Path) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name="Télécharger le diagramme").click()
    path = tmp_path / "flow.bpmn"
    download.value.save_as(path)
    return path.read_text("utf-8")


def test_an_element_moved_in_the_modeler_leaves_the_pack_as_good_as_it_was(
    fund: Fund, window: Open, tmp_path: Path
) -> None:
    root = tmp_path / "packs"
    for part in ("ma/ald", "ma/_common"):
        shutil.copytree(PACKS / part, root / part)
    path = root / "ma/ald/1/flow.bpmn"
    before, first = path.read_text("utf-8"), played(Catalog(root).get("ma/ald/1", "ald"))

    with window(Role.ADMINISTRATOR, "MA-CENTRAL", accept_downloads=True) as page:
        page.goto(f"{ALD}/draft")
        expect(page.locator("#draft-diagram")).to_have_attribute("data-drawn", "yes")
        drag(page, "control_on_file")
        page.evaluate(MOVE, "wait_for_pieces")  # below its neighbours: no gateway may mind
        page.get_by_role("button", name="Vérifier").click()
        expect(page.locator("#found .notice-good")).to_be_visible(timeout=60_000)
        text = saved(page, tmp_path)

    assert text != before
    assert places(text, "wait_for_pieces") != places(before, "wait_for_pieces")
    assert places(text, "control_on_file") != places(before, "control_on_file")
    assert read(text).nodes.keys() == read(before).nodes.keys()
    path.write_text(text, "utf-8")
    edited = Catalog(root)
    assert check(edited, fonts=(FONTS,)) == []
    assert played(edited.get("ma/ald/1", "ald")) == first


def drag(page: Page, element: str) -> None:
    """Take an element with the mouse and put it down a little further."""
    page.evaluate(CENTRE, element)
    box = page.locator(f'[data-element-id="{element}"] .djs-visual').first.bounding_box()
    assert box is not None
    x, y = box["x"] + 12, box["y"] + 12
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y + 30, steps=4)
    page.mouse.move(x + 40, y + 60, steps=4)
    page.mouse.up()


def places(text: str, element: str) -> str:
    start = text.index(f'bpmnElement="{element}"')
    return text[start : text.index("/>", start)].partition("<dc:Bounds")[2]


def test_the_diagram_bears_the_numbers_of_the_table(fund: Fund, window: Open) -> None:
    fund.take()
    fund.take(external_id="K-1")

    with window(Role.SUPERVISOR, "MA-CENTRAL") as page:
        page.goto(ALD)
        expect(page.locator("#pack-diagram")).to_have_attribute("data-drawn", "yes")
        badge = page.locator('[data-container-id="control_on_file"] .heat-badge')
        expect(badge).to_have_text("2")
        assert page.locator('tr[data-place="control_on_file"] td').first.inner_text() == "2"
        assert serious_violations(page) == []
