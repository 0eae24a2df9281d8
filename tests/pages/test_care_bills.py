"""The bill that a control looks at: a page and JSON for those who may read medical content."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import select

from api.app import make_app
from api.deps import Context
from medcontrol import db as database
from medcontrol.model import AccessLog, ControlFile, HumanTask
from medcontrol.policy import Principal
from medcontrol.services.reference import load_reference_data
from medcontrol.settings import Settings
from medcontrol.vocabulary import ControlLevel, Role
from tests.care.test_level_bills import LEVEL, bill
from tests.factories import make_doctor, make_principal
from tests.pages.desk import Fund, texts
from workflows.care.controls import open_controls
from workflows.care.lines import record_lines


@pytest.fixture
def luxembourg(engine: sa.Engine) -> Iterator[None]:
    """Its units are there for the test alone: the others expect those of Morocco."""
    with database.using(engine), database.transaction() as session:
        load_reference_data(session, "lu")
    yield
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM unit WHERE jurisdiction = 'lu'"))


def evaluator(level: ControlLevel = ControlLevel.LOCAL, unit: str = "AEC-LUX") -> Principal:
    with database.transaction() as session:
        doctor = make_doctor(
            session, flows=("fluctuation_control",), unit_code=unit, level=level, minutes=480
        )
        role = Role.DOCTOR if level is ControlLevel.LOCAL else Role.CENTRAL_DOCTOR
        return make_principal(session, role, unit, doctor)


def asked(fund: Fund, who: Principal, file: ControlFile) -> Any:
    """What the API answers to the same person."""
    app = make_app(Context(Settings(database_url=None, redis_url=None), fund.tools,
                           lambda: fund.now))  # fmt: skip
    browser = fund.log_in(who)
    caller = TestClient(app, cookies=dict(browser.client.cookies))
    return caller.get(f"/control-files/{file.id}/care-bill")


def opened(fund: Fund, who: Principal) -> ControlFile:
    """A bill of level 5 with care not executed, under control, in the hands of the evaluator."""
    lines: list[dict[str, Any]] = [LEVEL, bill(missed=600)]
    found = record_lines(fund.tools.keys, [orjson.dumps(each) for each in lines], now=fund.now)
    assert found.faults == []
    assert open_controls(fund.tools, now=lambda: fund.now).opened == 1
    with database.transaction() as session:
        file = session.exec(select(ControlFile)).one()
        task = session.exec(select(HumanTask)).first()
        if task is None:  # the provider is asked first; the file is the evaluator's all the same
            file.assigned_doctor_id = who.doctor_id
        return file


@pytest.mark.usefixtures("luxembourg")
def test_the_bill_is_shown_line_by_line_after_its_reading_is_logged(fund: Fund) -> None:
    with database.transaction() as session:
        coordinator = make_principal(session, Role.COORDINATOR, "AEC-LUX")
    file = opened(fund, evaluator())
    back_dated = {"level": LEVEL["level"] | {"from": "2019-03-15", "level": 4}}
    later = fund.now + timedelta(hours=1)
    record_lines(fund.tools.keys, [orjson.dumps(back_dated)], now=later)
    browser = fund.log_in(coordinator)

    page = browser.page(f"/long-term-care/bills/{file.reference}")
    said = asked(fund, coordinator, file).json()

    formulas = texts(page, "//div[contains(@class, 'care-formulas')]//li/bdi")
    assert "NonExécuté_dû = min(600 ; 300) = 300" in formulas
    assert "Forfait_dû = min(840 ; 840) × 14/7 + min(840 ; 700) × 14/7 = 3080" in formulas
    law = texts(page, "//section[@aria-labelledby='law-title']//tbody/tr/th")
    assert "Forfait hebdomadaire du niveau 5" in law
    causes = texts(page, "//section[@aria-labelledby='checks-title']//tbody/tr/td[1]")
    assert causes == ["réception de la facture", "niveau connu tard ou corrigé"]
    shown = {step["text"] for step in said["result"]["periods"][0]["steps"]}
    assert shown <= set(formulas)
    assert [check["cause"] for check in said["checks"]] == ["bill", "level"]
    assert said["result"]["law"][0]["since"]
    purposes = [row.purpose for row in fund.rows(AccessLog) if row.what == "care_bill"]
    assert sorted(purposes) == ["api", "care_bill"]


@pytest.mark.usefixtures("luxembourg")
def test_an_agent_sees_the_file_and_not_the_minutes(fund: Fund) -> None:
    file = opened(fund, evaluator())
    with database.transaction() as session:
        agent = make_principal(session, Role.AGENT, "AEC-LUX")
    browser = fund.log_in(agent)

    assert browser.get(f"/files/{file.reference}").status_code == 200
    assert browser.get(f"/long-term-care/bills/{file.reference}").status_code == 403
    assert asked(fund, agent, file).status_code == 403
    assert fund.rows(AccessLog) == []


def test_a_file_without_a_bill_has_no_such_page(fund: Fund) -> None:
    reference = fund.take()
    doctor = fund.doctor()

    assert doctor.get(f"/long-term-care/bills/{reference}").status_code == 404
    assert doctor.get("/long-term-care/bills/NONE-1").status_code == 404
