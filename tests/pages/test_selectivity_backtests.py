"""Overview, back-tests, experiments and explanations over HTTP."""

from typing import Any

import pytest
from sqlmodel import select

from medcontrol import db as database
from medcontrol.model import AccessLog, BacktestRun, Experiment, OutboxMessage
from medcontrol.vocabulary import BacktestStatus, ExperimentStatus, Role, RuleSetStatus
from selectivity.backtest.jobs import run_backtest
from tests.backtest.test_gate_trials import ALL_PRIVATE, version
from tests.factories import NOW
from tests.pages.desk import AMBULATORY, Browser, Fund, texts
from tests.pages.people import log_in

PAGES = ("", "/backtests", "/decisions?file=W-1", "/backtests/shadow/ma/7")


def analyst(fund: Fund) -> Browser:
    return log_in(fund, Role.ANALYST, "MA-CENTRAL")


def rows(page: Any) -> list[str]:
    return texts(page, "//article//header/bdi[1]")


@pytest.mark.parametrize(
    "role",
    [Role.AGENT, Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.ADMINISTRATOR,
     Role.APPEALS_SECRETARY],
)  # fmt: skip
def test_the_rationale_of_selectivity_is_for_nobody_else(fund: Fund, role: Role) -> None:
    browser = log_in(fund, role)

    for address in (*PAGES, "/experiments/new"):
        assert browser.get(f"/selectivity{address}").status_code == 403


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AUDITOR, Role.SUPERVISOR])
def test_those_who_may_know_find_every_page_and_only_analysts_write(fund: Fund, role: Role) -> None:
    with database.transaction() as session:
        version(session, RuleSetStatus.SHADOW, ALL_PRIVATE)
    fund.take()
    browser = log_in(fund, role, "MA-06" if role is Role.SUPERVISOR else "MA-CENTRAL")

    for address in PAGES:
        assert browser.get(f"/selectivity{address}").status_code == 200, address
    page = browser.page("/selectivity/backtests")
    assert bool(page.xpath("//form[@action='/selectivity/backtests']")) is (role is Role.ANALYST)
    if role is not Role.ANALYST:
        assert browser.get("/selectivity/experiments/new").status_code == 403


def test_the_overview_counts_lanes_and_says_what_holds(fund: Fund) -> None:
    fund.take()
    fund.take(external_id="W-2", **AMBULATORY)

    page = analyst(fund).page("/selectivity?away=1")

    assert texts(page, "//section[@aria-labelledby='today-title']//h2/bdi") == ["2"]
    assert "respecté" in page.xpath("//svg/@aria-label")
    assert texts(page, "//section[@id='capacity']//form//strong") == ["1"]


def test_a_back_test_is_asked_for_runs_and_is_drawn(fund: Fund) -> None:
    fund.take()
    fund.take(external_id="W-2", **AMBULATORY)
    browser = analyst(fund)
    page = browser.page("/selectivity/backtests")

    wrong = browser.send(page, "/backtests", since="2026-11-20", until="2026-11-01")
    assert wrong.status_code == 422
    assert "until-error" in wrong.text
    asked = browser.send(page, "/backtests", since="2026-11-01", until="2026-11-20", rules="ma/1")
    assert asked.status_code == 303
    waiting = browser.page(asked.headers["location"])
    assert waiting.xpath("//progress")
    run = fund.rows(BacktestRun)[0]
    message = fund.rows(OutboxMessage)[-1]
    assert (message.topic, message.payload) == ("backtest.run", {"id": str(run.id)})

    assert run_backtest(run.id, fund.tools.keys, now=lambda: NOW)
    assert not run_backtest(run.id, fund.tools.keys, now=lambda: NOW)

    run = fund.rows(BacktestRun)[0]
    assert (run.status, run.progress) == (BacktestStatus.DONE, 100)
    assert run.result is not None
    assert (run.result["files"], run.result["reproduced"]) == (2, 2)
    drawn = browser.page(asked.headers["location"])
    assert texts(drawn, "//table[contains(@class, 'transitions')]/tfoot//td")[-1] == "2"
    answer = browser.get(f"{asked.headers['location']}/result.json")
    assert answer.json() == run.result


def test_a_file_is_explained_to_the_cell_without_medical_values(fund: Fund) -> None:
    reference = fund.take()
    browser = analyst(fund)

    page = browser.page(f"/selectivity/decisions?file={reference}")

    assert rows(page)
    assert "E11.9" not in page.text_content()
    assert "u = 0." in page.text_content()
    refused = browser.get(f"/selectivity/decisions?file={reference}&medical=1")
    assert refused.status_code == 403
    assert fund.rows(AccessLog) == []


def test_a_supervisor_has_the_files_of_the_unit_explained_only(fund: Fund) -> None:
    reference = fund.take()
    elsewhere = log_in(fund, Role.SUPERVISOR, "RABAT-1")
    here = log_in(fund, Role.SUPERVISOR, "CASA-1")

    assert elsewhere.get(f"/selectivity/decisions?file={reference}").status_code == 404
    assert here.get(f"/selectivity/decisions?file={reference}").status_code == 200


def test_the_file_page_says_reasons_to_doctors_and_rows_to_supervisors(fund: Fund) -> None:
    reference = fund.take()
    link = "//a[starts-with(@href, '/selectivity/decisions')]"

    doctor = fund.doctor().page(f"/files/{reference}")
    agent = fund.agent().page(f"/files/{reference}")
    supervisor = log_in(fund, Role.SUPERVISOR, "CASA-1").page(f"/files/{reference}")

    assert doctor.xpath("//details[@class='why']//li")
    assert not doctor.xpath("//details[@class='why']//*[contains(@class, 'mini')]")
    assert not doctor.xpath(link)
    assert not agent.xpath("//details[@class='why']")
    assert supervisor.xpath(link)
    assert supervisor.xpath("//details[@class='why']//*[contains(@class, 'mini')]")


def test_an_experiment_is_planned_and_started_and_hides_what_it_finds(fund: Fund) -> None:
    with database.transaction() as session:
        version(session, RuleSetStatus.APPROVED, ALL_PRIVATE)
    browser = analyst(fund)
    page = browser.page("/selectivity/experiments/new")

    wrong = browser.send(page, "/new", title="Privé", challenger="7", stop_controls="3")
    assert wrong.status_code == 422
    planned = browser.send(page, "/new", title="Privé", challenger="7")
    assert planned.status_code == 303
    trial = browser.page(planned.headers["location"])
    started = browser.send(trial, r"/experiments/[0-9a-f-]+", do="start")

    assert started.status_code == 303
    with database.read_only() as session:
        kept = session.exec(select(Experiment)).one()
    assert (kept.status, kept.stop_controls) == (ExperimentStatus.RUNNING, 300)
    shown = browser.page(started.headers["location"])
    assert texts(shown, "//section[@aria-labelledby='far-title']//tbody/tr[1]/td")
    assert not shown.xpath("//section[@aria-labelledby='end-title']")
    again = browser.send(trial, r"/experiments/[0-9a-f-]+", do="start")
    assert again.status_code == 409
