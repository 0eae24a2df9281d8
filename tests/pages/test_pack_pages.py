"""The catalogue of flows over HTTP: what is drawn, who may, and moves between versions."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from medcontrol import db as database
from medcontrol.model import FlowInstance, OutboxMessage, PackMigration
from medcontrol.settings import Settings
from medcontrol.vocabulary import Role
from tests.factories import NOW
from tests.pages.desk import Fund, open_fund, texts
from tests.pages.people import administrator, log_in
from workflows.definition.catalog import PACKS, Catalog, catalog
from workflows.definition.scenarios import load
from workflows.tools import Tools
from workflows.versions import jobs as version_jobs

READERS = {
    Role.ADMINISTRATOR, Role.REFERENCE_MANAGER, Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR,
}  # fmt: skip
ALD = "/flows/ma/ald/1"
PREPARE = "/flow-moves/new?before=ma/ald/1&after=ma/ald/2"
SCENARIO = load(next(iter(catalog().get("ma/ald/1", "ald").scenarios()))).title


@pytest.fixture
def fund(
    committed: sa.Engine,
    tools: Tools,
    pages_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Fund]:
    """The fund of the pages, with a second version of the ALD pack beside the first."""
    root = tmp_path / "packs"
    for part in ("ma/ald", "ma/invalidity", "ma/_common"):
        shutil.copytree(PACKS / part, root / part)
    shutil.copytree(root / "ma/ald/1", root / "ma/ald/2")
    path = root / "ma/ald/2/pack.yaml"
    pack = yaml.safe_load(path.read_text("utf-8")) | {"version": 2, "valid_from": "2027-01-01"}
    path.write_text(yaml.safe_dump(pack, allow_unicode=True), "utf-8")
    monkeypatch.setattr(database, "engine", lambda: committed)
    with open_fund(committed, replace(tools, catalog=Catalog(root)), pages_settings) as found:
        yield found


@pytest.mark.parametrize("role", Role)
def test_flows_are_shown_to_their_roles_and_changed_by_administrators(
    fund: Fund, role: Role
) -> None:
    browser = log_in(fund, role, "MA-CENTRAL")

    for address in ("/flows", ALD, f"{ALD}/diagram.bpmn"):
        assert browser.get(address).status_code == (200 if role in READERS else 403), address
    for address in (
        "/flow-moves",
        f"{ALD}/draft",
        "/flow-moves/new?before=ma/ald/1&after=ma/ald/2",
    ):
        assert browser.get(address).status_code == (200 if role is Role.ADMINISTRATOR else 403)


def test_the_table_counts_what_waits_and_what_is_late(fund: Fund) -> None:
    fund.take()
    fund.take(external_id="K-1")
    fund.take(external_id="K-2", channel="paper", form=None)

    page = administrator(fund).page(ALD)

    rows = {row.get("data-place"): row for row in page.xpath("//tr[@data-place]")}
    assert rows["control_on_file"].get("data-waiting") == "2"
    assert rows["completeness"].get("data-waiting") == "1"
    assert rows["co_signature"].get("data-waiting") == "0"
    assert rows["control_on_file"].get("data-heat") == "4"
    with database.transaction() as session:
        session.execute(
            sa.text("UPDATE human_task SET due_at = '2020-01-01' WHERE step = 'completeness'")
        )
    late = administrator(fund).page(ALD).xpath("//tr[@data-place='completeness']")[0]
    assert late.get("data-late") == "1"


@pytest.mark.parametrize(
    ("tab", "says"),
    [
        ("forms&step=control_on_file", "Traitements en cours"),
        ("letters", "Accusé de réception"),
        ("parameters", "clocks.complement_days"),
        ("scenarios", SCENARIO),
        ("versions", "ma/ald/2"),
    ],
)
def test_each_tab_shows_its_part_of_the_pack(fund: Fund, tab: str, says: str) -> None:
    page = administrator(fund).page(f"{ALD}?tab={tab}")

    assert says in page.text_content()
    controls = page.xpath("//main//fieldset[@class='form-preview']")
    assert len(controls) == tab.startswith("forms")
    assert all(each.get("disabled") is not None for each in controls)


def test_letters_are_previewed_in_both_languages_with_invented_data(fund: Fund) -> None:
    browser = administrator(fund)

    for language in ("fr", "ar"):
        picture = browser.get(f"{ALD}/letters/grant.{language}.png")
        assert picture.content.startswith(b"\x89PNG")
    assert browser.get(f"{ALD}/letters/grant.en.png").status_code == 422
    assert browser.get(f"{ALD}/letters/nothing.fr.png").status_code == 404
    assert browser.get("/flows/ma/ald/9").status_code == 404


def test_versions_are_compared_by_part(fund: Fund) -> None:
    page = administrator(fund).page("/flows/compare?before=ma/ald/1&after=ma/invalidity/1")

    assert page.xpath("//li[contains(@class, 'change-added')]")
    assert page.xpath("//li[contains(@class, 'change-removed')]")
    assert "part-steps" in [each.get("id") for each in page.xpath("//h2")]


def test_a_move_is_prepared_looked_at_applied_and_taken_back(fund: Fund) -> None:
    fund.take()
    browser = administrator(fund)
    page = browser.page(PREPARE)

    made = browser.send(page, "/flow-moves/new", rate="0,5")
    address = made.headers["location"]
    assert "packs.migrate" in {message.topic for message in fund.rows(OutboxMessage)}
    work(fund)
    assert texts(browser.page(address), "//main//tbody/tr/td[3]")[0] == "1"
    for wanted, pack in (("apply", "ma/ald/2"), ("revert", "ma/ald/1")):
        browser.send(browser.page(address), f"{address}/{wanted}")
        work(fund)
        assert [row.pack for row in fund.rows(FlowInstance)] == [pack]
    lines = browser.get(f"{address}/files.csv").text.splitlines()
    assert lines[0].lstrip("\ufeff").startswith("reference,result,step")
    assert ",reverted,control_on_file," in lines[1]
    assert fund.rows(PackMigration)[0].max_error_rate == 50


def test_a_share_that_is_none_is_told_at_its_field(fund: Fund) -> None:
    browser = administrator(fund)
    page = browser.page(PREPARE)

    for rate in ("a lot", "inf", "101"):
        answer = browser.send(page, "/flow-moves/new", rate=rate)

        assert answer.status_code == 422
        assert 'href="#rate"' in answer.text


def work(fund: Fund) -> None:
    for row in fund.rows(PackMigration):
        version_jobs.work(row.id, fund.tools.catalog, now=lambda: NOW)


def test_an_edited_diagram_is_checked_in_its_pack_and_not_kept(fund: Fund) -> None:
    browser = administrator(fund)
    page = browser.page(f"{ALD}/draft")
    bpmn: Any = browser.get(f"{ALD}/diagram.bpmn").text

    good = browser.send(page, f"{ALD}/draft", bpmn=bpmn)
    wrong = browser.send(page, f"{ALD}/draft", bpmn=bpmn.replace("lane == ", "colour == "))
    doctype = browser.send(page, f"{ALD}/draft", bpmn="<!DOCTYPE x []>" + bpmn)

    assert "notice-good" in good.text
    assert "colour" in wrong.text
    assert doctype.status_code == 422
    assert browser.get(f"{ALD}/diagram.bpmn").text == bpmn
