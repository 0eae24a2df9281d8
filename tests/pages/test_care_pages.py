"""Luxembourg's pages over HTTP: admissibility of a reassessment, times, changes of the law."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import html

from medcontrol import db as database
from medcontrol.model import Document
from medcontrol.settings import Settings
from medcontrol.vocabulary import ControlFileStatus, Role
from tests.care_world import (
    NOW,
    PLAN,
    STAY,
    bill,
    make_care_world,
    refused,
    report,
    request,
)
from tests.care_world import send as record
from tests.factories import make_principal
from tests.pages.desk import Fund, texts
from ui.app import create_app
from workflows.tools import Tools

SHOWN: dict[str, Any] = {"outcome": "complete", "form-fundamental_change": "1"}
CHECK = "//details[contains(@class, 'check-exceeds')]"


@pytest.fixture
def fund(
    committed: sa.Engine, tools: Tools, pages_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Fund:
    monkeypatch.setattr(database, "engine", lambda: committed)
    with database.transaction() as session:
        world = make_care_world(session, tools)
    made: Fund
    settings = pages_settings.model_copy(update={"jurisdiction": "lu"})
    app = create_app(tools, settings, clock=lambda: made.now)
    made = Fund(tools, app, world, NOW)
    return made


def within_the_year(fund: Fund) -> str:
    """Let somebody ask again three months after a refusal; return the file's reference."""
    with database.transaction() as session:
        fund.world.session = session
        refused(fund.world)
        fund.now = NOW + timedelta(days=90)
        return request(fund.world, "R-2", fund.now).reference


def test_the_agent_sees_the_block_and_what_lifts_it(fund: Fund) -> None:
    reference = within_the_year(fund)
    agent, address = fund.agent(), f"/reception/files/{reference}"

    page = agent.page(address)
    [block] = texts(page, CHECK)
    assert "20 nov. 2027" in block or "20/11/2027" in block or "20 novembre 2027" in block
    assert "art. 351" in block
    assert not page.xpath("//input[@name='rights_open']")  # not a question of this form

    answer = agent.send(page, "completeness", **SHOWN)
    assert answer.status_code == 422
    said = html.fromstring(answer.text)
    assert said.xpath("//*[@data-first-error]//a/@href") == ["#form-fundamental_change"]
    assert said.xpath("//input[@name='form-fundamental_change']/@checked")

    with database.transaction() as session:
        fund.world.session, fund.world.now = session, fund.now
        report(fund.world, fund.world.session.merge(fund.file(reference)))
    assert len(fund.rows(Document)) == 1
    page = agent.page(address)
    answer = agent.send(page, "completeness", **SHOWN)
    assert answer.status_code == 303
    assert fund.file(reference).status is ControlFileStatus.AWAITING_EXAMINATION


def test_times_and_their_definitions_are_for_those_who_steer(fund: Fund) -> None:
    with database.transaction() as session:
        fund.world.session = session
        refused(fund.world)
        people = {role: make_principal(session, role, "LU-CENTRAL")
                  for role in (Role.SUPERVISOR, Role.AGENT, Role.ANALYST)}  # fmt: skip

    page = fund.log_in(people[Role.SUPERVISOR]).page("/long-term-care/times")
    [row] = texts(page, "//table//tbody/tr")
    assert row.startswith("Novembre 2026")
    assert "100" in row
    assert len(page.xpath("//dl[@class='pairs']/div")) == 10
    empty = fund.log_in(people[Role.SUPERVISOR]).page("/long-term-care/times?last=2025-01")
    assert not empty.xpath("//table")
    assert fund.log_in(people[Role.AGENT]).get("/long-term-care/times").status_code == 403


def test_a_change_of_the_law_names_bills_and_no_person(fund: Fund) -> None:
    with database.transaction() as session:
        fund.world.session = session
        analyst = make_principal(session, Role.ANALYST, "LU-CENTRAL")
    record(fund.world, PLAN, STAY, bill("F-1", "5000"))
    browser, address = fund.log_in(analyst), "/long-term-care/regression"

    def work_out(**typed: Any) -> Any:
        return browser.send(browser.page(address), "regression", **typed)

    answer = work_out(path="aev.weekly_overrun_minutes", value="240")
    page = html.fromstring(answer.text)
    [row] = texts(page, "//section[@aria-labelledby='bills-title']//tbody/tr")
    assert "F-1" in row
    assert "+133" in row
    assert "Weber" not in answer.text
    assert "1938040212345" not in answer.text

    for typed, name in (
        ({"value": "many"}, "value"), ({"path": "x.y"}, "path"), ({"from": "31.12.2016"}, "from"),
        ({"from": "2031-01-01"}, "from"),
    ):  # fmt: skip
        answer = work_out(**{"path": "aev.weekly_overrun_minutes", "value": "240"} | typed)
        assert answer.status_code == 422, typed
        assert html.fromstring(answer.text).xpath(f"//*[@id='{name}']/@aria-invalid") == ["true"]
    assert fund.agent().get(address).status_code == 403
